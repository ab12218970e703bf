"""Whether it has happened again: to the same AI system, by the same cause or past the same failed control.

A cause or control that nobody knows is the same as no other. An incident whose cause is not known yet is
counted as one that may be.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Final

from pydantic import Field

from andon.domain.change import ChangeType
from andon.domain.values import Carried, Frozen, IncidentId, Instant, PersonId, Slug

NOTHING_KNOWN: Final = frozenset({"", "unknown"})
NO_CONTROL: Final = "none_existed"
"""That there was no control is no control that two incidents could share."""

TOLD: Final = 100
"""So many incidents an entry names; of more it tells how many."""

ROOT_CAUSE: Final = "root_cause"
FAILED_CONTROL: Final = "failed_control"


class Causes(Carried):
    """Why an incident happened, and what should have caught it; empty where nobody has said so."""

    root_cause: str = ""
    failed_control: str = ""

    @property
    def known(self) -> bool:
        """Whether the cause is known."""
        return self.root_cause not in NOTHING_KNOWN

    def shares(self, other: Causes) -> tuple[str, ...]:
        """Return what two incidents have in common, as codes such as `root_cause:prompt_design`."""
        found = []
        if self.known and self.root_cause == other.root_cause:
            found.append(f"{ROOT_CAUSE}:{self.root_cause}")
        nameable = self.failed_control not in NOTHING_KNOWN | {NO_CONTROL}
        if nameable and self.failed_control == other.failed_control:
            found.append(f"{FAILED_CONTROL}:{self.failed_control}")
        return tuple(found)


def causes_of(findings: Mapping[str, str]) -> Causes:
    """Return what the findings of an incident say of its causes."""
    return Causes(root_cause=findings.get(ROOT_CAUSE, ""), failed_control=findings.get(FAILED_CONTROL, ""))


class Later(Carried):
    """An incident of the same AI system that opened after another was closed."""

    incident: IncidentId
    opened_at: Instant
    causes: Causes


class Again(Carried):
    """An incident that is one more of the same."""

    incident: IncidentId
    opened_at: Instant
    why: tuple[str, ...] = Field(description="what both have in common, as codes")


class Recurrence(Carried):
    """What one look has found."""

    days: int = Field(ge=1, description="how long after the close was looked back from")
    again: tuple[Again, ...] = ()
    unknown: int = Field(0, description="incidents in that time whose cause is not known yet")


def recurred(causes: Causes, closed_at: Instant, days: int, later: Iterable[Later]) -> Recurrence:
    """Return which incidents within some days of the close are one more of the same."""
    until = closed_at + timedelta(days=days)
    within = sorted(
        (one for one in later if closed_at < one.opened_at <= until),
        key=lambda one: (one.opened_at, one.incident),
    )
    again, unknown = [], 0
    for one in within:
        if why := causes.shares(one.causes):
            again.append(Again(incident=one.incident, opened_at=one.opened_at, why=why))
        elif not one.causes.known:
            unknown += 1
    return Recurrence(days=days, again=tuple(again), unknown=unknown)


def told_as_facts(found: Recurrence) -> dict[str, str | int | bool]:
    """Return what a look has found as an entry tells it: counts, and what was found, one fact an incident."""
    first = {one.incident: f"{one.opened_at.isoformat()} {','.join(one.why)}" for one in found.again[:TOLD]}
    return {"days": found.days, "again": len(found.again), "unknown": found.unknown, **first}


def recurrence_told(facts: Mapping[str, str | int | bool]) -> Recurrence:
    """Return what an entry tells of a look."""
    told = (
        (name, *str(value).split(" ", 1)) for name, value in sorted(facts.items()) if name.startswith("INC-")
    )
    again = [
        Again(incident=name, opened_at=datetime.fromisoformat(at), why=tuple(why.split(",")))
        for name, at, why in told
    ]
    again.sort(key=lambda one: (one.opened_at, one.incident))
    return Recurrence(days=int(facts["days"]), again=tuple(again), unknown=int(facts["unknown"]))


class Looked(Frozen):
    """One look at recurrence, as it counts for one change."""

    incident: IncidentId
    system: Slug
    change: str
    type: ChangeType
    owner: PersonId
    days: int
    measured_at: Instant
    in_effect_at: Instant | None = Field(description="when the change was proven; None: it was not")
    again: tuple[Again, ...] = ()
    unknown: int = 0

    @property
    def in_spite_of_it(self) -> int:
        """How many of them opened after the change was in effect."""
        if self.in_effect_at is None:
            return 0
        return sum(one.opened_at > self.in_effect_at for one in self.again)


class ControlRecurrence(Frozen):
    """How often it happened again after changes of one type, within one time."""

    type: ChangeType
    days: int
    measured: int = Field(description="changes that were looked at")
    recurred: int = Field(description="those after whose incident it happened again")
    in_spite: int = Field(description="those that were in effect by then")
    unknown: int = Field(description="those that can't be told of: later incidents without a known cause")


def by_control(looks: Sequence[Looked]) -> tuple[ControlRecurrence, ...]:
    """Return recurrence for each type of change and each time, in their order."""
    groups: dict[tuple[str, int], list[Looked]] = defaultdict(list)
    for one in looks:
        groups[one.type.value, one.days].append(one)
    return tuple(
        ControlRecurrence(
            type=ChangeType(kind),
            days=days,
            measured=len(found),
            recurred=sum(bool(one.again) for one in found),
            in_spite=sum(one.in_spite_of_it > 0 for one in found),
            unknown=sum(not one.again and one.unknown > 0 for one in found),
        )
        for (kind, days), found in sorted(groups.items())
    )
