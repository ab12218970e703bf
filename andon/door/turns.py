"""Who goes first when more comes in than can be done at once: the gravest, then who came first."""

from __future__ import annotations

import asyncio
import heapq
import itertools
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from andon.domain.incident import OpenIncident
from andon.domain.severity import Band

Rank = tuple[int, int]
"""Severity, then priority, both negative: the lower goes first."""


def rank(severity: Band, priority: int = 0) -> Rank:
    """Return where something stands in the line; a higher priority goes first."""
    return (-severity.rank, -priority)


def rank_of(opening: OpenIncident) -> Rank:
    """Return where an incident stands in the line: those with levers to hold before the others."""
    return rank(opening.severity, int(opening.containment_required))


class Turns:
    """A bounded number of places, given by rank."""

    def __init__(self, places: int) -> None:
        self._free = places
        self._line: list[tuple[Rank, int, asyncio.Future[None]]] = []
        self._came = itertools.count()

    @property
    def waiting(self) -> int:
        """How many wait for a place."""
        return sum(not one.done() for _, _, one in self._line)

    @asynccontextmanager
    async def turn(self, place: Rank, *, within: float | None = None) -> AsyncIterator[None]:
        """Hold a place for the length of a block.

        Raises:
            TimeoutError: none was free within so many seconds.
        """
        async with asyncio.timeout(within):
            await self._taken(place)
        try:
            yield
        finally:
            self._pass_on()

    async def _taken(self, place: Rank) -> None:
        if self._free and not self.waiting:
            self._free -= 1
            return
        called: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        heapq.heappush(self._line, (place, next(self._came), called))
        try:
            await called
        except asyncio.CancelledError:
            if called.done() and not called.cancelled():
                self._pass_on()  # it was called in the very moment it gave up
            raise

    def _pass_on(self) -> None:
        while self._line:
            _, _, called = heapq.heappop(self._line)
            if not called.done():
                called.set_result(None)
                return
        self._free += 1
