"""One attempt at what a source has: stored side by side, put on record in order; the next can go on there."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence

from temporalio import activity

from activities.packing import Group, Packing
from andon.domain.evidence import EvidenceItem, Gap
from andon.domain.values import Carried
from andon.ports import Captured

SIDE_BY_SIDE = 12
"""Objects under way at a time: more than the store sends at once, which sends while others are sealed."""
ITEMS_AT_ONCE = 64
"""Items put on record in one transaction."""
BEAT_SECONDS = 4.0
"""A source may be silent for longer than a heartbeat may be late; its own bounds say for how long."""


class Reached(Carried):
    """What was at rest when an attempt last said so."""

    cursor: str = ""
    """Whence the source can go on, encrypted: it is the source's own word, and Temporal keeps it."""
    items: int = 0
    gaps: int = 0


class Taking:
    """Takes items from a source, at most as fast as they come to rest."""

    def __init__(
        self,
        begun: Reached,
        *,
        keep: Callable[[Sequence[Captured]], Awaitable[list[EvidenceItem]]],
        record: Callable[[Sequence[EvidenceItem], Sequence[Gap]], Awaitable[None]],
        conceal: Callable[[str], Awaitable[str]],
    ) -> None:
        self.reached = begun
        self._keep = keep
        self._record = record
        self._conceal = conceal
        self._slots = asyncio.Semaphore(SIDE_BY_SIDE)
        self._line: deque[tuple[asyncio.Task[list[EvidenceItem]], str]] = deque()
        self._stored: list[EvidenceItem] = []
        self._gaps: list[Gap] = []
        self._cursor = ""
        self._packing = Packing()

    async def take(self, found: AsyncIterator[Captured | Gap]) -> Reached:
        """Take all; a cursor is told only when everything before it is stored and on record."""
        beating = asyncio.create_task(self._beat())
        try:
            async with asyncio.TaskGroup() as uploads:
                async for one in found:
                    if isinstance(one, Gap):
                        self._gaps.append(one)
                        continue
                    for group in self._packing.add(one):
                        await self._send(uploads, group)
                for group in self._packing.rest():
                    await self._send(uploads, group)
            await self._put_on_record(0)
        finally:
            beating.cancel()
        return self.reached

    async def _send(self, uploads: asyncio.TaskGroup, group: Group) -> None:
        await self._slots.acquire()
        self._line.append((uploads.create_task(self._store(group)), group.cursor))
        await self._put_on_record(ITEMS_AT_ONCE)

    async def _store(self, group: Group) -> list[EvidenceItem]:
        try:
            return await self._keep(group.items)
        finally:
            self._slots.release()

    async def _put_on_record(self, least: int) -> None:
        """Record what is stored with no gap before it, once there is enough or a cursor among it."""
        while self._line and self._line[0][0].done():
            task, cursor = self._line.popleft()
            self._stored += task.result()
            self._cursor = cursor or self._cursor
        if len(self._stored) < least and not self._cursor:
            return
        items, gaps, cursor = self._stored, self._gaps, self._cursor
        self._stored, self._gaps, self._cursor = [], [], ""
        await self._record(items, gaps)
        self.reached = Reached(
            cursor=await self._conceal(cursor) if cursor else self.reached.cursor,
            items=self.reached.items + len(items),
            gaps=self.reached.gaps + len(gaps),
        )
        activity.heartbeat(self.reached)

    async def _beat(self) -> None:
        while True:
            activity.heartbeat(self.reached)
            await asyncio.sleep(BEAT_SECONDS)
