"""The custodian's round: each part of the work by itself, so that none waits for another."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import Any

from andon.adapters.custody.ending import Ended, Ending
from andon.adapters.custody.erasing import Erasing
from andon.adapters.custody.holding import Holding
from andon.adapters.store.access_log import LockedAccessLog
from andon.domain.custodian import CustodyDone
from andon.register.access_chain import AccessChain
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
    ) -> None:
        self._access = access
        self._chain = chain
        self._holds = holds
        self._erasures = erasures
        self._holding = holding
        self._erasing = erasing
        self._ending = ending

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
        await tried("access chains", self._access.lock_all, None)
        return CustodyDone(
            locked=waiting,
            holds=holds,
            erased=erased,
            expired=ended.keyless,
            deleted=ended.deleted,
            extended=ended.extended,
            failed=tuple(failed),
        )

    async def wanted(self) -> bool:
        """Whether somebody waits for a hold, its lifting, or an erasure."""
        return await asyncio.to_thread(lambda: self._holds.unsettled() or bool(self._erasures.unfinished()))
