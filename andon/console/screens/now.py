"""The first page: what is on fire, is it contained, what is asked of me, how long have I got."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from andon.console.models.waiting import AskedNow, OpenNow
from andon.console.screens.moments import Clock, clock
from andon.console.screens.parts import (
    IncidentLine,
    containment,
    incident_line,
    questions_over,
)
from andon.console.screens.words import CONTAINED, NOT_CONTAINED, Status

LINES_AT_MOST: Final = 50
ASKED_AT_MOST: Final = 20


@dataclass(frozen=True, slots=True)
class QuestionAsked:
    """What is asked, and how long there is."""

    title: str
    href: str
    clock: Clock | None


@dataclass(frozen=True, slots=True)
class Asked:
    """One question that waits for the reader."""

    question: QuestionAsked
    incident: str
    incident_title: str
    severity: Status
    containment: Status


@dataclass(frozen=True, slots=True)
class NowScreen:
    """The first page."""

    headline: str
    tone: str
    summary: str
    overdue: str
    """How many questions nobody has answered in time."""
    asked: tuple[Asked, ...]
    more_asked: int
    incidents: tuple[IncidentLine, ...]
    more: int


def now_screen(open_now: OpenNow, now: datetime, *, linked: bool) -> NowScreen:
    """Return the first page; what runs out first is at the top."""
    states: Counter[Status] = Counter()
    for one in open_now.counts:
        states[containment(one)] += one.count
    total = states.total()
    headline, tone = _headline(total, states[NOT_CONTAINED])
    return NowScreen(
        headline=headline,
        tone=tone,
        summary=_summary(total, states[NOT_CONTAINED], states[CONTAINED]),
        asked=tuple(_asked(one, now) for one in open_now.asked),
        more_asked=open_now.asked_in_all - len(open_now.asked),
        overdue=questions_over(sum(open_now.overdue.values())),
        incidents=_lines(open_now, now, linked=linked),
        more=total - len(open_now.incidents),
    )


def _headline(count: int, burning: int) -> tuple[str, str]:
    if not count:
        return "Nothing is on fire", "good"
    if burning:
        return f"{burning} {_incidents(burning)} not contained", "bad"
    return f"{count} {_incidents(count)} open, none burning", "calm"


def _summary(count: int, burning: int, contained: int) -> str:
    if not count:
        return "No incident is open."
    rest = count - burning - contained
    parts = [f"{count} open"] if burning else []
    parts += [f"{contained} contained and proven"] if contained else []
    parts += [f"{rest} with nothing to contain"] if rest else []
    text = ", ".join(parts)
    return f"{text[:1].upper()}{text[1:]}."


def _lines(open_now: OpenNow, now: datetime, *, linked: bool) -> tuple[IncidentLine, ...]:
    """Return the incidents; where a question is past its deadline, that has run out already."""
    first = sorted(open_now.incidents, key=lambda one: one.id not in open_now.overdue)
    return tuple(
        incident_line(one, now, linked=linked, overdue=open_now.overdue.get(one.id, 0)) for one in first
    )


def _incidents(count: int) -> str:
    return "incident" if count == 1 else "incidents"


def _asked(asked: AskedNow, now: datetime) -> Asked:
    line = incident_line(asked.incident, now, linked=True)
    return Asked(
        question=QuestionAsked(
            title=asked.title,
            href=f"/incidents/{line.id}/decisions/{asked.decision}",
            clock=clock(asked.deadline, now),
        ),
        incident=line.id,
        incident_title=line.title,
        severity=line.severity,
        containment=line.containment,
    )
