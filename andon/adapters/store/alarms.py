"""Alarms about incidents' workflows, kept in the register."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import datetime

from andon.adapters.clock import utc_now
from andon.domain.incident import OpenIncident
from andon.domain.run_alarm import OpenRun, RunAlarm, RunAlarmKind
from andon.domain.values import IncidentId
from andon.register.alarms import Alarms
from andon.register.incidents import Incidents


class RegisterAlarms:
    """Runs the register's queries in threads."""

    def __init__(self, alarms: Alarms, incidents: Incidents, now: Callable[[], datetime] = utc_now) -> None:
        self._alarms = alarms
        self._incidents = incidents
        self._now = now

    async def open_runs(self) -> Sequence[OpenRun]:
        """Return the incidents whose workflow should run, each with the run that was seen last."""
        return await asyncio.to_thread(self._alarms.open_runs)

    async def saw(self, runs: Mapping[IncidentId, str]) -> None:
        """Keep which run of each incident goes on, and forget those of closed ones."""
        await asyncio.to_thread(self._alarms.saw, runs, self._now())
        await asyncio.to_thread(self._alarms.forget_closed)

    async def raise_alarm(
        self, incident: IncidentId, kind: RunAlarmKind, details: Mapping[str, str]
    ) -> RunAlarm:
        """Record a finding, or return the same one if it is open already."""
        return await asyncio.to_thread(self._alarms.raise_alarm, incident, kind, details, self._now())

    async def clear(self, running: Collection[IncidentId]) -> None:
        """Note that incidents run again."""
        await asyncio.to_thread(self._alarms.clear, running, self._now())

    async def alarmed(self) -> frozenset[IncidentId]:
        """Return the incidents with an open alarm."""
        return await asyncio.to_thread(self._alarms.alarmed)

    async def opening(self, incident: IncidentId) -> OpenIncident | None:
        """Return what an open incident was started with; None: it is closed, or nobody kept it."""
        row = await asyncio.to_thread(self._incidents.get, incident)
        return row.opening if row is not None and row.closed_at is None else None
