"""A quarter of 200 incidents as plain rows, of which both the review and the sheet beside it are made."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from andon.domain.decision import DecisionKind
from andon.domain.directory import Role
from andon.domain.metrics import Passed, Told, Waited
from andon.domain.quarter import (
    Answer,
    Bypass,
    Case,
    Found,
    Missed,
    Period,
    Remedy,
    RemedyState,
    Use,
    UseDecision,
)
from andon.domain.severity import Band, Classification
from andon.domain.stage import Stage
from andon.domain.system import Tier

SINCE, UNTIL = datetime(2026, 7, 1, tzinfo=UTC), datetime(2026, 10, 1, tzinfo=UTC)
QUARTER = Period(since=SINCE, until=UNTIL, as_of=UNTIL)
COUNT = 200
SYSTEMS = ("refund_desk", "claims_triage", "hr_screening", "kb_search", "sales_mail")
CAUSES = (
    "prompt_design",
    "retrieval",
    "access_scope",
    "tool_permission",
    "model_behavior",
    "data_quality",
    "policy_gap",
    "vendor_outage",
    "source_outdated",
    "human_review",
    "unknown",
    None,
)
CONTROLS = ("human_review_procedure", "eval_before_release", "output_filter", None)
BANDS = (Band.LOW, Band.LOW, Band.MEDIUM, Band.MEDIUM, Band.HIGH, Band.CRITICAL)
BEFORE = 20
"""So many of them were opened in June, before the quarter."""


@dataclass(frozen=True)
class Line:
    """One incident, as a line of a spreadsheet."""

    name: str
    system: str
    opened: datetime
    band: Band
    near_miss: bool
    detect_seconds: int | None
    contain_seconds: int | None
    cause: str | None
    control: str | None
    decided: int
    bypassed: int
    triage_seconds: int
    exercise: bool


def line(number: int) -> Line:
    """Return incident `number`: every figure follows from it by plain arithmetic."""
    opened = SINCE - timedelta(days=BEFORE) + timedelta(hours=13 * number)
    return Line(
        name=f"INC-{opened:%Y%m%d}-{number:06d}",
        system=SYSTEMS[(number * 7) % 5 if number % 3 else 0],
        opened=opened,
        band=BANDS[number * 5 % 6],
        near_miss=number % 9 == 0,
        detect_seconds=None if number % 4 == 0 else (number * 37 % 180) * 60 + (240 - number) * 30,
        contain_seconds=None if number % 7 == 0 else number * 53 % 600 + 15 + (200 - number) * 4,
        cause=CAUSES[(number * number // 3 + number // 7) % 12],
        control=CONTROLS[number % 4],
        decided=3 + number % 3,
        bypassed=1 if number % 25 == 3 else 0,
        triage_seconds=number * 29 % 1700 + 60,
        exercise=number % 40 == 39,
    )


LINES = tuple(line(number) for number in range(COUNT))


def case(one: Line) -> Case:
    """Return a line as the review gets it."""
    near = Classification.NEAR_MISS if one.near_miss else Classification.AI_INCIDENT
    detected = one.opened
    contained = one.contain_seconds
    return Case(
        told=Told(
            incident=one.name,
            system=one.system,
            severity=one.band,
            near_miss=one.near_miss,
            exercise=one.exercise,
            opened_at=one.opened,
            occurred_at=None
            if one.detect_seconds is None
            else detected - timedelta(seconds=one.detect_seconds),
            detected_at=detected,
            contained_at=None if contained is None else detected + timedelta(seconds=contained),
            root_cause=one.cause,
            failed_control=one.control,
            decided=one.decided,
            overrides=one.bypassed,
            stages=(Passed(stage=Stage.CONTAIN, seconds=one.contain_seconds),),
            waits=(Waited(kind=DecisionKind.TRIAGE, seconds=one.triage_seconds),),
            costs={"EUR": 40.0} if one.band is Band.CRITICAL else {},
        ),
        classification=near,
        ending="retired" if one.name.endswith("000100") else None,
        closed_at=one.opened + timedelta(days=1) if one.name.endswith("000100") else None,
        fixed_at=one.opened + timedelta(hours=5) if one.name.endswith("7") else None,
        versions="ab" * 32 if one.name.endswith("7") else None,
        bypasses=(Bypass.EXCLUSION_LIFTED,) * one.bypassed,
    )


def missed(one: Line) -> Missed:
    """Return a near miss that was an incident."""
    could = None if one.band is Band.LOW else one.band
    return Missed(id=one.name, system=one.system, actual=Band.LOW, potential=could, at=one.opened)


def remedies() -> tuple[Remedy, ...]:
    """Return changes: of twelve, three proven in the quarter, one before it, one dropped, seven owed."""
    found = []
    for number in range(12):
        due = UNTIL + timedelta(days=(number - 6) * 9)
        settled = {
            0: SINCE + timedelta(days=3),
            1: UNTIL - timedelta(days=2),
            2: SINCE,
            3: SINCE - timedelta(days=1),
        }
        state = RemedyState.DONE if number < 4 else RemedyState.DROPPED if number == 4 else RemedyState.OPEN
        found.append(
            Remedy(
                id=f"change-{number + 1}",
                incident=LINES[30 + number * 3].name,
                system=SYSTEMS[number % 5],
                type=("eval", "guardrail", "permission", "training")[number % 4],
                owner=("bela", "oscar", "ines")[number % 3],
                due=due,
                state=state,
                settled_at=SINCE + timedelta(days=9) if number == 4 else settled.get(number),
            )
        )
    return tuple(found)


def uses() -> tuple[Use, ...]:
    """Return the AI systems: one goes on, one for less, one is out of use, two are unanswered."""
    answers = {"refund_desk": Answer.NARROWED, "claims_triage": Answer.YES, "hr_screening": Answer.NO}
    return tuple(
        Use(
            system=name,
            name=name,
            tier=Tier.HIGH if name in answers else Tier.LOW,
            business_owner="bela",
            decision=UseDecision(
                id="USE-20261005-abc123",
                system=name,
                since=SINCE,
                until=UNTIL,
                answer=answers[name],
                owner="bela",
                by="eva",
                role=Role.EXECUTIVE,
                at=UNTIL + timedelta(days=4),
                reason="c" * 64,
            )
            if name in answers
            else None,
            reason="Refunds above 100 EUR go to a person until the permission test is in the suite."
            if name in answers
            else None,
        )
        for name in sorted(SYSTEMS)
    )


def found() -> Found:
    """Return the whole register."""
    inside = [one for one in LINES if one.near_miss and not one.exercise and SINCE <= one.opened < UNTIL]
    logged = Missed(
        id="QI-20260801-aaaaaa",
        system="kb_search",
        actual=Band.LOW,
        potential=Band.HIGH,
        at=SINCE + timedelta(31),
    )
    return Found(
        cases=tuple(case(one) for one in LINES),
        missed=(*(missed(one) for one in inside), logged),
        logged=1,
        remedies=remedies(),
        uses=uses(),
    )
