"""Which incident is open for a dedupe key, so that a storm of repeats costs a look and not an opening.

It is a memory of what the register allotted; the register has the last word.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

from andon.domain.values import IncidentId
from andon.register.incidents import Incidents

REMEMBERED: Final = 10_000


class Standing:
    """Open incidents by keyed digest of their dedupe key, newest kept."""

    def __init__(self, incidents: Incidents) -> None:
        self._incidents = incidents
        self._known: OrderedDict[str, IncidentId] = OrderedDict()
        self._locks: dict[str, tuple[asyncio.Lock, int]] = {}

    @asynccontextmanager
    async def alone(self, dedupe: str | None) -> AsyncIterator[None]:
        """Let detections with the same key through one at a time."""
        if dedupe is None:
            yield
            return
        lock, waiting = self._locks.get(dedupe, (asyncio.Lock(), 0))
        self._locks[dedupe] = (lock, waiting + 1)
        try:
            async with lock:
                yield
        finally:
            lock, waiting = self._locks[dedupe]
            if waiting == 1:
                del self._locks[dedupe]
            else:
                self._locks[dedupe] = (lock, waiting - 1)

    async def find(self, dedupe: str | None) -> IncidentId | None:
        """Return the open incident with this key, if it is known here."""
        incident = self._known.get(dedupe) if dedupe is not None else None
        if incident is None:
            return None
        row = await asyncio.to_thread(self._incidents.get, incident)
        return incident if row is not None and row.closed_at is None else None

    def remember(self, dedupe: str | None, incident: IncidentId) -> None:
        """Note which incident is open for a key."""
        if dedupe is None:
            return
        self._known[dedupe] = incident
        self._known.move_to_end(dedupe)
        while len(self._known) > REMEMBERED:
            self._known.popitem(last=False)
