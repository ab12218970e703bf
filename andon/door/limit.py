"""How many AI systems a program may have stopped in an hour without a person."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Final

from andon.door.opening import Arrived
from andon.register.incidents import Incidents

WINDOW: Final = timedelta(hours=1)
PROGRAM: Final = "source:"
"""Sources that begin with this are programs; people begin with `person:` and have no limit."""


class StopLimit:
    """Counts the AI systems each source has had contained."""

    def __init__(self, incidents: Incidents, most: int) -> None:
        self._incidents = incidents
        self._most = most

    async def reached(self, arrived: Arrived, system: str) -> bool:
        """Whether this source may not have `system` stopped now.

        Stopping again what it had stopped in the same hour does no further harm and is allowed.
        """
        if not arrived.source.startswith(PROGRAM):
            return False
        own = arrived.limits.stops_per_hour
        return await asyncio.to_thread(self._reached, arrived, system, self._most if own is None else own)

    def _reached(self, arrived: Arrived, system: str, most: int) -> bool:
        since = arrived.received_at - WINDOW
        if self._incidents.count_systems_stopped_by(arrived.source, since) < most:
            return False
        recent = self._incidents.list(system=system, limit=50)
        return not any(
            row.source == arrived.source and row.opened_at >= since and row.containment_required
            for row in recent
        )
