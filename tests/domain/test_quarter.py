"""The quarterly review of 200 incidents, held against a sheet that SQLite works out from the same lines.

Incident n is opened 13 n hours after 11 June: numbers 37 to 94 in July, 95 to 151 in August, 152 to 199 in
September; 39, 79, 119, 159 and 199 are exercises. That leaves 56, 56 and 46.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from andon.domain.decision import DecisionKind
from andon.domain.errors import InvalidInputError
from andon.domain.metrics import Spread
from andon.domain.quarter import (
    Bypass,
    Found,
    Period,
    Quarter,
    RemedyState,
    months_of,
    period_of,
    quarter_around,
    reviewed,
)
from andon.domain.quarter_paper import laid_out
from andon.domain.severity import Band, Classification
from andon.domain.stage import Stage
from tests.domain.quarter_sample import LINES, QUARTER, SINCE, SYSTEMS, UNTIL, found, remedies

MONTHS = {"2026-07": 56, "2026-08": 56, "2026-09": 46}
NOTHING = Found(cases=(), missed=(), logged=0, remedies=(), uses=())


@pytest.fixture(scope="module")
def review() -> Quarter:
    return reviewed(found(), QUARTER)


@pytest.fixture(scope="module")
def sheet() -> Iterator[sqlite3.Connection]:
    """The lines of the quarter as a table; `before` holds those of June as well."""
    book = sqlite3.connect(":memory:")
    book.execute(
        "CREATE TABLE before (name, system, day REAL, month, band, near, detect, contain, cause, control, "
        "decided, bypassed, triage)"
    )
    for one in LINES:
        if not one.exercise:
            row = (
                one.name,
                one.system,
                one.opened.timestamp() / 86_400,
                f"{one.opened:%Y-%m}",
                one.band.value,
                one.near_miss,
                one.detect_seconds,
                one.contain_seconds,
                None if one.cause == "unknown" else one.cause,
                one.control,
                one.decided,
                one.bypassed,
                one.triage_seconds,
            )
            book.execute("INSERT INTO before VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", row)
    book.execute("CREATE VIEW lines AS SELECT * FROM before WHERE month >= '2026-07'")
    yield book
    book.close()


def counted(book: sqlite3.Connection, what: str, where: str = "1") -> dict[Any, int]:
    return dict(book.execute(f"SELECT {what}, count(*) FROM lines WHERE {where} GROUP BY 1"))  # noqa: S608 - our own words


def numbers(book: sqlite3.Connection, what: str, where: str = "1") -> Spread:
    """Return what a spreadsheet says of a column: median, the value nine tenths of the way, the largest."""
    column = [row[0] for row in book.execute(f"SELECT {what} FROM lines WHERE {where} ORDER BY 1")]  # noqa: S608 - our own words
    found = [value for value in column if value is not None]
    unknown = len(column) - len(found)
    middle = (found[(len(found) - 1) // 2] + found[len(found) // 2]) / 2
    ninety = next(value for place, value in enumerate(found, start=1) if 10 * place >= 9 * len(found))
    return Spread(known=len(found), unknown=unknown, median=middle, p90=ninety, longest=found[-1])


def test_counts_are_those_of_the_sheet(review: Quarter, sheet: sqlite3.Connection) -> None:
    assert review.metrics.incidents == 158
    assert dict(review.metrics.by_system) == counted(sheet, "system")
    assert {band.value: count for band, count in review.metrics.by_severity.items()} == {
        band.value: counted(sheet, "band").get(band.value, 0) for band in Band
    }
    near = counted(sheet, "near")
    assert review.by_class[Classification.NEAR_MISS] == near[1]
    assert review.by_class[Classification.AI_INCIDENT] == near[0]
    assert dict(review.by_cause) == counted(sheet, "coalesce(cause, 'unknown')")
    assert dict(review.by_control) == counted(sheet, "coalesce(control, 'unknown')")
    assert list(review.by_cause)[-1] == "unknown", "what is not known comes last"


def test_near_misses_are_listed_one_for_each_that_is_counted(
    review: Quarter, sheet: sqlite3.Connection
) -> None:
    assert review.metrics.near_misses == counted(sheet, "near")[1] + 1
    assert len(review.near_misses) == review.metrics.near_misses
    assert {one.actual for one in review.near_misses} == {Band.LOW}
    (logged,) = [one for one in review.near_misses if one.id.startswith("QI-")]
    assert logged.potential is Band.HIGH
    assert any(one.potential is None for one in review.near_misses), "unknown stays unknown"


def test_trends_by_month_are_those_of_the_sheet(review: Quarter, sheet: sqlite3.Connection) -> None:
    assert {month.name: month.incidents for month in review.months} == MONTHS
    for month in review.months:
        inside = f"month = '{month.name}'"
        assert month.detection == numbers(sheet, "detect", inside)
        assert month.containment == numbers(sheet, "contain", inside)
    assert review.metrics.time_to_detection == numbers(sheet, "detect")
    assert review.metrics.time_to_containment == numbers(sheet, "contain")


def test_time_in_stage_and_to_decide_are_those_of_the_sheet(
    review: Quarter, sheet: sqlite3.Connection
) -> None:
    assert review.metrics.time_in_stage[Stage.CONTAIN] == numbers(sheet, "contain")
    assert review.metrics.decision_latency[DecisionKind.TRIAGE] == numbers(sheet, "triage")
    (measures,) = [one for one in laid_out(review).parts if one.id == "measures"]
    assert [[row[0] for row in table.rows] for table in measures.tables[1:]] == [["contain"], ["triage"]]


def test_recurrence_is_that_of_the_sheet(review: Quarter, sheet: sqlite3.Connection) -> None:
    again = """EXISTS (SELECT 1 FROM before AS one WHERE one.system = lines.system AND one.cause = lines.cause
        AND one.day < lines.day AND lines.day - one.day <= 90)"""
    for month in review.months:
        inside = f"month = '{month.name}'"
        known = sum(counted(sheet, "cause", f"{inside} AND cause IS NOT NULL").values())
        repeated = sum(counted(sheet, "cause", f"{inside} AND cause IS NOT NULL AND {again}").values())
        assert (month.repeated.part, month.repeated.whole) == (repeated, known)
        assert month.repeated.unknown == MONTHS[month.name] - known
    assert 0 < review.months[0].repeated.part < review.months[0].repeated.whole
    listed = {incident for one in review.repeated for incident in one.incidents}
    assert sum(sum(one.controls.values()) for one in review.repeated) == len(listed)


def test_what_went_past_a_rule_is_a_share_of_the_decisions(
    review: Quarter, sheet: sqlite3.Connection
) -> None:
    past, decided = sheet.execute("SELECT sum(bypassed), sum(decided) FROM lines").fetchone()
    assert (review.bypassed.part, review.bypassed.whole) == (past, decided)
    assert review.bypasses == {
        Bypass.EXCLUSION_LIFTED: past,
        Bypass.GLASS_BROKEN: 0,
        Bypass.GATE_EXCEPTION: 0,
    }
    (critical,) = sheet.execute("SELECT count(*) FROM lines WHERE band = 'critical'").fetchone()
    assert dict(review.metrics.containment_cost) == {"EUR": 40.0 * critical}


def test_changes_are_owed_or_done_as_they_stood_at_the_end_of_the_period(review: Quarter) -> None:
    # 1 to 4 were proven, the last in June; 5 was dropped; of 6 to 12 the first was due nine days before.
    assert [one.id for one in review.open] == [f"change-{number}" for number in range(6, 13)]
    assert [one.id for one in review.open if review.overdue(one)] == ["change-6"]
    assert [one.id for one in review.done] == ["change-3", "change-1", "change-2"]


def test_what_was_proven_after_the_period_was_still_owed_at_its_end() -> None:
    late = remedies()[0].model_copy(update={"settled_at": UNTIL + timedelta(days=1)})
    review = reviewed(NOTHING.model_copy(update={"remedies": (late,)}), QUARTER)
    assert (review.open, review.done) == ((late,), ())
    dropped = late.model_copy(update={"state": RemedyState.DROPPED, "settled_at": SINCE})
    assert reviewed(NOTHING.model_copy(update={"remedies": (dropped,)}), QUARTER).open == ()


def test_versions_and_endings_are_those_of_the_period(review: Quarter) -> None:
    # Numbers that end in 7 were fixed five hours after they were opened: 37 to 197.
    assert [one.incident[-3:] for one in review.versions] == [
        f"{number:03d}" for number in range(37, 198, 10)
    ]
    assert [(one.incident[-3:], one.how) for one in review.ended] == [("100", "retired")]


def test_use_that_nobody_decided_on_is_unanswered(review: Quarter) -> None:
    assert [one.system for one in review.uses if one.decision is None] == ["kb_search", "sales_mail"]
    assert sum(one.incidents for one in review.uses) == 158
    (part,) = [one for one in laid_out(review).parts if one.id == "uses"]
    answers = {row[0]: row[4] for row in part.tables[0].rows}
    assert answers["kb_search"] == "unanswered"
    assert answers["hr_screening"] == "no: taken out of use"


def test_the_paper_has_six_numbered_parts_and_no_target_of_none(review: Quarter) -> None:
    paper = laid_out(review)
    assert [one.number for one in paper.parts if one.number] == [1, 2, 3, 4, 5, 6]
    (aims,) = [one for one in paper.parts if one.id == "aims"]
    assert [one.id for one in aims.figures] == ["detection", "response", "recurrence"]
    assert "There is no target of no incidents" in aims.says[0]
    assert laid_out(reviewed(found(), QUARTER)) == paper


def test_of_an_empty_quarter_nothing_is_known_and_nothing_is_nought() -> None:
    paper = laid_out(reviewed(NOTHING, QUARTER))
    facts = {one.name: one.value for one in paper.facts}
    assert facts["Seen: median time to detection"] == "unknown (0 unknown)"
    (aims,) = [one for one in paper.parts if one.id == "aims"]
    assert [row[1] for row in aims.figures[0].table().rows] == ["none opened"] * 3


def test_a_review_does_not_change_with_the_order_in_which_the_register_gives_it(review: Quarter) -> None:
    whole = found()
    turned = Found(
        cases=whole.cases[::-1],
        missed=whole.missed[::-1],
        logged=whole.logged,
        remedies=whole.remedies[::-1],
        uses=whole.uses,
    )
    assert reviewed(turned, QUARTER) == review


def test_a_quarter_is_that_of_the_calendar_in_utc() -> None:
    assert quarter_around(datetime(2026, 12, 31, 23, 59, tzinfo=UTC)) == (
        datetime(2026, 10, 1, tzinfo=UTC),
        datetime(2027, 1, 1, tzinfo=UTC),
    )
    assert quarter_around(UNTIL - timedelta(seconds=1)) == (SINCE, UNTIL)


def test_a_month_that_is_there_in_part_says_so() -> None:
    since, until = SINCE + timedelta(days=14), datetime(2027, 1, 2, tzinfo=UTC)
    names = [name for name, _, _ in months_of(period_of(since, until, until))]
    assert names == ["2026-07+", "2026-08", "2026-09", "2026-10", "2026-11", "2026-12", "2027-01+"]


def test_months_that_are_still_ahead_are_no_months_without_incidents() -> None:
    lasting = period_of(SINCE, UNTIL, SINCE + timedelta(days=40))
    assert [name for name, _, _ in months_of(lasting)] == ["2026-07", "2026-08+"]
    ahead = period_of(SINCE, UNTIL, SINCE - timedelta(days=1))
    assert laid_out(reviewed(NOTHING, ahead)).figures()[0].labels == ()


def test_a_period_that_lasts_stands_as_of_now_and_one_that_is_over_as_of_its_end() -> None:
    assert period_of(SINCE, UNTIL, SINCE + timedelta(days=3)).as_of == SINCE + timedelta(days=3)
    assert period_of(SINCE, UNTIL, UNTIL + timedelta(days=3)).as_of == UNTIL
    assert period_of(SINCE, UNTIL, SINCE - timedelta(days=3)).as_of == SINCE


@pytest.mark.parametrize(
    ("since", "until"), [(UNTIL, SINCE), (SINCE, SINCE), (SINCE, SINCE + timedelta(days=2000))]
)
def test_what_is_no_period_is_refused(since: datetime, until: datetime) -> None:
    with pytest.raises(InvalidInputError, match="a period ends after it begins"):
        Period(since=since, until=until, as_of=since)


def test_every_ai_system_of_the_sample_is_asked_about(review: Quarter) -> None:
    assert {one.system for one in review.uses} == set(SYSTEMS)
