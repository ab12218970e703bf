"""The log and the access chains looked after from beside: people hear of what does not hold any more.

Whoever signs the log can't be the one to notice that nothing is signed.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy.exc import SQLAlchemyError
from temporalio.service import RPCError

from andon.adapters.clock import utc_now
from andon.domain.directory import Role
from andon.domain.errands import NOBODY
from andon.domain.notice import ACCESS_FORKED, LOG_OVERDUE, Notice
from andon.domain.run_alarm import RunAlarmKind
from andon.ports import Outbox
from andon.register.alarms import Alarms
from andon.register.checkpoints import CheckpointLog

TOLD: Final = (Role.SECURITY, Role.CUSTODIAN)

log = logging.getLogger(__name__)


class LogCare:
    """Looks at the newest checkpoint, raises the alarm, and clears it once something is signed again."""

    def __init__(
        self,
        checkpoints: CheckpointLog,
        alarms: Alarms,
        outbox: Outbox,
        overdue: timedelta,
        now: Callable[[], datetime] = utc_now,
    ) -> None:
        self._checkpoints = checkpoints
        self._alarms = alarms
        self._outbox = outbox
        self._overdue = overdue
        self._now = now

    async def look(self) -> bool:
        """Look once; True: nothing was signed for longer than allowed, and people are told, once an alarm."""
        since = await asyncio.to_thread(self._late_since)
        if since is None:
            if NOBODY in await asyncio.to_thread(self._alarms.alarmed):
                await asyncio.to_thread(self._alarms.clear, [NOBODY], self._now())
            return False
        alarm = await asyncio.to_thread(
            self._alarms.raise_alarm,
            NOBODY,
            RunAlarmKind.LOG_OVERDUE,
            {"since": since.isoformat()},
            self._now(),
        )
        told = Notice(
            id=f"log/alarm/{alarm.number}",
            incident=NOBODY,
            roles=TOLD,
            about=LOG_OVERDUE,
            subject=since.isoformat(timespec="seconds"),
        )
        await self._outbox.post([told])
        return True

    async def tell_of_forks(self) -> int:
        """Tell people of each access chain that the custodian found forked, once; return how many stand."""
        found = await asyncio.to_thread(self._alarms.list, kind=RunAlarmKind.ACCESS_FORKED, only_open=True)
        for alarm in found:
            told = Notice(
                id=f"chain/alarm/{alarm.number}",
                incident=alarm.incident,
                roles=TOLD,
                about=ACCESS_FORKED,
            )
            # Each by itself: what stands differs from look to look, and a posting is known by all it holds.
            await self._outbox.post([told])
        return len(found)

    def _late_since(self) -> datetime | None:
        """Return since when nothing was signed, if that is too long; a log never signed yet is not late."""
        newest = self._checkpoints.newest()
        late = bool(newest) and self._now() - newest[0].checked_at > self._overdue
        return newest[0].checked_at if late else None


async def keep_log_watched(care: LogCare, every: timedelta, stop: asyncio.Event) -> None:
    """Look again and again until told to stop."""
    while not stop.is_set():
        try:
            await care.look()
            await care.tell_of_forks()
        except (RPCError, SQLAlchemyError) as error:
            log.warning("the log could not be looked after: %s", type(error).__name__)
        with suppress(TimeoutError):
            await asyncio.wait_for(stop.wait(), every.total_seconds())
