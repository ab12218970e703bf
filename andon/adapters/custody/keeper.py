"""The custodian's round: each part of the work by itself, so that none waits for another."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Collection
from datetime import datetime
from typing import Any

from andon.adapters.custody.ending import Ended, Ending
from andon.adapters.custody.erasing import Erasing
from andon.adapters.custody.holding import Holding
from andon.adapters.store.access_log import LockedAccessLog
from andon.domain.custodian import CustodyDone
from andon.domain.errors import StoreConflictError
from andon.domain.run_alarm import RunAlarmKind
from andon.domain.values import IncidentId
from andon.register.access_chain import AccessChain
from andon.register.alarms import Alarms
from andon.register.custody import Erasures, Holds

log = logging.getLogger(__name__)


class Keeper:
    """Goes round."""

    def __init__(
        self,
        access: LockedAccessLog,
        chain: AccessChain,
        holds: Holds,
        erasures: Erasures,
        *,
        holding: Holding,
        erasing: Erasing,
        ending: Ending,
        alarms: Alarms,
        now: Callable[[], datetime],
    ) -> None:
        self._access = access
        self._chain = chain
        self._holds = holds
        self._erasures = erasures
        self._holding = holding
        self._erasing = erasing
        self._ending = ending
        self._alarms = alarms
        self._now = now

    async def round(self) -> CustodyDone:
        """Bring every hold, erasure and due item to where it should be; a repeat changes nothing."""
        failed: list[str] = []

        async def tried(name: str, work: Callable[[], Awaitable[Any]], otherwise: Any) -> Any:
            try:
                return await work()
            except Exception:
                # The store is away, or refuses one incident: the other parts must not wait for that.
                log.warning("custody: %s failed", name, exc_info=True)
                failed.append(name)
                return otherwise

        holds = await tried("holds", self._holding.settle, 0)
        erased = await tried("erasures", self._erasing.carry_out, 0)
        ended: Ended = await tried("what is due", self._ending.end, Ended())
        waiting = len(await asyncio.to_thread(self._chain.waiting))
        await tried("access chains", self._lock, None)
        return CustodyDone(
            locked=waiting,
            holds=holds,
            erased=erased,
            expired=ended.keyless,
            deleted=ended.deleted,
            extended=ended.extended,
            failed=tuple(failed),
        )

    async def _lock(self) -> None:
        """Lock every chain, and raise an alarm over each that differs from what is locked of it.

        Raises:
            ExceptionGroup: some could not be locked; each says why.
        """
        unlocked = await self._access.lock_all()
        forked = {one for one, error in unlocked.items() if isinstance(error, StoreConflictError)}
        await asyncio.to_thread(self._alarm, forked)
        if unlocked:
            message = f"{len(unlocked)} access chains could not be locked"
            raise ExceptionGroup(message, list(unlocked.values()))

    def _alarm(self, forked: Collection[IncidentId]) -> None:
        for incident in forked:
            self._alarms.raise_alarm(incident, RunAlarmKind.ACCESS_FORKED, {}, self._now())
        self._alarms.settle(RunAlarmKind.ACCESS_FORKED, forked, self._now())

    async def wanted(self) -> bool:
        """Whether somebody waits for a hold, its lifting, or an erasure."""
        return await asyncio.to_thread(lambda: self._holds.unsettled() or bool(self._erasures.unfinished()))
