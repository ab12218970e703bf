"""The evidence list: each row ends, each kind is listed, gaps stay on record, words claim no absence."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from andon.domain.completeness import Completeness, Taken, completeness, taken
from andon.domain.errors import InvalidInputError
from andon.domain.evidence import (
    EvidenceItem,
    EvidenceRow,
    Gap,
    GapReason,
    Manifest,
    RowState,
    SaidBy,
    applying,
    missing_log_rate,
    settle_kinds,
    settle_rows,
)
from andon.domain.readiness import Level, excuses
from andon.domain.system import AISystem, EvidencePlaces, SourceEntry, Tier
from andon.domain.values import NOTHING_YET, sha256
from playbooks import load

NOW = datetime(2026, 3, 1, 9, 30, tzinfo=UTC)
ROWS = (
    EvidenceRow(id="inputs", kinds=("input",)),
    EvidenceRow(id="tools", kinds=("tool_call", "tool_result")),
    EvidenceRow(id="vendor", kinds=("vendor_status",), not_applicable="has_no_vendor", said_by=SaidBy.SYSTEM),
    EvidenceRow(id="outcome", kinds=("business_outcome",), later=True),
)
REASONS = [reason for reason in GapReason if reason is not GapReason.EMPTY]


def item(kind: str, name: str = "t1") -> EvidenceItem:
    return EvidenceItem(
        id=f"{kind}/recorder/{name}",
        kind=kind,
        source="recorder",
        query="b" * 64,
        captured_at=NOW,
        sha256=sha256(f"{kind}{name}".encode()),
        size_bytes=3,
        content_type="text/plain",
        key=f"evidence/{kind}/{name}",
        version_id="v1",
        locked_until=NOW,
        collector="recorder/1",
    )


def snapshot(number: int, *items: EvidenceItem, gaps: tuple[Gap, ...] = ()) -> Taken:
    rows, named = settle_rows(ROWS, items, gaps)
    return Taken(snapshot=number, rows=rows, gaps=named, kinds=settle_kinds(ROWS, items, rows))


def shown(*snapshots: Taken, **later: int) -> Completeness:
    found = completeness(snapshots, rows=ROWS, later=later)
    assert found is not None
    return found


def test_every_row_ends_as_captured_as_not_applicable_with_its_reason_or_as_a_gap_with_its_reason() -> None:
    rows, gaps = settle_rows(ROWS, [item("input")], [Gap(row="tools", reason=GapReason.DENIED)])
    assert [(one.row, one.state, one.why or one.reason) for one in rows] == [
        ("inputs", RowState.CAPTURED, None),
        ("tools", RowState.GAP, GapReason.DENIED),
        ("vendor", RowState.NOT_APPLICABLE, "has_no_vendor"),
        ("outcome", RowState.GAP, GapReason.LATE),
    ]
    assert {gap.row for gap in gaps} == {"tools", "outcome"}


def test_a_row_said_not_to_apply_for_which_items_came_in_is_captured_and_the_contradiction_named() -> None:
    rows, _ = settle_rows(ROWS, [item("vendor_status")], [])
    row = next(one for one in rows if one.row == "vendor")
    assert (row.state, row.contradicted, row.why) == (RowState.CAPTURED, True, "has_no_vendor")
    assert row.said_by is SaidBy.SYSTEM
    assert [one.row for one in shown(snapshot(1, item("vendor_status"))).contradicted] == ["vendor"]


@pytest.mark.parametrize("reason", REASONS)
def test_of_several_reasons_the_one_that_somebody_can_act_on_stands_for_the_row(reason: GapReason) -> None:
    reported = [
        Gap(row="tools", reason=GapReason.EMPTY, source="recorder"),
        Gap(row="tools", reason=reason, source="crm"),
    ]
    rows, gaps = settle_rows(ROWS, [], reported)
    assert next(one for one in rows if one.row == "tools").reason is reason
    assert [gap for gap in gaps if gap.row == "tools"] == reported


def test_a_source_that_gave_nothing_is_a_gap_and_never_a_captured_row() -> None:
    rows, _ = settle_rows(ROWS, [], [Gap(row="tools", reason=GapReason.EMPTY, source="recorder")])
    row = next(one for one in rows if one.row == "tools")
    assert (row.state, row.reason) == (RowState.GAP, GapReason.EMPTY)


def test_a_kind_that_did_not_come_in_is_listed_as_a_gap_although_its_row_was_captured() -> None:
    kinds = {one.kind: one for one in shown(snapshot(1, item("tool_call"))).kinds}
    assert (kinds["tool_call"].state, kinds["tool_call"].items) == (RowState.CAPTURED, 1)
    assert (kinds["tool_result"].state, kinds["tool_result"].reason) == (RowState.GAP, GapReason.EMPTY)
    assert kinds["vendor_status"].state is RowState.NOT_APPLICABLE


def test_the_shipped_list_gives_every_one_of_the_36_kinds_an_end() -> None:
    rows = load().evidence.rows
    outcomes, _ = settle_rows(rows, [], [])
    kinds = settle_kinds(rows, [], outcomes)
    assert (len(outcomes), len(kinds)) == (24, 36)
    assert all(one.reason is not None for one in kinds)


def test_a_gap_that_a_later_snapshot_fills_stays_on_record_with_who_said_so() -> None:
    gap = Gap(row="tools", reason=GapReason.UNREACHABLE, source="crm")
    row = next(
        one
        for one in shown(snapshot(1, gaps=(gap,)), snapshot(2, item("tool_call"))).rows
        if one.row == "tools"
    )
    assert (row.state, row.filled_by) == (RowState.CAPTURED, 2)
    assert row.first_gap is not None
    assert (row.first_gap.snapshot, row.first_gap.reason, row.first_gap.sources) == (
        1,
        GapReason.UNREACHABLE,
        ("crm",),
    )


def test_what_was_captured_once_stays_captured_when_its_source_is_away_later() -> None:
    away = Gap(row="tools", reason=GapReason.UNREACHABLE, source="crm")
    found = shown(snapshot(1, item("tool_call")), snapshot(2, gaps=(away,)))
    row = next(one for one in found.rows if one.row == "tools")
    assert (row.state, row.filled_by) == (RowState.CAPTURED, None)


def test_decisions_and_outcome_are_filled_from_the_ledger_once_the_incident_has_ended() -> None:
    before = shown(snapshot(1, item("input")))
    after = shown(snapshot(1, item("input")), business_outcome=1)
    assert [one.row for one in before.open] == ["tools", "outcome"]
    assert [one.row for one in after.open] == ["tools"]
    row = next(one for one in after.rows if one.row == "outcome")
    assert (row.state, row.in_ledger, row.first_gap) == (RowState.CAPTURED, True, None)
    assert next(one for one in after.kinds if one.kind == "business_outcome").state is RowState.CAPTURED


def test_completeness_counts_the_rows_that_apply_and_only_those() -> None:
    found = shown(snapshot(1, item("input")))
    assert (found.captured, found.required, found.percent) == (1, 3, 33)
    assert found.missing_log_rate == pytest.approx(2 / 3)


def test_before_anything_is_sealed_nothing_is_said_of_completeness() -> None:
    assert completeness([]) is None


def test_a_manifest_written_before_kinds_were_listed_keeps_its_root() -> None:
    rows, gaps = settle_rows(ROWS[:1], [], [])
    old = Manifest(
        incident="INC-20260301-4f7k2a",
        snapshot=1,
        sealed_at=NOW,
        previous=NOTHING_YET,
        items=(),
        rows=rows,
        gaps=gaps,
    )
    written = old.model_dump(mode="json")
    assert "kinds" not in written
    assert set(written["rows"][0]) == {"row", "state", "items", "reason"}
    whole = old.model_copy(update={"kinds": settle_kinds(ROWS[:1], [], rows)})
    assert Manifest.model_validate_json(whole.model_dump_json()).root() == whole.root() != old.root()
    assert taken(whole).kinds == whole.kinds


@given(
    caught=st.sets(st.sampled_from(["input", "tool_call", "tool_result", "vendor_status"])),
    told=st.lists(st.tuples(st.sampled_from([one.id for one in ROWS]), st.sampled_from(list(GapReason)))),
)
def test_whatever_comes_in_each_row_and_kind_ends_once_and_rates_add_up(
    caught: set[str], told: list[tuple[str, GapReason]]
) -> None:
    items = [item(kind) for kind in caught]
    gaps = tuple(Gap(row=row, reason=reason) for row, reason in told)
    found = shown(snapshot(1, *items, gaps=gaps))
    assert [one.row for one in found.rows] == [one.id for one in ROWS]
    assert [one.kind for one in found.kinds] == [kind for row in ROWS for kind in row.kinds]
    assert found.captured + len(found.open) == found.required
    assert found.missing_log_rate == pytest.approx(len(found.open) / found.required)
    for row in found.rows:
        assert (row.reason is not None) == (row.state is RowState.GAP)
    rows, named = settle_rows(ROWS, items, gaps)
    assert {one.row for one in rows if one.state is RowState.GAP} <= {gap.row for gap in named}
    assert missing_log_rate(rows) == pytest.approx(found.missing_log_rate)


def test_the_file_of_the_ai_system_wins_over_the_playbook_in_what_does_not_apply() -> None:
    rows = applying(ROWS[:2], {"inputs": "batch_job", "tools": "no_tools"}, {"tools": "calls_no_tool"})
    assert [(row.not_applicable, row.said_by) for row in rows] == [
        ("batch_job", SaidBy.PLAYBOOK),
        ("calls_no_tool", SaidBy.SYSTEM),
    ]


def test_the_check_of_a_file_names_rows_that_are_none_and_sources_that_speak_against_it() -> None:
    source = SourceEntry(id="crm", kind="sql", supplies=("tool_call",))
    places = EvidencePlaces(
        sources=(source,), not_applicable={"tool": "calls_no_tool", "tools": "calls_no_tool"}
    )
    system = AISystem(id="desk", name="Desk", tier=Tier.LOW, owner="bela", evidence=places)
    strange, contradicted = excuses(system, load().evidence.rows)
    assert (strange.level, strange.field) == (Level.PROBLEM, "evidence.not_applicable.tool")
    assert "there is no such row" in strange.text
    assert contradicted.level is Level.WARNING
    assert "the source crm supplies tool_call" in contradicted.text


def test_a_playbook_that_excuses_a_row_that_is_none_is_refused_by_name(tmp_path: Path) -> None:
    (tmp_path / "own.yaml").write_text(
        "{id: own, title: Own, owner: operations, containment: [], guidance: Wait., "
        "watch: {window: {critical: PT1H, high: PT1H, medium: PT1H, low: PT1H}}, "
        "not_applicable: {tool: calls_no_tool}}"
    )
    with pytest.raises(InvalidInputError, match=r"own.yaml: not_applicable.tool: there is no such row"):
        load(tmp_path)


def test_a_captured_row_that_a_source_could_not_give_whole_says_so() -> None:
    cut = Gap(row="tools", reason=GapReason.LATE, source="crm")
    found = {one.row: one for one in shown(snapshot(1, item("tool_call"), item("input"), gaps=(cut,))).rows}
    assert (found["tools"].state, found["tools"].partly) == (RowState.CAPTURED, GapReason.LATE)
    assert found["inputs"].partly is None
