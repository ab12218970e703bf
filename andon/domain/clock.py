"""Deadlines that end in a decision: reminder, breach, ladder, safe default.

Times are absolute and in UTC; whoever opens a question computes them once.
"""

from __future__ import annotations

from enum import StrEnum

from andon.domain.decision import DecisionRecord
from andon.domain.directory import Role
from andon.domain.values import Carried, Instant


class AlarmKind(StrEnum):
    """What falls due on a question nobody has settled."""

    REMINDER = "reminder"
    BREACH = "breach"
    RUNG = "rung"
    DEFAULT = "default"


class Alarm(Carried):
    """One thing that falls due, and exactly when; it is recorded with that time."""

    kind: AlarmKind
    at: Instant
    role: Role | None = None
    rung: int = 0


def alarms(record: DecisionRecord) -> tuple[Alarm, ...]:
    """Return what has yet to fall due on an open question, earliest first."""
    request = record.request
    if request.deadline is None or not record.open:
        return ()
    ahead: list[Alarm] = []
    if request.remind_at is not None and not record.reminded and not record.breached:
        ahead.append(Alarm(kind=AlarmKind.REMINDER, at=request.remind_at))
    if not record.breached:
        ahead.append(Alarm(kind=AlarmKind.BREACH, at=request.deadline))
    for number, rung in enumerate(request.ladder):
        if number >= record.rungs_reached:
            due = request.deadline + rung.after
            ahead.append(Alarm(kind=AlarmKind.RUNG, at=due, role=rung.role, rung=number))
    if request.default is not None and request.default_at is not None and not record.defaulted:
        ahead.append(Alarm(kind=AlarmKind.DEFAULT, at=request.default_at))
    return tuple(sorted(ahead, key=lambda alarm: alarm.at))


def sound(record: DecisionRecord, alarm: Alarm) -> DecisionRecord:
    """Return the record after an alarm: each one sounds exactly once."""
    if alarm.kind is AlarmKind.REMINDER:
        return record.model_copy(update={"reminded": True})
    if alarm.kind is AlarmKind.BREACH:
        return record.model_copy(update={"breached": True})
    if alarm.kind is AlarmKind.RUNG:
        return record.model_copy(update={"rungs_reached": alarm.rung + 1})
    return record.model_copy(update={"defaulted": True})
