"""The incident file: eight parts, each complete or naming what it lacks, the same twice."""

from __future__ import annotations

import json

import pytest

from andon.domain.affected import Tally
from andon.domain.change import Change, ChangeState, ChangeType
from andon.domain.decision import (
    DecisionKind,
)
from andon.domain.errors import NotFoundError
from andon.domain.evidence import EvidenceRow, GapReason, RowOutcome, RowState
from andon.domain.file import PARTS, FileSources, build_file
from andon.domain.impact import Basis, Counted, Impact
from andon.domain.incident import Ending, OrderRecord
from andon.domain.ledger import Chain, Entry, Kind
from andon.domain.review import TITLES
from andon.domain.severity import Band
from andon.domain.values import NOTHING_YET, sha256
from andon.register.engine import Databases
from playbooks import load
from tests.adapters.file_case import LATER, MANIFEST, Archive, built, decided, whole
from tests.register.cases import INCIDENT, NOW, chain, opening, order


@pytest.fixture
def archive(databases: Databases) -> Archive:
    return Archive(databases)


async def test_a_whole_incident_gives_eight_complete_parts(archive: Archive) -> None:
    file = await built(archive, whole())
    assert tuple(file["parts"]) == PARTS
    assert [part["part"] for part in file["parts"].values()] == list(range(1, 9))
    assert (file["complete"], file["missing"]) == (True, [])


async def test_the_cause_part_names_the_class_of_failure_by_the_pinned_policy_and_what_was_changed(
    archive: Archive,
) -> None:
    causes = load().causes.model_dump(mode="json", by_alias=True)
    pinned = archive.places.policies.put("snapshot", {"causes": causes})
    plan = opening().plan.model_copy(update={"policy": pinned})
    fix = Change(
        id="change-1",
        type=ChangeType.PROMPT,
        owner="ana",
        due=LATER,
        link="d" * 64,
        said_in="remediation-1",
        fixes=True,
        state=ChangeState.DONE,
    )
    lesson = fix.model_copy(update={"id": "change-2", "fixes": False, "state": ChangeState.OPEN})
    diagnosis = decided(
        DecisionKind.DIAGNOSIS, "prompt_design", failed_control="backup", also_class="data,human_review"
    )
    shown = whole()
    others = tuple(one for one in shown.decisions if one.request.kind is not DecisionKind.DIAGNOSIS)
    view = shown.model_copy(
        update={"decisions": (*others, diagnosis), "changes": {"change-1": fix, "change-2": lesson}}
    )
    archive.fill(view, plan=plan)
    parts = (await archive.writer.build(INCIDENT))["parts"]
    cause = parts["cause_and_correction"]
    assert (cause["failure_class"], cause["further_classes"]) == ("workflow_design", ["data", "human_review"])
    assert [one["id"] for one in cause["fixes"]] == ["change-1"]
    assert [one["id"] for one in parts["restart_and_lessons"]["changes"]] == ["change-2"]


async def test_the_parts_say_what_was_found(archive: Archive) -> None:
    parts = (await built(archive, whole()))["parts"]
    assert parts["affected"]["unknown"] == ["notification_required"]
    assert parts["containment"]["orders"][0]["proof"]["saw"] == "false/STATIC"
    assert parts["evidence"]["missing_log_rate"] == 0.5
    assert parts["evidence"]["completeness"]["percent"] == 50
    assert parts["cause_and_correction"]["failed_control"] == "release_gate"
    assert parts["decisions"]["decisions"][0]["responses"][0]["person"] == "ana"


@pytest.mark.parametrize(
    ("change", "missing"),
    [
        ({"fired_rules": ()}, "classification: the rules that fired"),
        ({"evaluation": None}, "restart_and_lessons: an evaluation"),
        ({"watch_until": None}, "restart_and_lessons: a watch"),
        (
            {"orders": (OrderRecord(order=order()),)},
            f"containment: proof that {order().lever.id} was held",
        ),
    ],
)
async def test_what_is_missing_is_named(archive: Archive, change: dict[str, object], missing: str) -> None:
    file = await built(archive, whole().model_copy(update=change))
    assert (file["complete"], file["missing"]) == (False, [missing])


