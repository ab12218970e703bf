"""Whether a storm goes on, and which incident of an AI system belongs to it."""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import AsyncIterator, Callable, Collection
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Final

from andon.domain.detection import UNKNOWN_SYSTEM, Channel, DetectionReport
from andon.domain.errors import OutdatedError
from andon.domain.storm import Seen, Storm, StormPolicy, gathered, groups
from andon.domain.values import IncidentId
from andon.door.books import Books, Case
from andon.door.opening import Arrived, Secrets, new_receipt, plan_for
from andon.door.policy import PolicyDesk
from andon.door.standing import Standing
from andon.door.ties import ANDON, Ties
from andon.door.weighing import weigh
from andon.register.incidents import Incidents
from andon.register.links import LinkKind, Links
from andon.register.storms import Storms

logger = logging.getLogger(__name__)

SOURCE: Final = "source:andon"
NOTED_EVERY: Final = timedelta(seconds=1)
LOOK_EVERY_SECONDS: Final = 1.0


@dataclass(frozen=True, slots=True)
class Gust:
    """How a detection stands to the storm that goes on."""

    storm: Storm
    incident: IncidentId | None
    """The open incident of its AI system in the storm, if there is one."""


class Weather:
    """Sees storms come, and keeps their incidents together."""

    def __init__(
        self,
        storms: Storms,
        links: Links,
        incidents: Incidents,
        books: Books,
        policy: PolicyDesk,
        keys: Secrets,
    ) -> None:
        self._storms = storms
        self._links = links
        self._incidents = incidents
        self._books = books
        self._desk = policy
        self._keys = keys
        self._lines = Standing(incidents)
        self._beginning = asyncio.Lock()
        self._seen: deque[Seen] = deque()

    @asynccontextmanager
    async def alone(self, case: Case) -> AsyncIterator[None]:
        """Let detections of one AI system through one at a time while a storm lasts."""
        over = await self.look(case) is not None
        async with self._lines.alone(case.system if over else None):
            yield

    async def look(self, case: Case) -> Gust | None:
        """Say how a detection stands to the storm just now."""
        return await asyncio.to_thread(self._now_over, case) if self._groups(case) else None

    def entering(self, case: Case) -> Callable[[IncidentId], None] | None:
        """Return what makes an incident that is being opened the one of its AI system, if a storm goes on."""
        return partial(self._enter, case) if self._groups(case) else None

    async def passed(self, case: Case, incident: IncidentId | None, gust: Gust | None) -> None:
        """Take note of a detection that has found its incident; enough of them begin a storm."""
        if incident is None or not self._groups(case):
            return
        at = case.arrived.received_at
        if gust is not None:
            if at - gust.storm.last_at >= NOTED_EVERY:
                await asyncio.to_thread(self._storms.last, gust.storm.incident, at)
            return
        self._seen.append(Seen(case.system, at, incident))
        while self._seen and self._seen[0].at < at - self._policy.within:
            self._seen.popleft()
        async with self._beginning:
            await self._begin_if_due(self._seen, at)

    async def keep_watching(self) -> None:
        """Look each second, for ever, whether it is a storm with what other doors have taken in."""
        while True:
            await asyncio.sleep(LOOK_EVERY_SECONDS)
            try:
                await self.look_around(datetime.now(UTC))
            except Exception:  # the next detection, or the next second, looks again
                logger.exception("nobody could tell whether a storm goes on")

    async def look_around(self, at: datetime) -> None:
        """Begin a storm if there are AI systems enough, counted over all doors; an idle door asks nothing."""
        policy = self._policy
        if not self._seen or self._seen[-1].at < at - policy.within:
            return
        async with self._beginning:
            opened = await asyncio.to_thread(self._storms.opened, at - policy.within, policy.channels)
            await self._begin_if_due([*self._seen, *opened], at)

    @property
    def _policy(self) -> StormPolicy:
        return self._desk.in_force.shelf.storm

    def _groups(self, case: Case) -> bool:
        return (
            case.system != UNKNOWN_SYSTEM
            and case.weighed.calls_for_incident
            and groups(self._policy, case.report.channel, case.arrived.source)
        )

    def _now_over(self, case: Case) -> Gust | None:
        storm = self._storms.newest()
        if storm is None or not storm.lasts(self._policy, case.arrived.received_at):
            return None
        member = self._storms.member(storm.incident, case.system)
        return Gust(storm, member if member is not None and self._open(member) else None)

    def _open(self, incident: IncidentId) -> bool:
        row = self._incidents.get(incident)
        return row is not None and row.closed_at is None

    def _enter(self, case: Case, incident: IncidentId) -> None:
        gust = self._now_over(case)
        if gust is None:
            return
        storm = gust.storm.incident
        if not self._storms.enter(storm, case.system, incident):
            if gust.incident is not None:
                # Another was quicker; whoever opens this one looks again.
                raise OutdatedError("storm", storm)
            self._storms.replace(storm, case.system, incident)
        self._link(storm, incident, case.arrived.received_at)

    def _begin(self, began: datetime, at: datetime, incident: IncidentId) -> None:
        """Begin a storm within the transaction that opens the incident over all of it.

        Raises:
            OutdatedError: another door has begun it already.
        """
        newest = self._storms.newest()
        if newest is not None and began <= newest.last_at + self._policy.quiet and newest.began_at <= at:
            raise OutdatedError("storm", newest.incident)
        self._storms.begin(Storm(incident, began, at), self._policy.channels)
        for member in self._storms.members(incident).values():
            self._link(incident, member, at)

    def _link(self, storm: IncidentId, incident: IncidentId, at: datetime) -> None:
        self._links.add(LinkKind.STORM, incident, storm, why="storm", at=at, by=ANDON)

    async def _begin_if_due(self, seen: Collection[Seen], at: datetime) -> None:
        members = gathered(self._policy, seen, at)
        newest = await asyncio.to_thread(self._storms.newest) if members else None
        if not members or (newest is not None and newest.lasts(self._policy, at)):
            return
        began = min(one.at for one in seen if one.at >= at - self._policy.within)
        storm = self._parent(len(members), at)
        system = self._desk.named(UNKNOWN_SYSTEM)
        plan = plan_for(system, None, self._desk.in_force, self._keys.trusted, at)
        # Each member contains its own AI system; over all there is none to stop, by hand either.
        plan = plan.model_copy(update={"by_hand": False})
        begun = Ties(entering=partial(self._begin, began, at))
        try:
            await self._books.allot(storm, plan, None, begun)
        except OutdatedError:
            return
        self._seen.clear()
        logger.warning("a storm: detections for %d AI systems at once", len(members))

    def _parent(self, systems: int, at: datetime) -> Case:
        policy = self._policy
        seconds = int(policy.within.total_seconds())
        report = DetectionReport(
            system=UNKNOWN_SYSTEM,
            channel=Channel.MONITORING,
            title=f"Storm: detections for {systems} AI systems within {seconds} s",
            detected_at=at,
            facts=policy.facts,
        )
        weighed = weigh(report, self._desk.in_force.shelf, at)
        return Case(weighed, Arrived(new_receipt(), SOURCE, at), report.title, "", UNKNOWN_SYSTEM)
