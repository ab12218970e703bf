"""The page for whoever audits."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from andon.console.handing_out import Apart, DownloadsShown
from andon.console.models.access import AccessFound
from andon.console.models.log import LogShown
from andon.console.screens.access import AccessTable
from andon.console.screens.alarms import AlarmLine, alarm_lines
from andon.console.screens.moments import Moment, maybe, moment
from andon.console.screens.verified import size_of
from andon.console.screens.words import Status, inert
from andon.domain.run_alarm import RunAlarm

SIGNED: Final = Status("signed in time", "✓", "good")
OVERDUE: Final = Status("not signed for longer than allowed", "!", "bad")


@dataclass(frozen=True, slots=True)
class Voucher:
    """Somebody who vouches for a checkpoint besides the log itself."""

    name: str
    state: Status
    at: Moment | None
    problem: str


@dataclass(frozen=True, slots=True)
class CheckpointBox:
    """The newest checkpoint."""

    state: Status
    origin: str
    size: str
    root: str
    made: Moment
    checked: Moment
    key: str
    witness_key: str
    note: str
    vouchers: tuple[Voucher, ...]


@dataclass(frozen=True, slots=True)
class ExportLine:
    """An incident that somebody exported."""

    incident: str
    who: str
    at: Moment


@dataclass(frozen=True, slots=True)
class AuditScreen:
    """The page."""

    checkpoint: CheckpointBox | None
    alarms: tuple[AlarmLine, ...]
    exports: tuple[ExportLine, ...]
    table: AccessTable
    most: str
    downloads: str
    apart: bool


def audit_screen(
    log: LogShown | None,
    alarms: Sequence[RunAlarm],
    exports: AccessFound,
    table: AccessTable,
    now: datetime,
    *,
    most: int,
    downloads: DownloadsShown,
) -> AuditScreen:
    """Return the page."""
    return AuditScreen(
        checkpoint=_checkpoint(log, now) if log is not None else None,
        alarms=alarm_lines(alarms, now),
        exports=tuple(
            ExportLine(one.incident, inert(one.actor.removeprefix("person:")), moment(one.at, now))
            for one in exports.entries
        ),
        table=table,
        most=size_of(most),
        downloads=downloads.detail,
        apart=downloads.apart is Apart.YES,
    )


def _checkpoint(log: LogShown, now: datetime) -> CheckpointBox:
    return CheckpointBox(
        state=OVERDUE if log.overdue else SIGNED,
        origin=inert(log.origin),
        size=f"{log.size:,}",
        root=log.root,
        made=moment(log.made_at, now),
        checked=moment(log.checked_at, now),
        key=inert(log.key),
        witness_key=inert(log.witness_key),
        note=log.note,
        vouchers=(
            _voucher("A time stamp", "stamped", log.stamped_at, log.stamp_problem, now, did=log.stamped),
            _voucher("The witness", "signed", log.witnessed_at, log.witness_problem, now, did=log.witnessed),
        ),
    )


def _voucher(
    name: str, word: str, at: datetime | None, problem: str | None, now: datetime, *, did: bool
) -> Voucher:
    if did:
        state = Status(word, "✓", "good")
    elif problem:
        state = Status(f"not {word}", "!", "bad")
    elif at is None:
        state = Status("none is set up, or none was asked yet", "-", "quiet")
    else:
        state = Status(f"not {word} yet", "…", "warn")
    return Voucher(name, state, maybe(at, now), inert(problem or ""))
