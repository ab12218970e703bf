"""What a quarter's governance review is made of: six parts, and the three aims beside them.

Times are in UTC. Figures stand as of the period's end, or as of now while it lasts, so that the same register
gives the same review whenever it is asked for once the period is over. Exercises are left out.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from enum import StrEnum
from typing import Final

from pydantic import Field, model_validator

from andon.domain.directory import Role
from andon.domain.errors import InvalidInputError
from andon.domain.metrics import REPEATED_WITHIN, UNKNOWN, Metrics, Rate, Spread, Told, measured, spread
from andon.domain.severity import Band, Classification
from andon.domain.system import Tier
from andon.domain.values import Frozen, IncidentId, Instant, PersonId, Sha256Hex, Slug

LONGEST_DAYS: Final = 3 * 366
MONTHS_A_YEAR: Final = 12


class Period(Frozen):
    """From when to when, and how things stood when."""

    since: Instant
    until: Instant = Field(description="its end, which is not part of it")
    as_of: Instant = Field(description="when it was looked at, at the latest its end")

    @model_validator(mode="after")
    def _refuse_what_is_no_period(self) -> Period:
        if not self.since < self.until or (self.until - self.since).days > LONGEST_DAYS:
            raise InvalidInputError(f"a period ends after it begins, at most {LONGEST_DAYS} days later")
        return self

    def holds(self, at: datetime | None) -> bool:
        """Whether a moment is in it, and not after it was looked at."""
        return at is not None and self.since <= at < self.until and at <= self.as_of


def period_of(since: datetime, until: datetime, now: datetime) -> Period:
    """Return a period as it can be looked at now.

    Raises:
        InvalidInputError: it has no end after its beginning, or is too long.
    """
    return Period(since=since, until=until, as_of=max(since, min(now, until)))


def quarter_around(at: datetime) -> tuple[datetime, datetime]:
    """Return the calendar quarter that a moment is in, in UTC."""
    at = at.astimezone(UTC)
    begun = at.replace(month=at.month - (at.month - 1) % 3, day=1, hour=0, minute=0, second=0, microsecond=0)
    ahead = (begun.month + 3) // (MONTHS_A_YEAR + 1)
    return begun, begun.replace(year=begun.year + ahead, month=(begun.month + 2) % MONTHS_A_YEAR + 1)


class Bypass(StrEnum):
    """How an answer went past a rule that stood in its way."""

    EXCLUSION_LIFTED = "exclusion_lifted"
    GLASS_BROKEN = "glass_broken"
    GATE_EXCEPTION = "gate_exception"


class Case(Frozen):
    """One incident as the review looks at it."""

    told: Told
    classification: Classification
    ending: str | None = Field(None, description="code; None: it is open")
    closed_at: Instant | None = None
    fixed_at: Instant | None = None
    versions: Sha256Hex | None = Field(None, description="digest of what was evaluated after the fix")
    bypasses: tuple[Bypass, ...] = ()


class Missed(Frozen):
    """One near miss: nothing happened, and what could have."""

    id: str
    system: Slug
    actual: Band
    potential: Band | None = Field(description="None: what was reported is not there any more to ask")
    at: Instant


class RemedyState(StrEnum):
    """How far a change has come."""

    OPEN = "open"
    DONE = "done"
    DROPPED = "dropped"


class Remedy(Frozen):
    """One change because of an incident, with whoever owes it."""

    id: str
    incident: IncidentId
    system: Slug
    type: str
    owner: PersonId
    due: Instant
    state: RemedyState
    settled_at: Instant | None = None

    def open_at(self, at: datetime) -> bool:
        """Whether it was still owed at a moment; one without a time of settling counts as it is."""
        if self.settled_at is not None:
            return self.settled_at > at
        return self.state is RemedyState.OPEN


class Answer(StrEnum):
    """What people decided on the use of an AI system."""

    YES = "yes"
    NARROWED = "narrowed"
    NO = "no"


class UseDecision(Frozen):
    """Whether an AI system stays in use, as somebody decided for a period."""

    id: str = Field(description="`USE-<UTC day>-<6 characters>`")
    system: Slug
    since: Instant
    until: Instant
    answer: Answer
    owner: PersonId = Field(description="who answers for it")
    by: PersonId = Field(description="who put it on record")
    role: Role
    at: Instant
    reason: Sha256Hex = Field(description="digest of the sealed reason")


class Use(Frozen):
    """One AI system and what was decided on its use; unanswered is shown as such."""

    system: Slug
    name: str
    tier: Tier
    business_owner: PersonId
    registered: bool = True
    incidents: int = 0
    decision: UseDecision | None = None
    reason: str | None = Field(None, description="in clear; None: not given, or not to be opened")
    before: int = Field(0, description="answers for the same period that this one took the place of")


class RepeatedCause(Frozen):
    """Incidents of one AI system that share a root cause, and the controls that failed."""

    system: Slug
    root_cause: str
    controls: Mapping[str, int]
    incidents: tuple[IncidentId, ...]


class VersionChange(Frozen):
    """Versions that were changed because of an incident."""

    incident: IncidentId
    system: Slug
    at: Instant
    versions: Sha256Hex | None = Field(description="digest of what was evaluated; None: nothing was")


class Ended(Frozen):
    """An AI system that was not let run again as it was."""

    incident: IncidentId
    system: Slug
    how: str
    at: Instant


class Month(Frozen):
    """One month of the three aims."""

    name: str = Field(description="`2026-07`; with a + where only a part of it is in the period")
    incidents: int
    detection: Spread
    containment: Spread
    repeated: Rate = Field(description="of the incidents with a known root cause; the others are unknown")


class Quarter(Frozen):
    """The review of one period."""

    period: Period
    metrics: Metrics
    by_class: Mapping[Classification, int]
    by_cause: Mapping[str, int]
    by_control: Mapping[str, int]
    near_misses: tuple[Missed, ...]
    repeated: tuple[RepeatedCause, ...]
    open: tuple[Remedy, ...] = Field(description="changes still owed, the longest overdue first")
    done: tuple[Remedy, ...] = Field(description="changes proven in the period")
    versions: tuple[VersionChange, ...]
    ended: tuple[Ended, ...]
    uses: tuple[Use, ...]
    months: tuple[Month, ...]
    bypasses: Mapping[Bypass, int]
    bypassed: Rate = Field(description="answers that went past a rule, of decisions with an outcome")

    def overdue(self, one: Remedy) -> bool:
        """Whether a change that is still owed should have been there."""
        return one.due < self.period.as_of


class Found(Frozen):
    """What the register holds, before it is put together."""

    cases: tuple[Case, ...] = Field(description="of the period and the time before it")
    missed: tuple[Missed, ...]
    logged: int = Field(description="how many of them were logged without an incident")
    remedies: tuple[Remedy, ...]
    uses: tuple[Use, ...]


NOT_RUNNING: Final = frozenset({"not_restarted", "retired", "narrowed"})


def reviewed(found: Found, period: Period) -> Quarter:
    """Put the review of a period together."""
    cases = [one for one in found.cases if not one.told.exercise]
    near = [one.told for one in cases if one.told.opened_at >= period.since - REPEATED_WITHIN]
    metrics = measured(near, period.since, period.until, logged_near_misses=found.logged)
    inside = [one for one in cases if period.since <= one.told.opened_at < period.until]
    opened = Counter(one.told.system for one in inside)
    bypasses = Counter(bypass for one in inside for bypass in one.bypasses)
    return Quarter(
        period=period,
        metrics=metrics,
        by_class={kind: sum(one.classification is kind for one in inside) for kind in Classification},
        by_cause=_by_count(one.told.root_cause for one in inside),
        by_control=_by_count(one.told.failed_control for one in inside),
        near_misses=tuple(sorted(found.missed, key=lambda one: (one.at, one.id))),
        repeated=tuple(_repeated(metrics, {one.told.incident: one.told for one in cases})),
        open=tuple(
            sorted(
                (one for one in found.remedies if one.open_at(period.as_of)),
                key=lambda one: (one.due, one.incident, one.id),
            )
        ),
        done=tuple(
            sorted(
                (
                    one
                    for one in found.remedies
                    if one.state is RemedyState.DONE and period.holds(one.settled_at)
                ),
                key=lambda one: (one.settled_at or one.due, one.incident, one.id),
            )
        ),
        versions=tuple(_versions(cases, period)),
        ended=tuple(_ended(cases, period)),
        uses=tuple(one.model_copy(update={"incidents": opened[one.system]}) for one in found.uses),
        months=tuple(_months(inside, metrics, period)),
        bypasses={one: bypasses[one] for one in Bypass},
        bypassed=Rate(part=bypasses.total(), whole=sum(one.told.decided for one in inside)),
    )


def months_of(period: Period) -> Iterator[tuple[str, datetime, datetime]]:
    """Yield the calendar months of a period in UTC, those ahead left out; a + marks what is there in part."""
    at = period.since.astimezone(UTC)
    end = min(period.until, period.as_of).astimezone(UTC)
    while at < end:
        first = at.replace(day=1, hour=0, minute=0, second=0, microsecond=0)
        ahead = first.month // MONTHS_A_YEAR
        following = first.replace(year=first.year + ahead, month=first.month % MONTHS_A_YEAR + 1)
        last = min(following, end)
        yield f"{at:%Y-%m}{'' if (at, last) == (first, following) else '+'}", at, last
        at = last


def _months(inside: Sequence[Case], metrics: Metrics, period: Period) -> Iterator[Month]:
    again = {incident for chain in metrics.repeated for incident in chain.incidents[1:]}
    for name, since, until in months_of(period):
        told = [one.told for one in inside if since <= one.told.opened_at < until]
        known = [one for one in told if one.root_cause not in (None, UNKNOWN)]
        yield Month(
            name=name,
            incidents=len(told),
            detection=spread(_between(one.occurred_at, one.detected_at) for one in told),
            containment=spread(_between(one.detected_at, one.contained_at) for one in told if one.to_contain),
            repeated=Rate(
                part=sum(one.incident in again for one in known),
                whole=len(known),
                unknown=len(told) - len(known),
            ),
        )


def _repeated(metrics: Metrics, told: Mapping[IncidentId, Told]) -> Iterator[RepeatedCause]:
    for chain in metrics.repeated:
        controls = _by_count(told[one].failed_control for one in chain.incidents)
        yield RepeatedCause(
            system=chain.system, root_cause=chain.root_cause, controls=controls, incidents=chain.incidents
        )


def _versions(cases: Sequence[Case], period: Period) -> Iterator[VersionChange]:
    fixed = [(one.fixed_at, one) for one in cases if one.fixed_at is not None and period.holds(one.fixed_at)]
    for at, one in sorted(fixed, key=lambda pair: (pair[0], pair[1].told.incident)):
        yield VersionChange(incident=one.told.incident, system=one.told.system, at=at, versions=one.versions)


def _ended(cases: Sequence[Case], period: Period) -> Iterator[Ended]:
    over = [
        (one.closed_at, one.ending, one)
        for one in cases
        if one.closed_at is not None and one.ending in NOT_RUNNING and period.holds(one.closed_at)
    ]
    for at, how, one in sorted(over, key=lambda found: (found[0], found[2].told.incident)):
        yield Ended(incident=one.told.incident, system=one.told.system, how=how, at=at)


def _by_count(codes: Iterable[str | None]) -> dict[str, int]:
    """Return how often each code was found, the most frequent first and what is not known last."""
    counted = Counter(code or UNKNOWN for code in codes)
    return dict(sorted(counted.items(), key=lambda pair: (pair[0] == UNKNOWN, -pair[1], pair[0])))


def _between(begun: datetime | None, ended: datetime | None) -> float | None:
    """Return the seconds between; an end before its beginning is no measurement (MET-02)."""
    if begun is None or ended is None or ended < begun:
        return None
    return (ended - begun).total_seconds()