@pytest.mark.parametrize(
    ("kind", "missing"),
    [
        (DecisionKind.TRIAGE, ["decisions: a triage decision"]),
        (DecisionKind.IMPACT, ["affected: an impact assessment"]),
        (
            DecisionKind.DIAGNOSIS,
            ["cause_and_correction: a cause", "cause_and_correction: the control that failed"],
        ),
        (DecisionKind.REMEDIATION, ["cause_and_correction: a correction"]),
        (DecisionKind.RESTART, ["restart_and_lessons: a restart decision"]),
        (DecisionKind.LESSONS, ["restart_and_lessons: lessons"]),
    ],
)
async def test_a_question_nobody_answered_is_named(
    archive: Archive, kind: DecisionKind, missing: list[str]
) -> None:
    left = tuple(record for record in whole().decisions if record.request.kind is not kind)
    file = await built(archive, whole().model_copy(update={"decisions": left}))
    assert file["missing"] == missing


async def test_after_standing_down_cause_and_restart_are_not_asked_for(archive: Archive) -> None:
    triage = whole().decisions[:1]
    view = whole().model_copy(
        update={"ending": Ending.FALSE_POSITIVE, "decisions": triage, "evaluation": None, "watch_until": None}
    )
    file = await built(archive, view)
    assert file["complete"] is True
    assert file["parts"]["cause_and_correction"]["not_applicable"] is True


async def test_what_is_missing_of_the_review_is_named_from_medium_on(archive: Archive) -> None:
    archive.fill(whole())
    high = await archive.writer.build(INCIDENT)
    assert high["parts"]["restart_and_lessons"]["review"]["controls"]["person"] == "lena"
    sources = FileSources(view=whole())
    missing = [one for one in build_file(sources)["missing"] if "words in the review" in one]
    assert missing == [f"restart_and_lessons: words in the review on “{one}”" for one in TITLES.values()]
    low = FileSources(view=whole().model_copy(update={"severity": Band.LOW}))
    assert not any("words in the review" in one for one in build_file(low)["missing"])


@pytest.mark.parametrize(
    ("cause", "lacking"),
    [
        ("model_or_vendor_change", 3),
        ("vendor_outage", 2),
        ("permissions", 0),
    ],
)
async def test_a_vendors_incident_without_evidence_of_the_vendor_says_what_is_missing(
    archive: Archive, cause: str, lacking: int
) -> None:
    others = tuple(one for one in whole().decisions if one.request.kind is not DecisionKind.DIAGNOSIS)
    diagnosed = decided(DecisionKind.DIAGNOSIS, cause, failed_control="version_pinning")
    file = await built(archive, whole().model_copy(update={"decisions": (*others, diagnosed)}))
    missing = [one for one in file["missing"] if "evidence of" in one]
    assert len(missing) == lacking
    assert not lacking or "cause_and_correction: evidence of the vendor's status" in missing


async def test_who_opened_which_evidence_and_when_stands_in_the_file(archive: Archive) -> None:
    archive.fill(whole())
    openings = archive.places.openings
    openings.note(INCIDENT, "lena", {"evidence": "e" * 64}, LATER)
    openings.note(INCIDENT, "bela", {"evidence": "e" * 64, "gate": "f" * 64}, NOW)
    openings.note(INCIDENT, "bela", {"evidence": "e" * 64}, LATER)
    read = Entry(
        incident=INCIDENT,
        chain=Chain.ACCESS,
        sequence=0,
        at=NOW,
        actor="person:lena",
        kind=Kind.STAGE_BEGUN,
        previous=NOTHING_YET,
    )
    archive.places.ledger.append([read])
    part = (await archive.writer.build(INCIDENT))["parts"]["evidence"]
    assert [(one["person"], one["exhibit"], one["at"]) for one in part["opened_by"]] == [
        ("bela", "evidence", NOW.isoformat()),
        ("bela", "gate", NOW.isoformat()),
        ("lena", "evidence", LATER.isoformat()),
    ]
    assert [(one["actor"], one["kind"]) for one in part["accesses"]] == [("person:lena", "stage_begun")]


