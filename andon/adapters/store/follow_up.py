"""Steps of follow-ups: in the register together with their place in the access chain, then locked."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from andon.adapters.store.access_log import LockedAccessLog
from andon.domain.follow_up import Look, Step
from andon.domain.recurrence import Later
from andon.register.follow_ups import FollowUps


class LockedFollowUps:
    """Keeps what becomes of changes; a repeat finds what an earlier attempt has written, and locks it."""

    def __init__(self, follow_ups: FollowUps, access: LockedAccessLog) -> None:
        self._follow_ups = follow_ups
        self._access = access

    async def record(self, step: Step) -> None:
        """Bring a step to rest in the access chain, locked, and in the register; a repeat changes nothing."""
        await asyncio.to_thread(self._follow_ups.record, step)
        await self._access.lock(step.access.incident)

    async def later(self, look: Look) -> Sequence[Later]:
        """Return the incidents of the same AI system that opened since the close."""
        return await asyncio.to_thread(self._follow_ups.look, look)
