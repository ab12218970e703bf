"""Why an incident is so severe, what nobody knows yet, and its times; and the page to state more."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from andon.console.models.incident import IncidentShown
from andon.console.models.known import Change, Explained, Factor, TimeShown
from andon.console.screens.moments import Moment, maybe, moment, zone_key
from andon.console.screens.parts import SEVERITIES, IncidentLine, incident_line
from andon.console.screens.words import Status, inert, lower, plain
from andon.console.sessions import Session
from andon.domain.conditions import UNKNOWN
from andon.domain.times import Moment as Which

TIMES: Final = {
    Which.OCCURRED: "It happened",
    Which.DETECTED: "It was seen",
    Which.REPORTED: "It was reported",
    Which.AWARE: "The first person knew",
}
SOURCES: Final = {
    "reported": "as reported",
    "learned": "from the escalation questions",
    "stated": "stated since",
    "assumed": "nobody has said",
}
TESTS: Final = {"unknown_scope": "unknown how far it reaches", "externally_visible": "seen outside"}


@dataclass(frozen=True, slots=True)
class ReasonLine:
    """A rule that fired."""

    rule: str
    why: str
    raises: bool


@dataclass(frozen=True, slots=True)
class ChangeLine:
    """The severity going from one band to another."""

    at: Moment
    before: str
    after: str
    who: str
    because: str
    reason: str


@dataclass(frozen=True, slots=True)
class TimeLine:
    """One of the four times, and what was set right."""

    name: str
    at: Moment | None
    note: str
    corrections: tuple[tuple[str, str, Moment, str], ...]
    """Who, what was said first, when it was set right, why."""


@dataclass(frozen=True, slots=True)
class FactorLine:
    """One fact."""

    fact: str
    name: str
    value: str
    source: str
    question: str
    values: tuple[tuple[str, str], ...]
    typed: str
    unknown: bool


@dataclass(frozen=True, slots=True)
class KnownBox:
    """What is known, on the page of an incident."""

    severity: Status
    posture: str
    provisional: bool
    lower_by_policy: str
    near_miss: str
    asserted: str
    reasons: tuple[ReasonLine, ...]
    tests: str
    factors: tuple[FactorLine, ...]
    unknown: tuple[FactorLine, ...]
    changes: tuple[ChangeLine, ...]


@dataclass(frozen=True, slots=True)
class KnownScreen:
    """The page on which people state what they know."""

    incident: IncidentLine
    facts: tuple[FactorLine, ...]
    times: tuple[TimeLine, ...]
    choices: tuple[tuple[str, str, bool], ...]
    zone: str
    typed: Mapping[str, str]
    problem: str
    reader: str


def known_box(explained: Explained | None, now: datetime) -> KnownBox | None:
    """Return why an incident is so severe."""
    if explained is None:
        return None
    factors = factor_lines(explained, {})
    lower_now = explained.by_policy < explained.severity
    return KnownBox(
        severity=SEVERITIES[explained.severity],
        posture=explained.posture,
        provisional=explained.provisional,
        lower_by_policy=explained.by_policy.value if lower_now else "",
        near_miss=(
            f"Actual severity {explained.actual.value}; {explained.potential.value} had nobody caught it."
            if explained.potential
            else ""
        ),
        asserted=inert(explained.asserted.term) if explained.asserted else "",
        reasons=tuple(ReasonLine(one.rule, one.why, one.raises) for one in explained.reasons),
        tests=", ".join(TESTS.get(one, lower(one)) for one in explained.threshold_tests),
        factors=tuple(one for one in factors if not one.unknown),
        unknown=tuple(one for one in factors if one.unknown),
        changes=tuple(_change(one, now) for one in explained.changes),
    )


def time_lines(incident: IncidentShown, now: datetime) -> tuple[TimeLine, ...]:
    """Return the four times of an incident."""
    if incident.times is None:
        return ()
    return tuple(_time(one, incident.times.aware, now) for one in incident.times.times)


def known_screen(
    incident: IncidentShown, session: Session, now: datetime, *, typed: Mapping[str, str], problem: str
) -> KnownScreen:
    """Return the page, with what was typed before if it was not taken."""
    factors = factor_lines(incident.explained, typed) if incident.explained else ()
    return KnownScreen(
        incident=incident_line(incident, now, linked=True),
        facts=tuple(sorted(factors, key=lambda one: not one.unknown)),
        times=time_lines(incident, now),
        choices=tuple(
            (which.value, name, typed.get("which") == which.value) for which, name in TIMES.items()
        ),
        zone=zone_key(now),
        typed=typed,
        problem=problem,
        reader=session.caller.person,
    )


def factor_lines(explained: Explained, typed: Mapping[str, str]) -> tuple[FactorLine, ...]:
    """Return all facts, in the order of the policy."""
    return tuple(_factor(one, typed.get(f"fact.{one.fact}", "")) for one in explained.factors)


def _factor(factor: Factor, typed: str) -> FactorLine:
    return FactorLine(
        fact=factor.fact,
        name=plain(factor.fact),
        value=lower(factor.value),
        source=SOURCES[factor.by],
        question=factor.question,
        values=tuple((one, plain(one)) for one in (*factor.values, UNKNOWN)) if factor.values else (),
        typed=typed,
        unknown=factor.value == UNKNOWN,
    )


def _change(change: Change, now: datetime) -> ChangeLine:
    kind, _, _ = change.because.partition(":")
    because = {"facts": "facts stated", "joined": "a graver report"}.get(kind, change.because)
    return ChangeLine(
        at=moment(change.at, now),
        before=change.before.value if change.before else "",
        after=change.after.value,
        who=", ".join(change.who) or "the policy",
        because=because if change.before else f"opened by rules {change.because or '-'}",
        reason=inert(change.reason) if change.reason else "",
    )


def _time(shown: TimeShown, aware: str | None, now: datetime) -> TimeLine:
    at = shown.at
    note = f"{aware}" if shown.which is Which.AWARE and aware else ""
    return TimeLine(
        name=TIMES[shown.which],
        at=maybe(at, now),
        note=note if at else "nobody yet" if shown.which is Which.AWARE else "not stated",
        corrections=tuple(
            (
                one.person,
                moment(one.before, now).text if one.before else "nothing",
                moment(one.at, now),
                inert(one.reason or ""),
            )
            for one in shown.corrections
        ),
    )
