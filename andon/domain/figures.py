"""How the response to incidents went, in figures: what took how long, what was late, what was not seen."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from pydantic import Field

from andon.domain.containment import Verb
from andon.domain.decision import DecisionKind
from andon.domain.detection import IncidentType
from andon.domain.evidence import GapReason
from andon.domain.metrics import Spread, spread
from andon.domain.severity import Band
from andon.domain.values import Frozen, IncidentId, Instant, Slug

MEDIAN_FROM: Final = 5
"""Of fewer cases a median says less than the cases themselves; they are listed."""
P90_FROM: Final = 10
"""Of fewer, the 90th percentile by nearest rank is the longest one or the one before it."""


class Asked(Frozen):
    """Which incidents are meant: those opened in a period, and what else narrows them."""

    since: Instant
    until: Instant = Field(description="not included")
    system: Slug | None = None
    severity: Band | None = Field(None, description="as it stands now")
    type: IncidentType | None = None


class Waited(Frozen):
    """One question: how long until it was decided, and whether its deadline passed before that."""

    kind: DecisionKind
    seconds: float | None = Field(description="None: it is open")
    late: bool
    rungs: int = Field(0, description="authorities it was taken to after its deadline")


class Looks(Frozen):
    """How orders of one verb were proven: at the first look, at a later one, or not at all."""

    verb: Verb
    first: int = 0
    later: int = 0
    never: int = 0


class Acted(Frozen):
    """What one incident adds to the figures. Seconds are None where it has not happened, or is not known."""

    incident: IncidentId
    system: Slug
    severity: Band
    opened_at: Instant
    open: bool
    near_miss: bool = False
    to_acknowledge: float | None = None
    to_contain: float | None = None
    contains: bool = Field(True, description="whether anything was to be contained")
    to_restart: float | None = None
    restarts: bool = Field(True, description="whether it was, or still may be, restarted")
    waits: tuple[Waited, ...] = ()
    relapses: int = 0
    gaps: Mapping[GapReason, int] = Field(default_factory=dict)
    rows: int = Field(0, description="rows of evidence that were required")
    looks: tuple[Looks, ...] = ()


class Point(Frozen):
    """One case."""

    incident: IncidentId
    opened_at: Instant
    seconds: float


class Step(Frozen):
    """How long one step took, over all cases; `spread` counts those that are open or not known."""

    spread: Spread
    points: tuple[Point, ...] = Field((), description="each case that is known, oldest first")


class Decided(Frozen):
    """How questions of one kind were answered."""

    kind: DecisionKind
    spread: Spread = Field(description="seconds from question to outcome; unknown: still open")
    late: int = Field(description="whose deadline passed first, open ones included")
    rungs: int = Field(description="times that the next authority was called")


class Figures(Frozen):
    """How the response went in a period."""

    asked: Asked
    as_of: Instant
    opened: int
    still_open: int
    near_misses: int = Field(description="incidents that were caught in time")
    logged: int = Field(description="near misses that were kept without an incident")
    by_severity: Mapping[Band, int]
    openings: tuple[Instant, ...] = Field(description="when each was opened, oldest first")
    acknowledged: Step = Field(description="from receipt to the owner's first word")
    contained: Step = Field(description="from detection to the proof that all of it is contained")
    restarted: Step = Field(description="from receipt to the restart")
    decided: tuple[Decided, ...] = Field(description="kinds that were asked, most often first")
    relapses: int
    relapsed: int = Field(description="incidents that relapsed at least once")
    watched: int = Field(description="incidents that were restarted")
    escalations: int
    gaps: Mapping[GapReason, int]
    rows: int = Field(description="rows of evidence required, in the last snapshot of each incident")
    looks: tuple[Looks, ...] = Field(description="by verb")

    @property
    def proven(self) -> tuple[int, int]:
        """Orders proven at the first look, and orders in all."""
        first = sum(one.first for one in self.looks)
        return first, first + sum(one.later + one.never for one in self.looks)


def counted(cases: Iterable[Acted], asked: Asked, as_of: Instant, *, logged: int = 0) -> Figures:
    """Return the figures of incidents, oldest first; what is not known is counted and never nought."""
    every = sorted(cases, key=lambda one: (one.opened_at, one.incident))
    gaps: Counter[GapReason] = Counter()
    for one in every:
        gaps.update(one.gaps)
    restarted = [one for one in every if one.restarts]
    return Figures(
        asked=asked,
        as_of=as_of,
        opened=len(every),
        still_open=sum(one.open for one in every),
        near_misses=sum(one.near_miss for one in every),
        logged=logged,
        by_severity={band: sum(one.severity is band for one in every) for band in Band},
        openings=tuple(one.opened_at for one in every),
        acknowledged=_step(every, [one.to_acknowledge for one in every]),
        contained=_step(
            [one for one in every if one.contains], [one.to_contain for one in every if one.contains]
        ),
        restarted=_step(restarted, [one.to_restart for one in restarted]),
        decided=_decided([wait for one in every for wait in one.waits]),
        relapses=sum(one.relapses for one in every),
        relapsed=sum(one.relapses > 0 for one in every),
        watched=sum(one.to_restart is not None for one in every),
        escalations=sum(wait.rungs for one in every for wait in one.waits),
        gaps=dict(gaps.most_common()),
        rows=sum(one.rows for one in every),
        looks=_looks([look for one in every for look in one.looks]),
    )


def _step(cases: Sequence[Acted], values: Sequence[float | None]) -> Step:
    return Step(
        spread=spread(values),
        points=tuple(
            Point(incident=one.incident, opened_at=one.opened_at, seconds=value)
            for one, value in zip(cases, values, strict=True)
            if value is not None
        ),
    )


def _decided(waits: Sequence[Waited]) -> tuple[Decided, ...]:
    asked: dict[DecisionKind, list[Waited]] = {}
    for one in waits:
        asked.setdefault(one.kind, []).append(one)
    return tuple(
        Decided(
            kind=kind,
            spread=spread(one.seconds for one in of_kind),
            late=sum(one.late for one in of_kind),
            rungs=sum(one.rungs for one in of_kind),
        )
        for kind, of_kind in sorted(asked.items(), key=lambda pair: (-len(pair[1]), pair[0]))
    )


def _looks(looks: Sequence[Looks]) -> tuple[Looks, ...]:
    seen: dict[Verb, list[Looks]] = {}
    for one in looks:
        seen.setdefault(one.verb, []).append(one)
    return tuple(
        Looks(
            verb=verb,
            first=sum(one.first for one in seen[verb]),
            later=sum(one.later for one in seen[verb]),
            never=sum(one.never for one in seen[verb]),
        )
        for verb in Verb
        if verb in seen
    )
