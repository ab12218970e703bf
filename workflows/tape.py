"""The ledger as a workflow writes it: entries wait in state until their batch is acknowledged."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta

from temporalio import workflow
from temporalio.common import Priority, RetryPolicy
from temporalio.exceptions import ActivityError, ApplicationError

from activities.ledger import Batch, HeadCall, Kept, LedgerActivities
from activities.release import ReleaseCall, ReleaseOutcome
from andon.domain.incident import Exhibit, IncidentState, OpenIncident, view_of
from andon.domain.ledger import Chain, Entry, Head, Kind, rechain
from andon.domain.notice import Notice
from andon.domain.run_alarm import forked, state_from
from andon.domain.values import Sha256Hex

APPEND_TIMEOUT = timedelta(seconds=10)
APPEND_RETRIES = RetryPolicy(
    initial_interval=timedelta(milliseconds=200), maximum_interval=timedelta(seconds=10)
)
TURNS = 3
FORK = "StoreConflictError"
CAN_WAIT = frozenset(
    {
        Kind.STAGE_BEGUN,
        Kind.STAGE_ENDED,
        Kind.TASKS_GIVEN,
        Kind.ORDER_REQUESTED,
        Kind.WOULD_HOLD,
        Kind.FALLBACK_BEGUN,
        Kind.FALLBACK_ENDED,
        Kind.ORDER_APPLIED,
        Kind.ORDER_RELEASED,
        Kind.RESTARTED,
        Kind.EVALUATION_STARTED,
        Kind.EVALUATION_FINISHED,
        Kind.LESSON_RECORDED,
        Kind.FILE_WRITTEN,
        Kind.NOTICE_UNDELIVERED,
    }
)
"""Entries that always go with a next one, and are stored with it: each batch costs six events."""


@dataclass(eq=False)
class _LettingGo:
    """A release that goes with the entries it follows from."""

    call: ReleaseCall
    done: bool = False
    outcome: ReleaseOutcome | None = None


class Tape:
    """Adds entries to the response chain and brings them to rest, in order, batch by batch."""

    def __init__(self, opening: OpenIncident, state: IncidentState) -> None:
        self._opening = opening
        self._state = state
        self._added = len(state.pending)
        self._left = 0
        self._stored = 0
        self._letting_go: list[_LettingGo] = []
        self._wanted = self._added
        self._held = False
        self._first: Callable[[], None] = lambda: None
        self.outrun: IncidentState | None = None
        """What another history of this incident remembers, once this one is known to lag behind it."""

    def before_batch(self, then: Callable[[], None]) -> None:
        """Have `then` called before each batch leaves."""
        self._first = then

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
        if kind not in CAN_WAIT:
            self._wanted = self._added

    def exhibit(self, exhibit: Exhibit) -> None:
        """Have a signed statement stored with the next batch."""
        self._state.exhibits.append(exhibit)

    @contextmanager
    def held(self) -> Iterator[None]:
        """Keep everything for one batch. For moments only: meanwhile nothing leaves."""
        self._held = True
        try:
            yield
        finally:
            self._held = False

    async def stored(self) -> None:
        """Wait until everything added so far is at rest in locked storage and the register."""
        self._wanted = wanted = self._added
        await workflow.wait_condition(lambda: self._stored >= wanted)

    async def stored_and_let_go(self, call: ReleaseCall) -> ReleaseOutcome | None:
        """Bring everything added so far to rest, and have it let go of in the same step.

        None: nothing was left to bring to rest, or what became of it is not known.
        """
        if self._left == self._added:
            await self.stored()
            return None
        asked = _LettingGo(call)
        self._letting_go.append(asked)
        self._wanted = self._added
        try:
            await workflow.wait_condition(lambda: asked.done)
        finally:
            if asked in self._letting_go:
                self._letting_go.remove(asked)
        return asked.outcome

    async def keep_storing(self) -> None:
        """Store batch after batch; one at a time, since each follows on from the one before."""
        while True:
            await workflow.wait_condition(self._pressing)
            await _others_have_run()
            self._first()
            batch = tuple(self._state.pending)
            exhibits, notices = tuple(self._state.exhibits), tuple(self._state.outbox)
            going = next((one for one in self._letting_go if not one.done), None)
            self._left = self._added
            try:
                kept = await self._append(batch, exhibits, notices, going)
            except ActivityError as error:
                if not _is_fork(error):
                    raise
                await self._follow_the_store()
                continue
            del self._state.pending[: len(batch)]
            del self._state.exhibits[: len(exhibits)]
            del self._state.outbox[: len(notices)]
            self._state.acknowledged = batch[-1].sequence + 1
            self._stored += len(batch)
            if going is not None:
                going.outcome, going.done = kept.release, True

    def _pressing(self) -> bool:
        """Whether an entry waits that others must see now, or that somebody waits for."""
        waiting = self._wanted > self._stored or bool(self._state.outbox and self._state.pending)
        return waiting and not self._held

    async def _append(
        self,
        batch: tuple[Entry, ...],
        exhibits: tuple[Exhibit, ...],
        notices: tuple[Notice, ...],
        going: _LettingGo | None,
    ) -> Kept:
        return await workflow.execute_activity_method(
            LedgerActivities.append,
            Batch(
                entries=batch,
                exhibits=exhibits,
                notices=notices,
                view=view_of(self._opening, self._state),
                release=going.call if going else None,
            ),
            start_to_close_timeout=APPEND_TIMEOUT,
            retry_policy=APPEND_RETRIES,
            priority=Priority(priority_key=1),
        )

    async def _follow_the_store(self) -> None:
        """Go on from the stored head: another history of this incident has written before us.

        If that history has shown the incident further on than this one has ever been, then this one was
        set back: what it remembers is older than what is on record, and must not go on.
        """
        stored = await workflow.execute_activity_method(
            LedgerActivities.stored,
            HeadCall(incident=self._opening.incident),
            start_to_close_timeout=APPEND_TIMEOUT,
            retry_policy=APPEND_RETRIES,
        )
        head, lost = stored.head, self._state.acknowledged
        if stored.view is not None and stored.view.version > lost:
            newer = state_from(stored.view, head)
            forked(self._opening, newer, at=workflow.now(), pending=self._state.pending, expected=lost)
            self.outrun = newer
            await workflow.wait_condition(lambda: False)
        waiting = rechain(self._state.pending, head)
        last = waiting[-1]
        self._state.pending[:] = waiting
        self._state.head = Head(length=last.sequence + 1, digest=last.digest())
        self._left = self._stored
        self.add(Kind.FORKED, facts={"expected": lost, "stored": head.length})


async def _others_have_run() -> None:
    """Let tasks that the same event woke add what follows from it: one batch costs less than two."""
    for _ in range(TURNS):
        await workflow.wait_condition(lambda: True)


def _is_fork(error: ActivityError) -> bool:
    return isinstance(error.cause, ApplicationError) and error.cause.type == FORK
