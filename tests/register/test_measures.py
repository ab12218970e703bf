"""Metrics of a fixed register of 200 incidents, against values that were worked out by hand."""

from __future__ import annotations

from datetime import timedelta

import pytest

from andon.domain.affected import Tally
from andon.domain.decision import DecisionKind
from andon.domain.evidence import RowOutcome, RowState, Seal
from andon.domain.impact import Basis, Counted, Impact
from andon.domain.ledger import Entry, Kind
from andon.domain.metrics import REVIEW_FAILED, Metrics, Told, measured, repeats, spread
from andon.domain.severity import Band, Classification
from andon.register.engine import Databases, together
from andon.register.incidents import Incidents
from andon.register.ledger import Ledger
from andon.register.measures import Measures
from playbooks import load
from tests.register.cases import NOW, PLAN, TITLE, chain, opening, view

COUNT = 200
DAY = timedelta(days=1)
UNTIL = NOW + 400 * DAY
"""Incident n is opened n days after `NOW`, at n % 4 of AI systems a to d."""


def name(number: int) -> str:
    return f"INC-20260302-{number:06d}"


def findings(number: int) -> dict[str, str]:
    """Every fifth incident has no cause on record; of the others every second one is a prompt's fault."""
    if number % 5 == 0:
        return {}
    return {
        "root_cause": "prompt_design" if number % 2 else "retrieval",
        "failed_control": "human_review_procedure" if number % 10 == 1 else "eval_before_release",
    }


def seal(number: int) -> tuple[Seal, ...]:
    """Four rows: one does not apply; of the three that do, one is missing in every second incident."""
    rows = (
        RowOutcome(row="inputs", state=RowState.CAPTURED, items=1),
        RowOutcome(row="outputs", state=RowState.GAP if number % 2 else RowState.CAPTURED),
        RowOutcome(row="tools", state=RowState.CAPTURED, items=1),
        RowOutcome(row="vendor", state=RowState.NOT_APPLICABLE),
    )
    return (Seal(snapshot=1, root="a" * 64, sealed_at=NOW, items=1, size_bytes=1, rows=rows),)


def counted(number: int) -> Impact:
    """Users are stated by every fourth incident, ten each; records by none."""
    if number % 4:
        return Impact()
    told = Counted(users=10, basis=Basis.COUNTED, person="ops", at=NOW, reason="a" * 64)
    return Impact(counted=told, affected=Tally())


def runs(number: int) -> tuple[Kind, ...]:
    """The first hundred were evaluated: half of them twice, since the gate stayed shut at first."""
    if number >= 100:
        return ()
    return (Kind.GATE_SHUT, Kind.GATE_OPENED) if number % 2 else (Kind.GATE_OPENED,)


@pytest.fixture
def measures(databases: Databases) -> Measures:
    with together(databases.register):
        for number in range(COUNT):
            keep(databases, number)
    return Measures(databases.register)


def keep(databases: Databases, number: int) -> None:
    incidents, at = Incidents(databases.register), NOW + number * DAY
    begun = opening(
        name(number),
        opened_at=at,
        # Every second one has a time of occurrence, a minute for each number before it was detected.
        occurred_at=at - timedelta(minutes=number) if number % 2 == 0 else None,
        detected_at=at,
        classification=Classification.NEAR_MISS if number % 20 == 0 else Classification.AI_INCIDENT,
        plan=PLAN.model_copy(update={"system": "abcd"[number % 4]}),
    )
    changes = {
        "system": begun.plan.system,
        "classification": begun.classification,
        "severity": Band.HIGH if number % 2 else Band.LOW,
        # All but every tenth one were proven to be contained, in as many seconds as their number.
        "contained_at": at + timedelta(seconds=number) if number % 10 else None,
        "findings": findings(number),
        "seals": seal(number),
        "impact": counted(number),
    }
    incidents.allot(begun, dedupe=None, title=TITLE)
    incidents.show(view(name(number)).model_copy(update=changes))
    if entries := judged(number):
        Ledger(databases.register).append(entries, ())


def judged(number: int) -> list[Entry]:
    kinds = runs(number)
    entries: list[Entry] = []
    for entry, kind in zip(chain(len(kinds), incident=name(number)), kinds, strict=True):
        previous = entries[-1].digest() if entries else entry.previous
        entries.append(entry.model_copy(update={"kind": kind.value, "previous": previous}))
    return entries


def figures(measures: Measures, since: timedelta = timedelta(0), until: timedelta = 400 * DAY) -> Metrics:
    told = [one.told_at(UNTIL) for one in measures.opened(NOW - 90 * DAY, NOW + until)]
    return measured(told, NOW + since, NOW + until)


