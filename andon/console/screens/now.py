"""The first page: what is on fire, is it contained, what is asked of me, how long have I got."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from andon.console.models.incident import IncidentListed
from andon.console.models.waiting import OpenNow, Waiting
from andon.console.screens.parts import (
    SEVERITIES,
    IncidentLine,
    QuestionLine,
    containment,
    incident_line,
    question_line,
)
from andon.console.screens.words import CONTAINED, NOT_CONTAINED, Status

LINES_AT_MOST: Final = 50
ASKED_AT_MOST: Final = 20


@dataclass(frozen=True, slots=True)
class Asked:
    """One question that waits for the reader."""

    question: QuestionLine
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
    asked: tuple[Asked, ...]
    more_asked: int
    incidents: tuple[IncidentLine, ...]
    more: int


def now_screen(open_now: OpenNow, now: datetime, *, linked: bool) -> NowScreen:
    """Return the first page; what runs out first is at the top."""
    by_id = {one.id: one for one in open_now.shown}
    heads = open_now.heads
    lines = tuple(incident_line(by_id[one.incident], now, linked=linked) for one in heads[:LINES_AT_MOST])
    states = Counter(containment(one) for one in heads)
    burning, contained = states[NOT_CONTAINED], states[CONTAINED]
    headline, tone = _headline(len(heads), burning)
    return NowScreen(
        headline=headline,
        tone=tone,
        summary=_summary(len(heads), burning, contained),
        asked=tuple(_asked(one, by_id, now) for one in open_now.waiting),
        more_asked=open_now.asked - len(open_now.waiting),
        incidents=lines,
        more=len(heads) - len(lines),
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
    parts = [f"{count} {_incidents(count)} open"]
    parts += [f"{contained} contained and proven"] if contained else []
    parts += [f"{rest} with nothing to contain"] if rest else []
    return ": ".join((parts[0], ", ".join(parts[1:]))) + "." if len(parts) > 1 else parts[0] + "."


def _incidents(count: int) -> str:
    return "incident" if count == 1 else "incidents"


def _asked(waiting: Waiting, by_id: dict[str, IncidentListed], now: datetime) -> Asked:
    incident = by_id[waiting.incident]
    line = incident_line(incident, now, linked=True)
    return Asked(
        question=question_line(waiting.decision, waiting.incident, now, mine=True),
        incident=waiting.incident,
        incident_title=line.title,
        severity=SEVERITIES[waiting.severity],
        containment=line.containment,
    )
