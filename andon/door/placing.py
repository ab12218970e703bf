"""Putting a detection where it belongs: in an open incident, in a new one, or among the quality issues."""

from __future__ import annotations

import logging
from dataclasses import dataclass

from andon.domain.incident import OpenIncident
from andon.domain.placing import Place, Placement, Stands, placed
from andon.domain.playbook import Plan
from andon.domain.system import AISystem
from andon.domain.values import IncidentId
from andon.door.books import Books, Case
from andon.door.limit import StopLimit
from andon.door.opening import Secrets, plan_for
from andon.door.policy import PolicyDesk
from andon.door.standing import Standing
from andon.register.incidents import Incidents

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Put:
    """Where a detection was put, and is written down."""

    case: Case
    incident: IncidentId | None = None
    opening: OpenIncident | None = None
    """What its workflow is started with, if an incident was opened for it."""


class Placing:
    """Looks what is open, asks the rule, and writes the detection down where the rule says."""

    def __init__(
        self,
        *,
        incidents: Incidents,
        books: Books,
        policy: PolicyDesk,
        keys: Secrets,
        limit: StopLimit,
    ) -> None:
        self._books = books
        self._policy = policy
        self._keys = keys
        self._limit = limit
        self._standing = Standing(incidents)

    async def put(self, case: Case, system: AISystem) -> Put:
        """Put one detection where it belongs.

        Detections with the same key go one at a time, and what was open when it was looked up may be
        closed when the detection is written down; then the rule is asked again.
        """
        dedupe = self._keys.dedupe(system.id, case.report.dedupe_key)
        async with self._standing.alone(dedupe):
            while True:
                stands = Stands(incident=await self._standing.find(dedupe))
                where = placed(calls_for_incident=case.weighed.calls_for_incident, stands=stands)
                put = await self._carried_out(where, case, system, dedupe)
                if put is not None:
                    return put

    async def _carried_out(
        self, where: Placement, case: Case, system: AISystem, dedupe: str | None
    ) -> Put | None:
        """Return None when what the rule went by no longer holds."""
        if where.place is Place.NOTE:
            await self._books.log_only(case)
            return Put(case)
        if where.incident is not None:
            joined = await self._books.join(case, where.incident)
            return Put(case, incident=where.incident) if joined else None
        return await self._opened(case, system, dedupe)

    async def _opened(self, case: Case, system: AISystem, dedupe: str | None) -> Put | None:
        allotment, opening = await self._books.allot(case, await self._plan(case, system), dedupe)
        self._standing.remember(dedupe, allotment.incident)
        return Put(case, incident=allotment.incident, opening=opening) if allotment.opened else None

    async def _plan(self, case: Case, system: AISystem) -> Plan:
        arrived = case.arrived
        plan = plan_for(system, case.kind, self._policy.in_force, self._keys.trusted, arrived.received_at)
        stops = case.weighed.assessment.containment_required
        if stops and await self._limit.reached(arrived, system.id):
            logger.warning("a source has reached its limit of stops: orders wait for a person")
            return plan.model_copy(update={"steps": ()})
        return plan