async def test_writing_twice_gives_one_locked_file_under_its_digest(archive: Archive) -> None:
    archive.fill(whole())
    digest = await archive.writer.write(INCIDENT)
    assert await archive.writer.write(INCIDENT) == digest
    assert await archive.store.keys("files/") == [f"files/{INCIDENT}/{digest}.json"]
    content = await archive.store.get(f"files/{INCIDENT}/{digest}.json")
    assert sha256(content) == digest
    assert json.loads(content)["incident"] == INCIDENT


async def test_an_incident_nobody_knows_has_no_file(archive: Archive) -> None:
    with pytest.raises(NotFoundError):
        await archive.writer.write(INCIDENT)


async def test_approvals_overrides_extensions_and_lead_stand_in_the_file(archive: Archive) -> None:
    asked_for = (
        decided(DecisionKind.PUBLIC_STATEMENT, "do_not_publish"),
        decided(DecisionKind.EXECUTIVE_OVERRIDE, "lift"),
        decided(DecisionKind.CLOCK_EXTENSION, "extend"),
    )
    view = whole().model_copy(update={"decisions": (*whole().decisions, *asked_for), "lead": "ana"})
    archive.fill(view)
    recorded = (Kind.PROPOSED, Kind.PROPOSAL_REFUSED, Kind.LEAD_NAMED, Kind.STAGE_OVERDUE)
    for kind in recorded:
        previous = archive.places.ledger.head(INCIDENT)
        entry = chain(1, kind=kind)[0].model_copy(
            update={"sequence": previous.length, "previous": previous.digest}
        )
        archive.places.ledger.append([entry])
    part = (await archive.writer.build(INCIDENT))["parts"]["decisions"]
    for name, kind in (
        ("approvals", "public_statement"),
        ("overrides", "executive_override"),
        ("extensions", "clock_extension"),
    ):
        assert [one["kind"] for one in part[name]] == [kind]
        assert part[name][0]["responses"][0]["person"] == "ana"
    assert part["lead"] == "ana"
    for name in ("proposed", "proposals_refused", "lead_changes", "stages_overdue"):
        assert len(part[name]) == 1, name


async def test_rows_that_come_into_being_later_are_filled_from_the_ledger_and_the_first_gap_stays(
    archive: Archive,
) -> None:
    later = EvidenceRow(id="outcome", kinds=("business_outcome",), later=True)
    rows = (*opening().plan.rows, later)
    gaps = (*MANIFEST.rows, RowOutcome(row="outcome", state=RowState.GAP, reason=GapReason.LATE))
    plan = opening().plan.model_copy(update={"rows": rows})
    filled = (*MANIFEST.rows[:1], RowOutcome(row="outputs", state=RowState.CAPTURED, items=2), gaps[-1])
    found = build_file(
        FileSources(
            view=whole(),
            opening=opening().model_copy(update={"plan": plan}),
            manifests=(
                MANIFEST.model_copy(update={"rows": gaps}),
                MANIFEST.model_copy(update={"snapshot": 2, "rows": filled, "gaps": ()}),
            ),
        )
    )
    complete = found["parts"]["evidence"]["completeness"]
    assert (complete["percent"], complete["missing_log_rate"]) == (100, 0.0)
    outputs, outcome = complete["rows"][1:]
    assert outputs["first_gap"] == {"snapshot": 1, "reason": "empty", "sources": ["recorder"]}
    assert (outputs["filled_by"], outcome["in_ledger"], outcome["first_gap"]) == (2, True, None)


async def test_the_file_names_open_hypotheses_counts_and_the_sum_of_affected_records(
    archive: Archive,
) -> None:
    tally = Tally(head="a" * 64, all=50, corrected=47, cannot=3)
    counted = Counted(outputs=412, basis=Basis.ESTIMATED, person="oscar", at=NOW)
    view = whole().model_copy(update={"impact": Impact(counted=counted, affected=tally)})
    affected = (await built(archive, view))["parts"]["affected"]
    assert affected["records"].items() >= {"all": 50, "corrected": 47, "cannot": 3, "open": 0}.items()
    assert (affected["counted"]["outputs"], affected["counted"]["users"]) == (412, None)
    assert len(affected["hypotheses_open"]) == 6
    left = Impact(affected=tally.model_copy(update={"cannot": 2}))
    missing = build_file(FileSources(view=whole().model_copy(update={"impact": left})))["missing"]
    assert "affected: what became of each affected record" in missing
