"""Putting a detection where it belongs: in an open incident, in a new one, or among the quality issues."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from dataclasses import dataclass, replace

from andon.domain.errors import OutdatedError
from andon.domain.incident import OpenIncident
from andon.domain.mode import Mode
from andon.domain.placing import Place, Placement, Stands, placed
from andon.domain.playbook import Plan
from andon.domain.reporting import within_a_reports_reach
from andon.domain.system import AISystem
from andon.domain.values import IncidentId
from andon.door.books import Books, Case
from andon.door.graver import Graver
from andon.door.limit import StopLimit
from andon.door.opening import Secrets, plan_for
from andon.door.policy import PolicyDesk
from andon.door.sightings import Sighting, Sightings, occasion_of
from andon.door.standing import Standing
from andon.door.ties import Ties
from andon.door.weather import Weather
from andon.register.patterns import Occasion
from andon.register.untold import Owed

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Put:
    """Where a detection was put, and is written down."""

    case: Case
    incident: IncidentId | None = None
    opening: OpenIncident | None = None
    """What its workflow is started with, if an incident was opened for it."""
    issue: str | None = None
    """The quality issue that holds it."""
    owed: Owed | None = None
    """What the workflow of the incident that it joined must hear of it beside the count."""


class Placing:
    """Looks what is open, asks the rule, and writes the detection down where the rule says."""

    def __init__(
        self,
        *,
        standing: Standing,
        sightings: Sightings,
        graver: Graver,
        weather: Weather,
        books: Books,
        policy: PolicyDesk,
        keys: Secrets,
        limit: StopLimit,
    ) -> None:
        self._books = books
        self._policy = policy
        self._keys = keys
        self._limit = limit
        self._standing = standing
        self._sightings = sightings
        self._graver = graver
        self._weather = weather

    async def put(self, case: Case, system: AISystem) -> Put:
        """Put one detection where it belongs.

        Detections with the same key or cause go one at a time, and what was open when it was looked up
        may be closed when the detection is written down; then the rule is asked again.
        """
        dedupe = self._keys.dedupe(system.id, case.report.dedupe_key)
        policy = self._policy.in_force.shelf.severity
        occasion = occasion_of(case, system.id, dedupe, policy)
        cause = f"{system.id}/{occasion.cause}" if occasion else None
        async with (
            self._standing.alone(dedupe),
            self._standing.alone(cause),
            self._weather.alone(case),
        ):
            while True:
                seen = await self._look(system.id, dedupe, occasion)
                gust = await self._weather.look(case)
                if gust is not None:
                    seen = replace(seen, stands=replace(seen.stands, storm=gust.incident))
                known = case
                if seen.cases and seen.stands.pattern is None and policy.patterns is not None:
                    known = case.knowing(policy, policy.patterns.facts)
                where = placed(calls_for_incident=known.weighed.calls_for_incident, stands=seen.stands)
                ties = replace(ties_of(seen, where), entering=self._entering(where, case))
                put = await self._carried_out(where, known, system, dedupe, ties)
                if put is not None:
                    await self._weather.passed(case, put.incident, gust)
                    return put
                gust = await self._weather.look(case)

    async def suggest(self, opening: OpenIncident) -> None:
        """Note which open incidents a fresh one may be the same as."""
        await asyncio.to_thread(self._sightings.likeness.suggest, opening)

    async def adopt(self, case: Case, opening: OpenIncident, dedupe: str | None) -> None:
        """Open just the incident whose levers were held while the register was away."""
        async with self._weather.alone(case):
            gust = await self._weather.look(case)
            alone = gust is None or gust.incident is None
            ties = Ties(entering=self._weather.entering(case) if alone else None)
            await self._books.adopt(case, opening, dedupe, ties)
            await self._weather.passed(case, opening.incident, gust)

    async def open_again(self, case: Case, system: AISystem, dedupe: str | None, ties: Ties) -> Put:
        """Open an incident for what stands in the register already, because a person says so.

        Raises:
            OutdatedError: it is no longer what it was when the person looked.
        """
        async with self._standing.alone(dedupe):
            plan = self.plan_unlimited(case, system)
            allotment, opening = await self._books.allot(case, plan, dedupe, ties)
            if not allotment.opened:
                allotment, opening = await self._books.allot(case, plan, None, ties)
            self._standing.remember(dedupe, allotment.incident)
            return Put(case, incident=allotment.incident, opening=opening)

    async def join(self, case: Case, incident: IncidentId) -> None:
        """Note one more detection of an incident, whether or not it has been closed meanwhile."""
        await self._books.join(case, incident, open_only=False)

    def key_of(self, case: Case) -> str | None:
        """Return the keyed digest of a detection's dedupe key."""
        return self._keys.dedupe(case.system, case.report.dedupe_key)

    def plan_unlimited(self, case: Case, system: AISystem) -> Plan:
        """Return what policy says for an incident, whatever its source has had stopped before."""
        policy = self._policy.in_force
        return within_a_reports_reach(
            plan_for(
                system,
                case.kind,
                policy,
                self._keys.trusted,
                case.arrived.received_at,
                self._keys.sessions.of(system.id, case.report.sessions),
            ),
            case.report.channel,
            policy.shelf.severity,
            case.weighed.assessment,
        )

    def _entering(self, where: Placement, case: Case) -> Callable[[str], None] | None:
        return self._weather.entering(case) if where.place in (Place.OPEN, Place.PROMOTE) else None

    async def _look(self, system: str, dedupe: str | None, occasion: Occasion | None) -> Sighting:
        known = await self._standing.find(dedupe)
        if known is not None and occasion is None:
            return Sighting(Stands(incident=known))
        patterns = self._policy.in_force.shelf.severity.patterns
        return await asyncio.to_thread(self._sightings.look, system, dedupe, occasion, patterns)

    async def _carried_out(
        self, where: Placement, case: Case, system: AISystem, dedupe: str | None, ties: Ties
    ) -> Put | None:
        """Return None when what the rule went by no longer holds."""
        if where.place is Place.NOTE:
            return Put(case, issue=await self._books.note(case, dedupe, ties))
        if where.incident is not None:
            policy = self._policy.in_force.shelf.severity
            graver = await self._graver.learn(where.incident, case.weighed, policy)
            named = self._keys.sessions.of(system.id, case.report.sessions)
            owed = owed_of(case, where.incident, graver=graver, sessions=named)
            joined = await self._books.join(case, where.incident, replace(ties, owed=owed))
            return Put(case, incident=where.incident, owed=owed) if joined else None
        return await self._opened(case, system, dedupe, ties)

    async def _opened(self, case: Case, system: AISystem, dedupe: str | None, ties: Ties) -> Put | None:
        plan = await self._plan(case, system)
        try:
            allotment, opening = await self._books.allot(case, plan, dedupe, ties)
        except OutdatedError:
            return None
        self._standing.remember(dedupe, allotment.incident)
        return Put(case, incident=allotment.incident, opening=opening) if allotment.opened else None

    async def _plan(self, case: Case, system: AISystem) -> Plan:
        plan = self.plan_unlimited(case, system)
        stops = case.weighed.assessment.containment_required
        if stops and await self._limit.reached(case.arrived, system.id):
            logger.warning("a source has reached its limit of stops: orders wait for a person")
            return plan.model_copy(update={"mode": Mode.OBSERVE})
        return plan


def owed_of(case: Case, incident: IncidentId, *, graver: bool, sessions: tuple[str, ...]) -> Owed | None:
    """Return what an incident's workflow must hear of a detection that joined; None: a count will do."""
    brought = bool(case.report.evidence)
    if not (graver or brought or sessions):
        return None
    arrived = case.arrived
    return Owed(arrived.receipt, incident, arrived.received_at, graver, brought, sessions)


def ties_of(seen: Sighting, where: Placement) -> Ties:
    """Return what a detection is tied to once it is put where the rule says."""
    return Ties(
        occasion=seen.occasion,
        issue=where.issue if where.place is Place.PROMOTE else None,
        cases=seen.cases,
        pattern=seen.stands.pattern,
    )
