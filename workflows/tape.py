"""The ledger as a workflow writes it: entries wait in state until their batch is acknowledged."""

from __future__ import annotations

from datetime import datetime, timedelta

from temporalio import workflow
from temporalio.common import Priority, RetryPolicy
from temporalio.exceptions import ActivityError, ApplicationError

from activities.ledger import Batch, HeadCall, LedgerActivities
from andon.domain.incident import Exhibit, IncidentState, OpenIncident, view_of
from andon.domain.ledger import Chain, Entry, Head, Kind, rechain
from andon.domain.values import Sha256Hex

APPEND_TIMEOUT = timedelta(seconds=10)
APPEND_RETRIES = RetryPolicy(
    initial_interval=timedelta(milliseconds=200), maximum_interval=timedelta(seconds=10)
)
FORK = "StoreConflictError"


class Tape:
    """Adds entries to the response chain and brings them to rest, in order, batch by batch."""

    def __init__(self, opening: OpenIncident, state: IncidentState) -> None:
        self._opening = opening
        self._state = state
        self._added = len(state.pending)
        self._stored = 0

    def add(
        self,
        kind: Kind,
        *,
        actor: str = "andon",
        subject: str = "",
        before: str = "",
        after: str = "",
        at: datetime | None = None,
        reason: Sha256Hex | None = None,
        digests: dict[str, Sha256Hex] | None = None,
        facts: dict[str, str | int | bool] | None = None,
    ) -> None:
        """Chain one entry; it is stored with the next batch."""
        head = self._state.head
        entry = Entry(
            incident=self._opening.incident,
            chain=Chain.RESPONSE,
            sequence=head.length,
            at=at or workflow.now(),
            actor=actor,
            kind=kind,
            subject=subject,
            before=before,
            after=after,
            reason=reason,
            digests=digests or {},
            facts=facts or {},
            previous=head.digest,
        )
        self._state.pending.append(entry)
        self._state.head = Head(length=head.length + 1, digest=entry.digest())
        self._added += 1

    def exhibit(self, exhibit: Exhibit) -> None:
        """Have a signed statement stored with the next batch."""
        self._state.exhibits.append(exhibit)

    async def stored(self) -> None:
        """Wait until everything added so far is at rest in locked storage and the register."""
        wanted = self._added
        await workflow.wait_condition(lambda: self._stored >= wanted)

    async def keep_storing(self) -> None:
        """Store batch after batch; one at a time, since each follows on from the one before."""
        while True:
            await workflow.wait_condition(lambda: bool(self._state.pending))
            batch = tuple(self._state.pending)
            exhibits = tuple(self._state.exhibits)
            try:
                await self._append(batch, exhibits)
            except ActivityError as error:
                if not _is_fork(error):
                    raise
                await self._follow_the_store()
                continue
            del self._state.pending[: len(batch)]
            del self._state.exhibits[: len(exhibits)]
            self._state.acknowledged = batch[-1].sequence + 1
            self._stored += len(batch)

    async def _append(self, batch: tuple[Entry, ...], exhibits: tuple[Exhibit, ...]) -> None:
        await workflow.execute_activity_method(
            LedgerActivities.append,
            Batch(entries=batch, exhibits=exhibits, view=view_of(self._opening, self._state)),
            start_to_close_timeout=APPEND_TIMEOUT,
            retry_policy=APPEND_RETRIES,
            priority=Priority(priority_key=1),
        )

    async def _follow_the_store(self) -> None:
        """Go on from the stored head: another history of this incident has written before us."""
        head = await workflow.execute_activity_method(
            LedgerActivities.head,
            HeadCall(incident=self._opening.incident),
            start_to_close_timeout=APPEND_TIMEOUT,
            retry_policy=APPEND_RETRIES,
        )
        lost = self._state.acknowledged
        waiting = rechain(self._state.pending, head)
        last = waiting[-1]
        self._state.pending[:] = waiting
        self._state.head = Head(length=last.sequence + 1, digest=last.digest())
        self.add(Kind.FORKED, facts={"expected": lost, "stored": head.length})


def _is_fork(error: ActivityError) -> bool:
    return isinstance(error.cause, ApplicationError) and error.cause.type == FORK
