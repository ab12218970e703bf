"""Going round as the custodian: holds, erasures, and what has had its time."""

from __future__ import annotations

import asyncio
from typing import Final, Protocol

from temporalio import activity

from andon.domain.custodian import CustodyDone, CustodyRound

LOOK_EVERY: Final = 1.0
"""Seconds between looks whether somebody wants something: a hold should not wait for a round."""
AFTER_FAILURE: Final = 15.0
"""Seconds before what failed is tried again, whoever waits for it."""
BEAT: Final = 10.0
"""Seconds between signs of life. A round over many objects is long; each call to the store is bounded."""


class CustodyKeeper(Protocol):
    """Whoever has the custodian's rights in register and store."""

    async def round(self) -> CustodyDone:
        """Bring every hold, erasure and due item to where it should be; a repeat changes nothing."""

    async def wanted(self) -> bool:
        """Whether somebody waits for something since the last round."""


class CustodyActivities:
    """Has the right to hold and to delete, and none on levers."""

    def __init__(self, keeper: CustodyKeeper) -> None:
        self._keeper = keeper

    @activity.defn(name="custody.go_round")
    async def go_round(self, call: CustodyRound) -> CustodyDone:
        """Go round once, then wait for the next time, or until somebody wants something."""
        beating = asyncio.create_task(_beat())
        try:
            done = await self._keeper.round()
            await self._pause(call, AFTER_FAILURE if done.failed else LOOK_EVERY)
            return done
        finally:
            beating.cancel()

    async def _pause(self, call: CustodyRound, look_every: float) -> None:
        loop = asyncio.get_running_loop()
        until = loop.time() + call.every.total_seconds()
        while (left := until - loop.time()) > 0:
            await asyncio.sleep(min(look_every, left))
            if await self._keeper.wanted():
                return


async def _beat() -> None:
    while True:
        activity.heartbeat()
        await asyncio.sleep(BEAT)
