"""Alarms about incidents' workflows, in calm words."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from andon.console.screens.moments import Moment, maybe, moment
from andon.domain.run_alarm import RunAlarm, RunAlarmKind

SHOWN_FOR: Final = timedelta(hours=24)
"""An alarm that is over stays on the first page for so long: it passes in a minute, and must be seen."""

WHAT: Final = {
    RunAlarmKind.TERMINATED: "Its workflow was terminated in Temporal.",
    RunAlarmKind.CANCELLED: "Its workflow was cancelled in Temporal.",
    RunAlarmKind.FAILED: "Its workflow failed.",
    RunAlarmKind.TIMED_OUT: "Its workflow ran out of time.",
    RunAlarmKind.COMPLETED: "Its workflow ended before the incident was closed.",
    RunAlarmKind.GONE: "Its workflow was deleted from Temporal.",
    RunAlarmKind.ACCESS_FORKED: "The list of who looked at its evidence differs from what is locked of it.",
    RunAlarmKind.LOG_OVERDUE: "The log over all incidents was not signed for longer than allowed.",
    RunAlarmKind.RESET: "Its workflow was set back to an earlier point in Temporal.",
}


@dataclass(frozen=True, slots=True)
class AlarmLine:
    """One alarm."""

    incident: str | None
    """None: it is about the log over all incidents."""
    what: str
    now: str
    at: Moment
    over: Moment | None


def log_line(since: datetime, now: datetime) -> AlarmLine:
    """Return the alarm that the log was not signed since a moment."""
    return AlarmLine(
        incident=None,
        what="The log over all incidents is not signed any more, the last time",
        now="What is written since then is not yet proven to be whole.",
        at=moment(since, now),
        over=None,
    )


def alarm_lines(alarms: Sequence[RunAlarm], now: datetime) -> tuple[AlarmLine, ...]:
    """Return alarms as pages show them."""
    return tuple(
        AlarmLine(
            incident=None if one.kind is RunAlarmKind.LOG_OVERDUE else one.incident,
            what=WHAT[one.kind],
            now=_now(one),
            at=moment(one.at, now),
            over=maybe(one.cleared_at, now),
        )
        for one in alarms
        # While it stands, the log's own line says so, as it is this minute.
        if one.kind is not RunAlarmKind.LOG_OVERDUE or one.cleared_at is not None
    )


def _now(one: RunAlarm) -> str:
    if one.kind is RunAlarmKind.LOG_OVERDUE:
        return "It is signed again."
    if one.kind is RunAlarmKind.ACCESS_FORKED:
        return "They agree again." if one.cleared_at else "None of its evidence is shown or given out."
    goes_on = "The incident goes on." if one.cleared_at else "Andon is starting it again."
    return f"Everything held stays held. {goes_on}"
