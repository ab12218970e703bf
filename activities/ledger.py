"""Bringing ledger entries to rest, and showing the incident as they leave it."""

from __future__ import annotations

from temporalio import activity

from activities.final import final_errors
from andon.domain.incident import Exhibit, IncidentView
from andon.domain.ledger import Entry, Head
from andon.domain.notice import Notice
from andon.domain.values import Carried, IncidentId
from andon.ports import LedgerStore, Outbox, Projection


class Batch(Carried):
    """Entries in order, the statements they refer to, and the view and notices that follow from them."""

    entries: tuple[Entry, ...]
    exhibits: tuple[Exhibit, ...]
    notices: tuple[Notice, ...]
    view: IncidentView


class HeadCall(Carried):
    """Whose chain."""

    incident: IncidentId


class LedgerActivities:
    """Writes the response chain."""

    def __init__(self, ledger: LedgerStore, projection: Projection, outbox: Outbox) -> None:
        self._ledger = ledger
        self._projection = projection
        self._outbox = outbox

    @activity.defn(name="ledger.append")
    async def append(self, batch: Batch) -> Head:
        """Store the batch, then show the view and post the notices; a retried attempt changes nothing.

        Raises:
            ApplicationError: `StoreConflictError`: the chain is forked. Not retryable.
        """
        with final_errors():
            head = await self._ledger.append(batch.entries, batch.exhibits)
        await self._projection.show(batch.view)
        await self._outbox.post(batch.notices)
        return head

    @activity.defn(name="ledger.head")
    async def head(self, call: HeadCall) -> Head:
        """Return the head of the chain as it stands in the store."""
        return await self._ledger.head(call.incident)
