"""Starting the workflows of incidents that were opened while Temporal was away, or just before a crash."""

from __future__ import annotations

import asyncio
import logging
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Final

from andon.domain.incident import OpenIncident
from andon.door.engine import Engine, EngineAwayError
from andon.door.holding import Holding
from andon.door.intake import STARTERS, Intake, arrival_of
from andon.door.turns import rank_of
from andon.register.incidents import Incidents

logger = logging.getLogger(__name__)

EVERY_SECONDS: Final = 1.0
BATCH: Final = 50
FAILURES_A_ROUND: Final = 3


class Drain:
    """Looks each second for incidents without a workflow; the gravest go first, and then the oldest."""

    def __init__(self, incidents: Incidents, engine: Engine, holding: Holding, intake: Intake) -> None:
        self._incidents = incidents
        self._engine = engine
        self._holding = holding
        self._intake = intake
        self._failures: Counter[str] = Counter()
        self._held: set[str] = set()

    async def keep_draining(self) -> None:
        """Drain every second, for ever."""
        while True:
            try:
                await self.round()
            except Exception:  # nothing is lost: the register still lists what waits
                logger.exception("waiting incidents could not be started")
            await asyncio.sleep(EVERY_SECONDS)

    async def round(self) -> None:
        """Try to start what waits; without anything waiting, see whether Temporal is there."""
        waiting = await asyncio.to_thread(self._incidents.waiting, BATCH)
        waiting = [one for one in waiting if one.incident not in self._intake.starting]
        healthy = await self._engine.healthy()
        if not healthy:
            for opening in waiting:
                await self._hold(opening)
        elif waiting:
            healthy = await self._started_some(waiting)
        self._engine.away = not healthy

    async def _started_some(self, waiting: list[OpenIncident]) -> bool:
        # An incident whose workflow can't answer must not keep the others waiting for ever.
        waiting.sort(key=lambda one: self._failures[one.incident])
        line, results = iter(waiting), Counter[bool]()
        async with asyncio.TaskGroup() as group:
            for _ in range(STARTERS):
                group.create_task(self._start_next(line, results))
        return results[True] > 0

    async def _start_next(self, line: Iterator[OpenIncident], results: Counter[bool]) -> None:
        """Start one after the other; a few that fail end the round, since Temporal may be away."""
        for opening in line:
            if results[False] >= FAILURES_A_ROUND:
                return
            results[await self._could_start(opening)] += 1

    async def _could_start(self, opening: OpenIncident) -> bool:
        try:
            await self._start(opening)
        except EngineAwayError:
            self._failures[opening.incident] += 1
            await self._hold(opening)
            return False
        return True

    async def _hold(self, opening: OpenIncident) -> None:
        """Hold the levers of an incident that still waits; a crash may have come before that."""
        if opening.incident not in self._held:
            await self._holding.hold(opening)
            self._held.add(opening.incident)

    async def _start(self, opening: OpenIncident) -> None:
        async with self._intake.starters.turn(rank_of(opening)):
            await self._engine.open(opening, arrival_of(opening))
        await asyncio.to_thread(self._incidents.mark_started, opening.incident, datetime.now(UTC))
        self._failures.pop(opening.incident, None)
        self._held.discard(opening.incident)
        logger.info("a waiting incident was started", extra={"incident": opening.incident})
