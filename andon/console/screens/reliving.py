"""The slider through an incident: where its marks stand, what was replayed, and the moment it stands at."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from andon.console.screens.moments import Moment
from andon.console.screens.parts import UNTITLED
from andon.console.screens.then import ThenBox, exact, headline, then_box
from andon.console.screens.words import inert
from andon.domain.ledger import Kind
from andon.domain.relived import Line
from andon.domain.relived import Moment as Then
from andon.domain.values import IncidentId

WIDTH: Final = 1000
LANES: Final = {
    Kind.CONTAINED: "held",
    Kind.NOT_ENFORCED: "held",
    Kind.ORDER_UNPROVEN: "held",
    Kind.RESTARTED: "held",
    Kind.RELAPSE: "held",
    Kind.DECISION_SETTLED: "decided",
    Kind.DEFAULT_APPLIED: "decided",
    Kind.STOOD_DOWN: "decided",
    Kind.GATE_OPENED: "decided",
    Kind.CLOSED: "decided",
    Kind.ESCALATED: "raised",
    Kind.SEVERITY_RAISED: "raised",
    Kind.SEVERITY_LOWERED: "raised",
    Kind.DEADLINE_BREACHED: "late",
    Kind.STAGE_OVERDUE: "late",
}
"""In which lane of the strip a kind of entry is marked; others are in the list alone."""
TOPS: Final = {"held": 0, "decided": 10, "raised": 20, "late": 30}
MARKS_AT_MOST: Final = 150
"""Of a very long incident, the first and the last so many marks are listed."""
PROBLEM_AT_MOST: Final = 400
_SAID: Final = re.compile(r'message: "(?:\[[A-Z0-9]+\] )?((?:[^"\\]|\\.)+)"')
BEGAN: Final = {
    "first": "began",
    "continued": "went on as a new run",
    "reset": "was reset, and went on from there",
    "follow_up": "follows up after the close",
}


@dataclass(frozen=True, slots=True)
class Tick:
    """A mark on the strip."""

    x: int
    top: int
    lane: str


@dataclass(frozen=True, slots=True)
class Band:
    """A stretch of the strip in which all was contained and proven."""

    x: int
    width: int


@dataclass(frozen=True, slots=True)
class Stop:
    """A moment one can go to."""

    name: str
    place: int
    text: str
    here: bool


@dataclass(frozen=True, slots=True)
class RunLine:
    """A run that was replayed."""

    run: str
    began: str
    at: Moment
    events: int
    problem: str


@dataclass(frozen=True, slots=True)
class ReplayBox:
    """What was replayed with what, and whether it fits."""

    fits: bool
    departs_at: int | None
    untold: tuple[str, ...]
    recorded_by: tuple[str, ...]
    replayed_by: str
    same: bool
    archive: str
    runs: tuple[RunLine, ...]


@dataclass(frozen=True, slots=True)
class Slider:
    """The moments as one line."""

    count: int
    place: int
    x: int
    first: Stop | None
    previous: Stop | None
    next: Stop | None
    last: Stop | None
    stops: tuple[Stop, ...]
    more: int
    ticks: tuple[Tick, ...]
    bands: tuple[Band, ...]


@dataclass(frozen=True, slots=True)
class RelivingScreen:
    """The page."""

    incident: IncidentId
    title: str
    slider: Slider
    name: str
    words: str
    then: ThenBox | None
    replay: ReplayBox
    typed: str
    problem: str


def reliving_screen(
    incident: IncidentId,
    line: Line,
    then: Then | None,
    now: datetime,
    *,
    title: str | None = None,
    typed: str = "",
    problem: str = "",
    part: bool = False,
) -> RelivingScreen:
    """Return the page at one moment; None: nothing had happened yet, or there is no moment at all.

    With `part` the page around it is there already, and what only that shows is left out.
    """
    moments = line.moments
    place = moments.index(then) if then is not None else -1
    before = moments[place - 1] if place > 0 else None
    return RelivingScreen(
        incident=incident,
        title=inert(title) if title else UNTITLED,
        slider=_slider(line, place, now, part=part),
        name=then.name if then else "",
        words=_words(then, place, len(moments), now),
        then=then_box(incident, then, before, now) if then else None,
        replay=_replay(line, now),
        typed=typed,
        problem=problem,
    )


def _words(then: Then | None, place: int, count: int, now: datetime) -> str:
    if then is None:
        return "Nothing had happened yet"
    return f"Moment {place + 1} of {count}, {exact(then.at, now).text}: {headline(then, now)}"


def _slider(line: Line, place: int, now: datetime, *, part: bool) -> Slider:
    moments = line.moments
    count = len(moments)
    marked = (
        []
        if part
        else [
            number for number, one in enumerate(moments) if one.marks or one.step or number in (0, count - 1)
        ]
    )
    shown = marked
    if len(marked) > MARKS_AT_MOST:
        half = MARKS_AT_MOST // 2
        shown = sorted({*marked[:half], *marked[-half:], *([place] if place in marked else [])})

    def stop(number: int) -> Stop | None:
        if not 0 <= number < count:
            return None
        one = moments[number]
        text = f"{exact(one.at, now).text} · {headline(one, now)}"
        return Stop(one.name, number + 1, text, here=number == place)

    return Slider(
        count=count,
        place=place + 1,
        x=_x(max(place, 0), count),
        first=stop(0) if place > 0 else None,
        previous=stop(place - 1),
        next=stop(place + 1),
        last=stop(count - 1) if place < count - 1 else None,
        stops=tuple(found for number in shown if (found := stop(number)) is not None),
        more=len(marked) - len(shown),
        ticks=() if part else _ticks(moments),
        bands=() if part else _bands(moments),
    )


def _ticks(moments: tuple[Then, ...]) -> tuple[Tick, ...]:
    found: dict[tuple[int, str], Tick] = {}
    for number, one in enumerate(moments):
        for entry in one.marks:
            lane = LANES.get(Kind(entry.kind))
            if lane is not None:
                x = _x(number, len(moments))
                found[x, lane] = Tick(x, TOPS[lane], lane)
    return tuple(found.values())


def _bands(moments: tuple[Then, ...]) -> tuple[Band, ...]:
    found: list[Band] = []
    begun: int | None = None
    for number, one in enumerate(moments):
        if one.contained and begun is None:
            begun = number
        ended = number if not one.contained else number if number == len(moments) - 1 else None
        if begun is not None and ended is not None:
            x = _x(begun, len(moments))
            found.append(Band(x, _x(ended, len(moments)) - x))
            begun = None
    return tuple(found)


def _x(number: int, count: int) -> int:
    return round(WIDTH * number / (count - 1)) if count > 1 else 0


def _replay(line: Line, now: datetime) -> ReplayBox:
    return ReplayBox(
        fits=line.fits,
        departs_at=line.departs_at,
        untold=tuple(
            f"entry {first}" if first == last else f"entries {first} to {last}" for first, last in line.untold
        ),
        recorded_by=line.recorded_by,
        replayed_by=line.replayed_by,
        same=set(line.recorded_by) == {line.replayed_by},
        archive="" if line.source == "temporal" else line.source,
        runs=tuple(
            RunLine(one.run, BEGAN[one.began], exact(one.began_at, now), one.events, _brief(one.problem))
            for one in line.runs
        ),
    )


def _brief(problem: str | None) -> str:
    """Return why a run does not replay, without what the engine wraps around it."""
    found = _SAID.search(problem or "")
    return inert((found[1] if found else problem or "")[:PROBLEM_AT_MOST])
