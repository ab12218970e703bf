"""What an incident's workflow remembered at each moment, held to the ledger, and what changed in between.

A moment is worth what the ledger says: it counts once the entries that made it are at rest there, as they
were written. Where a replay brings out other entries, it departs from what happened.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Final

from pydantic import Field

from andon.domain.custody import Access
from andon.domain.directory import Role
from andon.domain.ledger import Entry, Kind
from andon.domain.values import Frozen, Instant, PersonId, Sha256Hex

AFTER: Final = "after-"
"""What the name of a moment after the close begins with; its number follows."""

MARKED: Final = (
    Kind.INCIDENT_OPENED,
    Kind.CONTAINED,
    Kind.NOT_ENFORCED,
    Kind.ORDER_UNPROVEN,
    Kind.SEVERITY_RAISED,
    Kind.SEVERITY_LOWERED,
    Kind.DECISION_SETTLED,
    Kind.DEFAULT_APPLIED,
    Kind.DEADLINE_BREACHED,
    Kind.STAGE_OVERDUE,
    Kind.ESCALATED,
    Kind.EVIDENCE_SEALED,
    Kind.GATE_OPENED,
    Kind.RESTARTED,
    Kind.RELAPSE,
    Kind.STOOD_DOWN,
    Kind.CLOSED,
)
"""What marks a moment as one to look at."""


class StageThen(Frozen):
    """One stage of the loop that had begun."""

    stage: str
    state: str
    owner: Role | None
    due: Instant | None


class OrderThen(Frozen):
    """A containment order."""

    state: str
    lever: str
    verb: str
    target: str


class QuestionThen(Frozen):
    """An open question: its clock, whom it asked, and who had answered."""

    kind: str
    deadline: Instant | None
    roles: tuple[Role, ...]
    answers: dict[PersonId, str] = Field(default_factory=dict)
    breached: bool = False
    rungs: int = 0
    defaulted: bool = False


class SealThen(Frozen):
    """A sealed snapshot of the evidence."""

    root: Sha256Hex
    sealed_at: Instant
    items: int
    gaps: int


class Moment(Frozen):
    """What was so when the workflow went on after it had written entries."""

    name: str = Field(description="number of the last entry that made it; `after-<n>` after the close")
    at: Instant
    run: str
    entries: tuple[Entry, ...] = Field((), description="the entries of the response chain that made it")
    step: Access | None = Field(None, description="what made it, after the close")
    stage: str
    stages: tuple[StageThen, ...] = ()
    severity: str
    classification: str
    contained: bool
    lead: str = ""
    gate_open: bool | None = None
    evidence: tuple[SealThen, ...] = ()
    orders: dict[str, OrderThen] = Field(default_factory=dict)
    open: dict[str, QuestionThen] = Field(default_factory=dict)
    decided: dict[str, str] = Field(default_factory=dict)
    facts: dict[str, str] = Field(default_factory=dict, description="what had been found and stated")
    told: dict[str, tuple[str, ...]] = Field(
        default_factory=dict, description="roles -> what notices they had been sent"
    )
    knew: dict[PersonId, tuple[str, ...]] = Field(
        default_factory=dict, description="people -> what they had opened and said"
    )
    changes: dict[str, str] = Field(default_factory=dict, description="each promised change -> its state")

    @property
    def sequence(self) -> int | None:
        """Number of the last entry that made it; None: it was made after the close."""
        return self.entries[-1].sequence if self.entries else None

    @property
    def marks(self) -> tuple[Entry, ...]:
        """The entries that mark it as one to look at."""
        return tuple(one for one in self.entries if one.kind in MARKED)


class RunThen(Frozen):
    """One run of a workflow, and whether it replays on this code."""

    workflow: str
    run: str
    began_at: Instant
    events: int
    began: str = Field(description="`first`, `continued`, `reset` or `follow_up`")
    problem: str | None = None


class Relived(Frozen):
    """What came of running the histories of an incident again."""

    moments: tuple[Moment, ...]
    runs: tuple[RunThen, ...]
    recorded_by: tuple[str, ...] = Field(description="builds that ran it, as its histories say")
    replayed_by: str
    source: str = Field("temporal", description="`temporal`, or the key of the archive")


class Line(Frozen):
    """All moments of an incident that the ledger bears out, oldest first."""

    moments: tuple[Moment, ...]
    runs: tuple[RunThen, ...]
    recorded_by: tuple[str, ...]
    replayed_by: str
    source: str
    departs_at: int | None = Field(description="entry at which the replay departs from what happened")
    untold: tuple[tuple[int, int], ...] = Field(
        description="entries, from and to, that no history tells of any more"
    )

    @property
    def fits(self) -> bool:
        """Whether every run replays on this code, and brings out what the ledger has."""
        return self.departs_at is None and all(one.problem is None for one in self.runs)


class Difference(Frozen):
    """One thing that is not as it was at the moment before."""

    what: str
    name: str
    before: str | None
    after: str | None


def line_of(relived: Relived, entries: Sequence[Entry]) -> Line:
    """Hold what was relived to the response chain as it is at rest.

    A run that was set back wrote batches that came to no rest: another history had written before it.
    They differ from the ledger, and what they differ in is borne out by that other history.
    """
    ledger = {entry.sequence: entry for entry in entries}
    borne = [
        one for one in relived.moments if all(ledger.get(entry.sequence) == entry for entry in one.entries)
    ]
    covered = {entry.sequence for one in borne for entry in one.entries}
    differing = [
        entry.sequence
        for one in relived.moments
        for entry in one.entries
        if entry.sequence in ledger and entry.sequence not in covered and ledger[entry.sequence] != entry
    ]
    untold = [number for number in sorted(ledger) if number not in covered]
    broken = {one.run for one in relived.runs if one.problem is not None}
    return Line(
        moments=tuple(_together(borne)),
        runs=relived.runs,
        recorded_by=relived.recorded_by,
        replayed_by=relived.replayed_by,
        source=relived.source,
        departs_at=min(differing) if differing else _broken_at(borne, broken, untold),
        untold=tuple(_ranges(untold)),
    )


def _broken_at(borne: Sequence[Moment], broken: Collection[str], untold: Sequence[int]) -> int | None:
    """Return the first entry after what broken runs still tell; the last they tell of if there is none."""
    if not broken:
        return None
    reached = max((one.sequence or 0 for one in borne if one.run in broken), default=-1)
    return next((number for number in untold if number > reached), max(reached, 0))


def moment_at(moments: Sequence[Moment], at: datetime) -> Moment | None:
    """Return the last moment up to a time; None: nothing had happened yet."""
    before = [one for one in moments if one.at <= at]
    return before[-1] if before else None


def moment_of(moments: Sequence[Moment], name: str) -> Moment | None:
    """Return the moment that an entry made, or one after the close by its name; None: there is none."""
    if not name.isdecimal():
        return next((one for one in moments if one.name == name), None)
    number = int(name)
    return next((one for one in moments if one.sequence is not None and one.sequence >= number), None)


def changed(before: Moment | None, after: Moment) -> tuple[Difference, ...]:
    """Return what is not as it was, in the order in which it is shown."""
    old, new = (_plain(before) if before else {}), _plain(after)
    names = [*new, *(one for one in old if one not in new)]
    return tuple(
        Difference(what=what, name=name, before=old.get((what, name)), after=new.get((what, name)))
        for what, name in names
        if old.get((what, name)) != new.get((what, name))
    )


def _plain(one: Moment) -> dict[tuple[str, str], str]:
    """Return a moment as single values, each under what it is of and its name."""
    single = {
        "stage": one.stage,
        "severity": one.severity,
        "classification": one.classification,
        "contained": "yes" if one.contained else "no",
        "lead": one.lead,
        "gate": {None: "", True: "open", False: "shut"}[one.gate_open],
    }
    many: dict[str, Mapping[str, str]] = {
        "stages": {stage.stage: stage.state for stage in one.stages},
        "orders": {name: order.state for name, order in one.orders.items()},
        "open": {name: _asked(question) for name, question in one.open.items()},
        "decided": one.decided,
        "facts": one.facts,
        "evidence": {seal.root: f"{seal.items} items, {seal.gaps} gaps" for seal in one.evidence},
        "told": {role: ", ".join(what) for role, what in one.told.items()},
        "knew": {person: ", ".join(what) for person, what in one.knew.items()},
        "changes": one.changes,
    }
    flat = {(what, ""): value for what, value in single.items() if value}
    return flat | {(what, name): value for what, found in many.items() for name, value in found.items()}


def _asked(question: QuestionThen) -> str:
    parts = (
        question.deadline.isoformat() if question.deadline else "",
        " ".join(question.roles),
        " ".join(f"{person}={said}" for person, said in question.answers.items()),
        f"{question.breached} {question.rungs} {question.defaulted}",
    )
    return "; ".join(parts)


def _together(moments: Iterable[Moment]) -> Iterator[Moment]:
    """Yield the moments in order, each with all that people had been told and had said by then."""
    told: dict[str, tuple[str, ...]] = {}
    knew: dict[PersonId, tuple[str, ...]] = {}
    for one in sorted(moments, key=_place):
        told = _joined(told, one.told)
        knew = _joined(knew, one.knew)
        yield one.model_copy(update={"told": told, "knew": knew})


def _place(one: Moment) -> tuple[bool, int]:
    """Return where a moment stands: by its entry, and after all of those by its step."""
    return (True, int(one.name.removeprefix(AFTER))) if one.sequence is None else (False, one.sequence)


def _joined(
    before: dict[str, tuple[str, ...]], more: Mapping[str, tuple[str, ...]]
) -> dict[str, tuple[str, ...]]:
    found = dict(before)
    for name, what in more.items():
        had = found.get(name, ())
        found[name] = (*had, *(one for one in dict.fromkeys(what) if one not in had))
    return found


def _ranges(numbers: Sequence[int]) -> Iterator[tuple[int, int]]:
    """Yield runs of numbers that follow each other, as first and last."""
    first = last = None
    for number in numbers:
        if first is None or last is None or number != last + 1:
            if first is not None and last is not None:
                yield first, last
            first = number
        last = number
    if first is not None and last is not None:
        yield first, last
