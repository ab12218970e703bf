"""What waits at the door: how much, of what severity, since when, and whether a storm goes on."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from typing import Annotated, Final

from fastapi import APIRouter, Depends, Request
from pydantic import Field
from sqlalchemy.exc import SQLAlchemyError

from andon.api.authentication import Caller, only
from andon.domain.access import Scope
from andon.domain.directory import Role
from andon.domain.values import Frozen, IncidentId, Instant
from andon.door.engine import Engine
from andon.door.intake import Intake
from andon.door.policy import PolicyDesk
from andon.door.rates import Rate
from andon.register.backlog import BandWaits, Waits
from andon.register.storms import Storms

READING: Final = frozenset(Role) - {Role.DETECTOR, Role.REPORTER}

router = APIRouter(prefix="/v1/intake", tags=["door"])


class KeptNow(Frozen):
    """What is in the spool, because the register takes nothing or older detections go first."""

    detections: int
    since: Instant | None


class Untold(Frozen):
    """What joined and is not told to its incident's workflow yet; told every five seconds."""

    incidents: int
    detections: int


class StormNow(Frozen):
    """The newest storm."""

    incident: IncidentId = Field(description="the one that stands over all")
    began_at: Instant
    last_at: Instant
    lasts: bool
    systems: int = Field(description="AI systems with an incident of their own in it")


class Backlog(Frozen):
    """What waits at the door."""

    at: Instant
    register_away: bool
    temporal_away: bool
    spool: KeptNow
    bands: tuple[BandWaits, ...] = Field(description="gravest first; empty while the register is away")
    waiting_to_be_written: int
    waiting_to_be_started: int
    untold: Untold
    storm: StormNow | None
    sources: tuple[Rate, ...] = Field(description="what each program has sent since the door started")


class BacklogDesk:
    """Looks everywhere something can wait."""

    def __init__(
        self, intake: Intake, engine: Engine, policy: PolicyDesk, waits: Waits, storms: Storms
    ) -> None:
        self._intake = intake
        self._engine = engine
        self._policy = policy
        self._waits = waits
        self._storms = storms

    async def look(self) -> Backlog:
        """Return what waits now; it answers without the register and without Temporal too."""
        at = datetime.now(UTC)
        intake = self._intake
        kept = intake.outage.kept
        incidents, detections = intake.joined.untold
        try:
            bands, storm = await asyncio.to_thread(self._in_register, at)
        except SQLAlchemyError as error:
            intake.outage.failed(error)
            bands, storm = (), None
        return Backlog(
            at=at,
            register_away=intake.outage.away,
            temporal_away=self._engine.away,
            spool=KeptNow(
                detections=len(kept),
                since=min((one.arrived.received_at for one in kept), default=None),
            ),
            bands=bands,
            waiting_to_be_written=intake.writers.waiting,
            waiting_to_be_started=intake.starters.waiting,
            untold=Untold(incidents=incidents, detections=detections),
            storm=storm,
            sources=intake.rates.seen(),
        )

    def _in_register(self, at: datetime) -> tuple[tuple[BandWaits, ...], StormNow | None]:
        storm = self._storms.newest()
        if storm is None:
            return self._waits.by_band(), None
        return self._waits.by_band(), StormNow(
            incident=storm.incident,
            began_at=storm.began_at,
            last_at=storm.last_at,
            lasts=storm.lasts(self._policy.in_force.shelf.storm, at),
            systems=self._storms.count(storm.incident),
        )


@router.get("/backlog", response_model=Backlog)
async def backlog(request: Request, _: Annotated[Caller, Depends(only(READING, Scope.READ))]) -> Backlog:
    """What waits at the door, since when, and whether a storm goes on."""
    desk: BacklogDesk = request.app.state.backlog
    return await desk.look()
