"""Bringing ledger entries to rest, showing the incident as they leave it, and what may only follow then."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from datetime import timedelta
from typing import Protocol

from temporalio import activity

from activities.final import final_errors
from activities.release import ReleaseActivities, ReleaseCall, ReleaseOutcome
from andon.domain.incident import Exhibit, IncidentView
from andon.domain.ledger import Entry, Head
from andon.domain.notice import Notice
from andon.domain.values import Carried, IncidentId
from andon.ports import LedgerStore, Outbox, Projection

log = logging.getLogger(__name__)

MILESTONES_WITHIN = timedelta(seconds=2)
"""What follows a milestone is also found by whoever looks for what was left behind."""

RELEASE_WITHIN = timedelta(seconds=2)
"""The next batch waits as long. A lever that takes longer is let go by an activity of its own."""


class Batch(Carried):
    """Entries in order, the statements they refer to, and the view and notices that follow from them.

    `release` is what to let go of once all that is at rest.
    """

    entries: tuple[Entry, ...]
    exhibits: tuple[Exhibit, ...]
    notices: tuple[Notice, ...]
    view: IncidentView
    release: ReleaseCall | None = None


class Kept(Carried):
    """The head of the chain once a batch is at rest, and what became of its release.

    No outcome: there was nothing to let go of, or it is not known and has to be asked for again.
    """

    head: Head
    release: ReleaseOutcome | None = None


class Stored(Carried):
    """The head of a chain as it stands in the store, and what was shown of the incident last."""

    head: Head
    view: IncidentView | None


class HeadCall(Carried):
    """Whose chain."""

    incident: IncidentId


class Milestones(Protocol):
    """Begins what follows when an incident has come far."""

    async def reached(self, entries: Sequence[Entry]) -> None:
        """Have signed and archived what these entries call for; a repeat changes nothing."""


class LedgerActivities:
    """Writes the response chain."""

    def __init__(
        self,
        ledger: LedgerStore,
        projection: Projection,
        outbox: Outbox,
        release: ReleaseActivities,
        milestones: Milestones | None = None,
    ) -> None:
        self._ledger = ledger
        self._projection = projection
        self._outbox = outbox
        self._release = release
        self._milestones = milestones

    @activity.defn(name="ledger.append")
    async def append(self, batch: Batch) -> Kept:
        """Store the batch, then let go, show the view, post the notices; a retried attempt changes nothing.

        Raises:
            ApplicationError: `StoreConflictError`: the chain is forked. Not retryable.
        """
        with final_errors():
            head = await self._ledger.append(batch.entries, batch.exhibits)
        outcome = await self._let_go(batch.release) if batch.release else None
        await self._projection.show(batch.view)
        await self._outbox.post(batch.notices)
        await self._reached(batch.entries)
        return Kept(head=head, release=outcome)

    @activity.defn(name="ledger.stored")
    async def stored(self, call: HeadCall) -> Stored:
        """Return the head of the chain, and with it what another history of the incident has shown."""
        view = await self._projection.shown(call.incident)
        return Stored(head=await self._ledger.head(call.incident), view=view)

    async def _reached(self, entries: Sequence[Entry]) -> None:
        """Tell of milestones within a short time; whatever fails, the ledger must not wait for it."""
        if self._milestones is None:
            return
        try:
            async with asyncio.timeout(MILESTONES_WITHIN.total_seconds()):
                await self._milestones.reached(entries)
        except Exception:
            log.warning("nothing was told of a milestone", exc_info=True)

    async def _let_go(self, call: ReleaseCall) -> ReleaseOutcome | None:
        """Let go within a short time; None: whatever failed, the ledger must not wait for it."""
        try:
            async with asyncio.timeout(RELEASE_WITHIN.total_seconds()):
                return await self._release.let_go(call)
        except Exception:
            log.warning("%s: not let go with the ledger", call.request.incident, exc_info=True)
            return None
