"""Archiving an incident's histories: fetched from Temporal, stored locked, named in the access chain."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Final, Protocol

from temporalio import activity
from temporalio.exceptions import ApplicationError

from activities.final import final_errors
from andon.domain.archive import Archive, ArchiveCall, RunKept
from andon.domain.ledger import Kind
from andon.domain.values import Carried, IncidentId

AGAIN: Final = timedelta(seconds=1)


class Kept(Carried):
    """What was archived."""

    runs: int
    events: int


class Histories(Protocol):
    """The histories of an incident's workflows, where they ran."""

    async def ended(self, incident: IncidentId) -> bool:
        """Whether the incident's own workflow has ended, or is not known there any more."""

    def of(self, incident: IncidentId) -> AsyncIterator[tuple[RunKept, bytes]]:
        """Yield each run with its history as JSON: the incident's, its children's and its notices'."""


class ArchivePlace(Protocol):
    """Where archives come to rest."""

    async def standing(self, call: ArchiveCall) -> Archive | None:
        """Return what an earlier attempt has archived at this milestone."""

    async def keep_history(self, incident: IncidentId, run: RunKept, content: bytes) -> None:
        """Store one history under its digest."""

    async def keep(self, call: ArchiveCall, runs: tuple[RunKept, ...]) -> Archive:
        """Store what was archived, and write it down; an earlier attempt's stands."""

    async def written_down(self, archive: Archive) -> None:
        """Name an archive in the access chain and in the register; a repeat changes nothing."""


class ArchiveActivities:
    """Takes histories out of Temporal while they are there."""

    def __init__(self, histories: Histories, place: ArchivePlace) -> None:
        self._histories = histories
        self._place = place

    @activity.defn(name="archive.export")
    async def export(self, call: ArchiveCall) -> Kept:
        """Archive every history of an incident; after its close only once its workflow has ended.

        Raises:
            ApplicationError: `StillRunning`, to be tried again; others, that are not retryable.
        """
        archive = await self._place.standing(call)
        if archive is None:
            archive = await self._fresh(call)
        else:
            await self._place.written_down(archive)
        return Kept(runs=len(archive.runs), events=sum(run.events for run in archive.runs))

    async def _fresh(self, call: ArchiveCall) -> Archive:
        if call.milestone.kind == Kind.CLOSED and not await self._histories.ended(call.incident):
            message = f"{call.incident}: its workflow has not ended yet"
            raise ApplicationError(message, type="StillRunning", next_retry_delay=AGAIN)
        runs: list[RunKept] = []
        with final_errors():
            async for run, content in self._histories.of(call.incident):
                await self._place.keep_history(call.incident, run, content)
                runs.append(run)
                activity.heartbeat(len(runs))
            return await self._place.keep(call, tuple(runs))
