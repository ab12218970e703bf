"""The read model, kept in the register."""

from __future__ import annotations

import asyncio

from andon.domain.incident import IncidentView
from andon.domain.values import IncidentId
from andon.register.incidents import Incidents


class RegisterProjection:
    """Shows incidents in the register."""

    def __init__(self, incidents: Incidents) -> None:
        self._incidents = incidents

    async def show(self, view: IncidentView) -> None:
        """Replace what is shown of an incident, unless something newer is shown already."""
        await asyncio.to_thread(self._incidents.show, view)

    async def shown(self, incident: IncidentId) -> IncidentView | None:
        """Return what is shown of an incident; None: nothing yet."""
        row = await asyncio.to_thread(self._incidents.get, incident)
        return row.view if row is not None else None
