"""Detections that joined, told to each workflow as one counted signal in five seconds.

A workflow takes ten updates at a time and 2,000 a run; a storm must not spend them. Each detection
stands in the register; what is lost here when the door is killed is a count. What a workflow must hear
beside the count stands in the register too, until it has been told: another door takes it over.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Final

from andon.domain.incident import Duplicates
from andon.domain.sessions import SESSIONS_AT_MOST
from andon.domain.values import IncidentId
from andon.door.engine import Engine, EngineAwayError
from andon.register.incidents import Incidents
from andon.register.untold import Owed, Untold

logger = logging.getLogger(__name__)

TELL_EVERY_SECONDS: Final = 5.0
LEFT_BEHIND: Final = timedelta(seconds=15)
"""What a door has not said for so long that it is about to tell, another one tells."""
NAMED: Final = 50


@dataclass
class _Batch:
    last_received_at: datetime
    count: int = 0
    detections: list[str] = field(default_factory=list)
    owed: set[str] = field(default_factory=set)
    """Receipts of those that stand in the register until they are told."""
    graver: bool = False
    brought: bool = False
    sessions: list[str] = field(default_factory=list)


class Joined:
    """Counts what joined since the workflows were last told."""

    def __init__(self, incidents: Incidents, engine: Engine, untold: Untold) -> None:
        self._incidents = incidents
        self._engine = engine
        self._untold = untold
        self._batches: dict[IncidentId, _Batch] = {}

    @property
    def untold(self) -> tuple[int, int]:
        """How many incidents and detections no workflow has been told of yet."""
        return len(self._batches), sum(batch.count for batch in self._batches.values())

    def note(
        self, incident: IncidentId, receipt: str, received_at: datetime, owed: Owed | None = None
    ) -> None:
        """Count one detection; `owed` is what more the workflow must hear of it, as the register has it."""
        batch = self._batches.setdefault(incident, _Batch(received_at))
        batch.count += 1
        batch.last_received_at = max(batch.last_received_at, received_at)
        if len(batch.detections) < NAMED:
            batch.detections.append(receipt)
        if owed is not None:
            batch.owed.add(receipt)
            batch.graver = batch.graver or owed.graver
            batch.brought = batch.brought or owed.brought
            batch.sessions = _bounded(batch.sessions, owed.sessions)

    async def tell(self) -> None:
        """Tell each workflow that has begun what joined it; the others keep their count."""
        await self._take_over()
        for incident in list(self._batches):
            if not await self.tell_one(incident):
                return

    async def tell_one(self, incident: IncidentId) -> bool:
        """Tell one workflow, if it has begun; return False when Temporal is away, and nothing is lost."""
        row = await asyncio.to_thread(self._incidents.get, incident)
        if row is None or row.started_at is None or incident not in self._batches:
            return True
        batch = self._batches.pop(incident)
        duplicates = Duplicates(
            count=batch.count,
            last_received_at=batch.last_received_at,
            detections=tuple(batch.detections),
            graver=batch.graver,
            brought=batch.brought,
            sessions=tuple(batch.sessions),
        )
        try:
            if not await self._engine.tell(incident, duplicates):
                logger.info("detections joined an ended workflow", extra={"incident": incident})
        except EngineAwayError:
            self._put_back(incident, batch)
            return False
        if batch.owed:
            await asyncio.to_thread(self._untold.told, batch.owed)
        return True

    async def keep_telling(self) -> None:
        """Tell every five seconds, for ever."""
        while True:
            await asyncio.sleep(TELL_EVERY_SECONDS)
            try:
                await self.tell()
            except Exception:  # the count is kept, and the next round tries again
                logger.exception("workflows could not be told what joined them")

    async def _take_over(self) -> None:
        """Say what is about to be told here, and count what another door, or this one before, has left."""
        now = datetime.now(UTC)
        mine = {receipt for batch in self._batches.values() for receipt in batch.owed}
        if mine:
            await asyncio.to_thread(self._untold.hold, mine, now)
        left = await asyncio.to_thread(self._untold.left_behind, now - LEFT_BEHIND, now)
        if left:
            logger.warning("%d detections were left untold by a door that is gone: told from here", len(left))
        for owed in left:
            self.note(owed.incident, owed.receipt, owed.received_at, owed)

    def _put_back(self, incident: IncidentId, batch: _Batch) -> None:
        newer = self._batches.get(incident)
        if newer is not None:
            batch.count += newer.count
            batch.last_received_at = max(batch.last_received_at, newer.last_received_at)
            batch.detections = [*batch.detections, *newer.detections][:NAMED]
            batch.owed |= newer.owed
            batch.graver = batch.graver or newer.graver
            batch.brought = batch.brought or newer.brought
            batch.sessions = _bounded(batch.sessions, newer.sessions)
        self._batches[incident] = batch


def _bounded(known: Sequence[str], more: Sequence[str]) -> list[str]:
    return list(dict.fromkeys((*known, *more)))[:SESSIONS_AT_MOST]
