"""Comparing the register with Temporal: an open incident has a workflow that runs and was not set back."""

from __future__ import annotations

import asyncio
import logging
from typing import Final

from temporalio import activity

from andon.domain.directory import Role
from andon.domain.incident import OpenIncident
from andon.domain.notice import Notice
from andon.domain.run_alarm import (
    ALARMED,
    Alarmed,
    Compared,
    Fate,
    OpenRun,
    RunAlarm,
    RunAlarmKind,
    RunState,
    state_from,
    with_levers,
)
from andon.domain.values import IncidentId
from andon.ports import AlarmLog, HoldRegister, IncidentRuns, LedgerStore, Outbox, Projection

SIDE_BY_SIDE: Final = 8
TOLD: Final = (Role.OPERATIONS, Role.INCIDENT_LEAD, Role.EXECUTIVE)

log = logging.getLogger(__name__)


class ReconcilingActivities:
    """Finds what happened to incidents' workflows from outside, and has them go on."""

    def __init__(
        self,
        alarms: AlarmLog,
        runs: IncidentRuns,
        outbox: Outbox,
        *,
        ledger: LedgerStore,
        projection: Projection,
        holds: HoldRegister,
    ) -> None:
        self._alarms = alarms
        self._runs = runs
        self._outbox = outbox
        self._ledger = ledger
        self._projection = projection
        self._holds = holds

    @activity.defn(name="reconcile.compare")
    async def compare(self) -> Compared:
        """Compare once; what does not run is started again from what is stored, and people are told."""
        opened, running = await self._alarms.open_runs(), await self._runs.running()
        suspects = [one for one in opened if one.run is None or running.get(one.incident) != one.run]
        places = asyncio.Semaphore(SIDE_BY_SIDE)
        found = await asyncio.gather(*(self._placed(places, one) for one in suspects))
        raised = {one.incident for one, alarm in zip(suspects, found, strict=True) if alarm}
        alarmed = await self._alarms.alarmed()
        if quiet := [one.incident for one in opened if one.incident in alarmed - raised]:
            await self._alarms.clear([one for one in quiet if one in running])
        return Compared(looked=len(opened), alarms=len(raised))

    async def _placed(self, places: asyncio.Semaphore, one: OpenRun) -> bool:
        async with places:
            activity.heartbeat(one.incident)
            return await self._examined(one)

    async def _examined(self, one: OpenRun) -> bool:
        """Look closely at one incident; True: something was wrong."""
        now = await self._runs.fate(one.incident)
        if now.state not in (RunState.RUNNING, RunState.CONTINUED):
            return await self._not_running(one.incident, now)
        before = one.run or (now.first_run if now.first_run != now.run else None)
        if before is None or before == now.run or await self._led_here(one.incident, before):
            await self._alarms.saw({one.incident: now.run})
            return False
        alarm = await self._raised(one.incident, RunAlarmKind.RESET, {"run_before": before, "run": now.run})
        # It has forgotten what came after the point it was set back to, and finds that out when it writes
        # to its chain; this makes it write.
        told = Alarmed(number=alarm.number, kind=alarm.kind, restarted=False)
        await self._runs.tell(one.incident, ALARMED, told)
        await self._alarms.saw({one.incident: now.run})
        return True

    async def _led_here(self, incident: IncidentId, run: str) -> bool:
        """Whether a run ended by going on as a new one, as long histories do."""
        return (await self._runs.fate(incident, run)).state is RunState.CONTINUED

    async def _not_running(self, incident: IncidentId, fate: Fate) -> bool:
        opening = await self._alarms.opening(incident)
        if opening is None:
            return False
        alarm = await self._raised(incident, RunAlarmKind(fate.state.value), {"run": fate.run})
        carried, unread = await self._remembered(opening)
        told = Alarmed(number=alarm.number, kind=alarm.kind, restarted=True, unread=unread)
        run = await self._runs.start(carried, told)
        await self._alarms.saw({incident: run})
        log.error("%s: its workflow was %s and is started again", incident, fate.state)
        return True

    async def _remembered(self, opening: OpenIncident) -> tuple[OpenIncident, int]:
        """Return the opening with what can be rebuilt, and how many entries of the chain it does not know."""
        incident = opening.incident
        view, head = await self._projection.shown(incident), await self._ledger.head(incident)
        if view is None:
            return opening, head.length
        state = state_from(view, head)
        held = await self._holds.of(incident)
        released = await self._holds.released([*state.orders, *(order.id for order in held)])
        carried = with_levers(state, held, released)
        return opening.model_copy(update={"carried": carried}), max(0, head.length - view.version)

    async def _raised(self, incident: IncidentId, kind: RunAlarmKind, details: dict[str, str]) -> RunAlarm:
        """Record an alarm and tell people; the same message goes out once."""
        alarm = await self._alarms.raise_alarm(incident, kind, details)
        notice = Notice(
            id=f"{incident}/alarm/{alarm.number}",
            incident=incident,
            roles=TOLD,
            about="alarm",
            subject=kind.value,
        )
        await self._outbox.post([notice])
        return alarm