def test_the_eight_metrics_of_the_register_are_those_worked_out_by_hand(measures: Measures) -> None:
    found = figures(measures)
    assert (found.incidents, found.near_misses) == (200, 10)
    assert dict(found.by_system) == {"a": 50, "b": 50, "c": 50, "d": 50}
    assert found.by_severity == {Band.LOW: 100, Band.MEDIUM: 0, Band.HIGH: 100, Band.CRITICAL: 0}

    # Minutes 0, 2, 4 .. 198: the middle lies between 98 and 100, nine tenths at the 90th, the longest last.
    detection = found.time_to_detection
    assert (detection.known, detection.unknown, detection.unknown_share) == (100, 100, 0.5)
    assert (detection.median, detection.p90, detection.longest) == (99 * 60, 178 * 60, 198 * 60)

    # Seconds 1 .. 199 without the nineteen tens between: 180 values, symmetrical about 100.
    containment = found.time_to_containment
    assert (containment.known, containment.unknown) == (180, 20)
    assert (containment.median, containment.longest) == (100, 199)

    assert (found.affected_users.total, found.affected_users.unknown) == (500, 150)
    assert (found.affected_records.total, found.affected_records.unknown) == (None, 200)
    assert (found.missing_logs.part, found.missing_logs.whole) == (100, 600)
    # 1, 11 .. 191 are twenty of the 160 with a failed control on record.
    assert (found.review_bypasses.part, found.review_bypasses.whole, found.review_bypasses.unknown) == (
        20,
        160,
        40,
    )
    assert (found.gate_passes.part, found.gate_passes.whole) == (100, 150)
    assert (found.first_passes.part, found.first_passes.whole, found.first_passes.unknown) == (50, 100, 100)
    assert found.root_cause_unknown == 40


def test_what_repeats_is_the_same_cause_at_the_same_ai_system_within_ninety_days(measures: Measures) -> None:
    found = figures(measures).repeated
    # Systems a and c hold the even numbers, so retrieval; b and d the odd ones, so prompts.
    assert [(one.system, one.root_cause, len(one.incidents)) for one in found] == [
        ("a", "retrieval", 40),
        ("b", "prompt_design", 40),
        ("c", "retrieval", 40),
        ("d", "prompt_design", 40),
    ]


def test_a_period_holds_what_was_opened_in_it_and_repeats_reach_back(measures: Measures) -> None:
    found = figures(measures, since=10 * DAY, until=20 * DAY)
    assert (found.incidents, sum(found.by_system.values())) == (10, 10)
    assert all(len(one.incidents) > 2 for one in found.repeated), "those before the period are named as well"


def test_one_ai_system_can_be_looked_at_alone(measures: Measures) -> None:
    assert {one.acted.system for one in measures.opened(NOW, UNTIL, system="c")} == {"c"}


def test_exercises_are_left_out(databases: Databases) -> None:
    incidents = Incidents(databases.register)
    incidents.allot(opening(name(1), exercise=True), dedupe=None, title=TITLE)
    assert Measures(databases.register).opened(NOW, UNTIL) == []
    told = Told(
        incident=name(1), system="a", severity=Band.LOW, exercise=True, opened_at=NOW, detected_at=NOW
    )
    assert measured([told], NOW, UNTIL).incidents == 0


def test_of_nothing_nothing_is_known_and_nothing_is_nought() -> None:
    found = measured([], NOW, UNTIL)
    assert found.time_to_detection.median is found.affected_users.total is found.missing_logs.value is None
    assert spread([None, None]).unknown_share == 1.0


def test_a_cause_that_comes_back_after_ninety_days_is_no_repeat() -> None:
    def one(number: int, days: int) -> Told:
        at = NOW + days * DAY
        return Told(
            incident=name(number),
            system="a",
            severity=Band.LOW,
            opened_at=at,
            detected_at=at,
            root_cause="retrieval",
        )

    assert repeats([one(1, 0), one(2, 91)], NOW, UNTIL) == ()
    (found,) = repeats([one(1, 0), one(2, 90), one(3, 180), one(4, 271)], NOW, UNTIL)
    assert found.incidents == (name(1), name(2), name(3))


def test_the_controls_that_count_as_human_review_are_those_that_people_can_name() -> None:
    named = load().rights.rights[DecisionKind.DIAGNOSIS].findings["failed_control"]
    assert set(named) >= REVIEW_FAILED


def test_what_is_written_on_an_incident_is_counted_by_the_very_next_request(databases: Databases) -> None:
    begun = opening(name(1))
    incidents, measures = Incidents(databases.register), Measures(databases.register)
    incidents.allot(begun, dedupe=None, title=TITLE)
    shown = view(begun.incident)

    def told() -> Told:
        (one,) = measures.opened(NOW - DAY, UNTIL)
        return one.told_at(UNTIL)

    assert told() == told()
    incidents.show(shown.model_copy(update={"contained_at": NOW + DAY}))
    assert told().contained_at == NOW + DAY
    later = {"version": shown.version + 1, "findings": {"root_cause": "retrieval"}, "contained_at": None}
    incidents.show(shown.model_copy(update=later))
    assert (told().root_cause, told().contained_at) == ("retrieval", None)
    Ledger(databases.register).append(judged(1), ())
    assert told().gate_runs == (False, True)


def test_no_more_is_remembered_than_is_allowed_and_all_is_told_all_the_same(databases: Databases) -> None:
    with together(databases.register):
        for number in range(6):
            keep(databases, number)
    few, many = Measures(databases.register, most=2), Measures(databases.register)
    for _ in range(2):
        assert few.opened(NOW, UNTIL) == many.opened(NOW, UNTIL)
