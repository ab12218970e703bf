"""Containment: orders applied at once, proven or escalated, and let go one by one."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import timedelta

from temporalio import workflow
from temporalio.common import Priority, RetryPolicy
from temporalio.exceptions import ActivityError, ApplicationError, FailureError

from activities.containment import ApplyCall, ContainmentActivities, ProveCall
from activities.release import BREAK_GLASS, ReleaseCall, Step
from andon.domain.containment import IN_FORCE, Applied, Order, OrderState, Proof
from andon.domain.decision import DecisionKind, DecisionRecord
from andon.domain.incident import IncidentState, OpenIncident, OrderRecord
from andon.domain.ledger import Kind
from andon.domain.playbook import Plan
from andon.domain.proof import proof_within, worth_putting_again
from andon.domain.quarantine import for_sessions, quarantining_also
from andon.domain.severity import Band
from andon.domain.signing import Envelope
from andon.domain.unproven import called_on, facts_of
from workflows.fallback import Fallback
from workflows.foreseeing import Foreseeing
from workflows.letting_go import let_go_of, waiting
from workflows.manual import Manual
from workflows.notices import Notices
from workflows.tape import Tape

AT_ONCE = timedelta(milliseconds=1500)
APPLY_TIMEOUT = timedelta(seconds=10)
APPLY_FOR = timedelta(seconds=30)
APPLY_RETRIES = RetryPolicy(
    initial_interval=timedelta(milliseconds=100),
    maximum_interval=timedelta(seconds=2),
    non_retryable_error_types=["LeverUnknownError"],
)
AT_ONCE_RETRIES = RetryPolicy(
    initial_interval=timedelta(milliseconds=100),
    maximum_attempts=4,
    non_retryable_error_types=["LeverUnknownError"],
)
"""Bounded by attempts: the SDK does not hold the time for a local activity against those that fail fast
(measured with SDK 1.35: 30 attempts in a minute), and all the while the ledger would wait."""
PROOF_SLACK = timedelta(seconds=15)
PROOF_HEARTBEAT = timedelta(seconds=10)
NEXT_ROUND = timedelta(seconds=15)
FIRST = Priority(priority_key=1)


class Levers:
    """The orders of one incident."""

    def __init__(self, opening: OpenIncident, state: IncidentState, tape: Tape, notices: Notices) -> None:
        self._opening = opening
        self._state = state
        self._tape = tape
        self._notices = notices
        self.foreseeing = Foreseeing(opening, state, tape, notices)
        self._fallback = Fallback(opening, state, tape, notices)
        self.manual = Manual(opening, state, tape, notices, begun=self._fallback.held)
        # Local activities run in the first task of a run only. Later they are unsafe: with SDK 1.35 a query
        # that arrives while one runs can move what follows it into the next workflow task, and the history
        # replays no more (measured: 1 of 9 runs under steady queries, 0 of 39 without).
        self._first_round = True

    def order(self) -> None:
        """Give the orders that the severity calls for and that do not stand already, or foresee them."""
        for step in self._opening.plan.lacking(self._state.severity):
            self._tape.add(Kind.LEVER_LACKING, subject=step)
        self._give_or_foresee(self._fresh())
        if not self.foreseeing.enforces():
            self.foreseeing.note(self._fresh(costly=True), costly=True)

    def quarantine(self, sessions: Sequence[str]) -> None:
        """Give the orders for sessions that joined detections named, or foresee them."""
        self._give_or_foresee(self._fresh(plan=for_sessions(self._opening.plan, sessions)))

    def _give_or_foresee(self, orders: tuple[Order, ...]) -> None:
        if self.foreseeing.enforces():
            self._give(orders)
        else:
            self.foreseeing.note(orders, costly=False)

    def enforce_after(self, triage: DecisionRecord) -> None:
        """Give what was only foreseen, if triage has it contained."""
        if self.foreseeing.triaged(triage):
            self._give(self._fresh())

    def order_costly(self, authority: str) -> None:
        """Give the orders that take a decision, with what they rest on."""
        self._give(self._fresh(costly=True, authority=authority))

    def order_again(self) -> None:
        """Give anew what stood before a restart; what was decided then needs no new round."""
        self.order()
        for record in self._state.of(DecisionKind.SHUTDOWN_REVENUE_FEATURE):
            if record.outcome == "shut_down":
                self.order_costly(f"decision:{record.request.id}")
        for record in self._state.of(DecisionKind.RATIFICATION):
            if record.outcome != "swap":
                self.order_costly(BREAK_GLASS)

    def order_strictest(self, authority: str) -> None:
        """Give what the playbook holds for the worst case and can be undone at no great cost."""
        self._give(self._fresh(band=Band.CRITICAL, authority=authority))

    def costly_ahead(self) -> bool:
        """Whether a step that takes a decision is called for at this severity and does not stand."""
        return self.foreseeing.enforces() and bool(self._fresh(costly=True))

    def _fresh(
        self, *, band: Band | None = None, costly: bool = False, authority: str = "", plan: Plan | None = None
    ) -> tuple[Order, ...]:
        plan = plan or quarantining_also(self._opening.plan, self._state.sessions)
        return plan.orders(
            self._opening.incident,
            band or self._state.severity,
            reason=self._opening.type or self._state.classification.value,
            at=workflow.now(),
            # What lets a share through does not stand in for the order that lets nothing through.
            standing=[order for order in self.in_force() if order.share is None],
            given=len(self._state.orders),
            costly=costly,
            authority=authority,
        )

    def give(self, orders: Sequence[Order]) -> None:
        """Put orders on record that are to be applied by the next `contain`."""
        self._give(tuple(orders))

    def _give(self, orders: tuple[Order, ...]) -> None:
        state = self._state
        for order in orders:
            state.orders[order.id] = OrderRecord(order=order)
            self._tape.add(
                Kind.ORDER_REQUESTED,
                subject=order.id,
                after=order.lever.verb.value,
                facts={
                    "lever": order.lever.id,
                    "authority": order.authority,
                    "why": order.reason,
                    "looked_at_again": order.expires_at.isoformat(),
                    **(order.cost.facts() if order.cost else {}),
                },
            )
            if order.lever.by_hand:
                self.manual.give(order)

    async def contain(self) -> None:
        """Apply and prove every order; until each is proven, try again and call for people."""
        if self._first_round:
            self._first_round = False
            # What the orders did is stored with the order itself: both are done within one workflow task.
            with self._tape.held():
                await asyncio.gather(*(self._at_once(record.order) for record in self._unproven()))
        await self._round(self._unproven())
        while unproven := self._unproven():
            self._call_for_people(unproven)
            await workflow.sleep(NEXT_ROUND, summary="before containment is tried again")
            await self._round(self._unproven())
        self.note_contained()

    def _call_for_people(self, unproven: list[OrderRecord]) -> None:
        """Say to the next authority which levers are open, and in what; one notice for all of them."""
        worst = max(unproven, key=lambda record: record.attempts)
        if roles := called_on(worst.attempts):
            still = tuple(f"{record.order.lever.id}: {record.still_open}" for record in unproven)
            self._notices.word("unproven", f"{worst.order.id}/{worst.attempts}", roles, still=still)

    async def done_by_hand(self) -> None:
        """Wait until people have said what became of each order that no lever carries out."""
        if self.manual.outstanding():
            await workflow.wait_condition(lambda: not self.manual.outstanding())

    def note_contained(self) -> None:
        """Put on record that every order is proven, once that is so."""
        if self._state.contained and self._state.contained_at is None:
            self._state.contained_at = max(
                record.proof.at for record in self._state.orders.values() if record.proof
            )
            self._tape.add(
                Kind.CONTAINED, at=self._state.contained_at, facts={"orders": len(self._state.orders)}
            )

    async def release(
        self,
        decision: DecisionRecord,
        *,
        authority: str = "",
        merge: Envelope | None = None,
        keep: Sequence[Order] = (),
    ) -> bool:
        """Bring the ledger to rest, then let go of the orders one by one, the last given first.

        False: one was refused, on record.

        `authority` leaves alone all orders that rest on something else, `keep` those named. `merge` is the
        statement that merged this incident into the one whose decision it is.
        """
        standing = [
            record.order
            for record in reversed(self._in_force())
            if (not authority or record.order.authority == authority) and record.order not in keep
        ]
        by_hand = [order for order in standing if order.lever.by_hand]
        served = [order for order in standing if not order.lever.by_hand]
        if served and not await self._served(served, decision, merge):
            return False
        for order in by_hand:
            self._let_go_by_hand(order, decision)
        return True

    async def _served(self, orders: list[Order], decision: DecisionRecord, merge: Envelope | None) -> bool:
        """Let go of orders on levers; False: one was refused, on record."""
        call = ReleaseCall(
            orders=tuple(orders),
            request=decision.request,
            statements=tuple(response.statement for response in decision.accepted),
            trusted=self._opening.plan.trusted,
            merge=merge,
        )
        # One step less between the answer and the effect; the keys make a second call safe.
        outcome = await self._tape.stored_and_let_go(call)
        outcome = outcome or await let_go_of(call, self._tape, self._notices)
        for order, step in zip(orders, outcome.steps, strict=False):
            self._let_go(order, decision, step)
        if outcome.refused is not None:
            self._tape.add(
                Kind.RELEASE_REFUSED,
                subject=orders[len(outcome.steps)].id,
                digests={"request": decision.request.digest()},
                facts={"problem": outcome.refused},
            )
            waiting(call, outcome.refused, self._tape, self._notices, done=len(outcome.steps))
        return outcome.refused is None

    async def prove(self, order: Order) -> None:
        """Look anew whether an order holds, as long as it is in force."""
        await self._prove(order)

    def standing(self) -> bool:
        """Whether any order is in force."""
        return bool(self._in_force())

    def in_force(self) -> list[Order]:
        """Return the orders in force, the first given first."""
        return [record.order for record in self._in_force()]

    def _in_force(self) -> list[OrderRecord]:
        return [record for record in self._state.orders.values() if record.state in IN_FORCE]

    def _unproven(self) -> list[OrderRecord]:
        waiting = {OrderState.REQUESTED, OrderState.APPLIED, OrderState.UNPROVEN, OrderState.FAILED}
        return [
            record
            for record in self._state.orders.values()
            if record.state in waiting and not record.order.lever.by_hand
        ]

    async def _round(self, records: list[OrderRecord]) -> None:
        await asyncio.gather(*(self._applied_and_proven(record.order) for record in records))

    async def _applied_and_proven(self, order: Order) -> None:
        record = self._state.orders[order.id]
        self._note(order, attempts=record.attempts + 1)
        if record.state is not OrderState.APPLIED and not await self._apply(order):
            return
        await self._prove(order)

    async def _at_once(self, order: Order) -> None:
        """Apply within the first workflow task and look once, which is enough for a fast lever.

        A lever that is slow or away must not hold up the task in which others are applied.
        """
        try:
            seen = await workflow.execute_local_activity_method(
                ContainmentActivities.contain_at_once,
                self._call(order),
                start_to_close_timeout=AT_ONCE,
                schedule_to_close_timeout=AT_ONCE,
                retry_policy=AT_ONCE_RETRIES,
            )
        except FailureError:
            return
        self._note_applied(order, seen.applied)
        if seen.proof is not None and seen.proof.held:
            self._judge(order, seen.proof)

    async def _apply(self, order: Order) -> bool:
        record = self._state.orders[order.id]
        # Whether an unanswered call had an effect is not known: it is repeated under its own key.
        saw = record.proof if record.applied is not None else None
        anew = saw is not None and worth_putting_again(order.lever.adapter, saw.saw, saw.parts)
        try:
            applied = await workflow.execute_activity_method(
                ContainmentActivities.apply,
                self._call(order, attempt=record.attempts if anew else 0),
                start_to_close_timeout=APPLY_TIMEOUT,
                schedule_to_close_timeout=APPLY_FOR,
                retry_policy=APPLY_RETRIES,
                priority=FIRST,
            )
        except ActivityError as error:
            final = isinstance(error.cause, ApplicationError) and error.cause.non_retryable
            # A time-out is unknown, not failed: the hold may stand, and is probed like any other.
            self._note(order, state=OrderState.FAILED if final else OrderState.UNPROVEN)
            self._tape.add(Kind.ORDER_FAILED, subject=order.id, facts={"problem": problem_of(error)})
            return not final
        self._note_applied(order, applied)
        return True

    async def _prove(self, order: Order) -> None:
        """Look until the effect is seen or the time is up."""
        lever = order.lever
        within = proof_within(self._opening.plan.probe_within, lever.options, lever.proofs)
        try:
            proof = await workflow.execute_activity_method(
                ContainmentActivities.prove,
                ProveCall(order=order, within=within),
                start_to_close_timeout=within + PROOF_SLACK,
                heartbeat_timeout=PROOF_HEARTBEAT,
                schedule_to_close_timeout=(within + PROOF_SLACK) * 3,
                retry_policy=APPLY_RETRIES,
                priority=FIRST,
            )
        except ActivityError:
            proof = None
        self._judge(order, proof)

    def _call(self, order: Order, *, attempt: int = 0) -> ApplyCall:
        within = self._opening.plan.capture_within
        return ApplyCall(order=order, capture_within=within, attempt=attempt)

    def _note_applied(self, order: Order, applied: Applied) -> None:
        self._note(order, state=OrderState.APPLIED, applied=applied)
        self._tape.add(
            Kind.ORDER_APPLIED,
            subject=order.id,
            at=applied.at,
            digests={"captured": applied.captured} if applied.captured else {},
            facts={"gap": applied.gap} if applied.gap else {},
        )
        self._fallback.held(order, applied.at)

    def _judge(self, order: Order, proof: Proof | None) -> None:
        """Only what an independent probe saw makes an order proven."""
        if self._state.orders[order.id].state is OrderState.RELEASED:
            return  # it was let go of while it was looked at
        if proof is not None and proof.held:
            self._note(order, state=OrderState.PROVEN, proof=proof)
            self._tape.add(
                Kind.ORDER_PROVEN,
                subject=order.id,
                at=proof.at,
                facts={"via": proof.via, "saw": proof.saw, **facts_of(proof)},
            )
            return
        saw = proof.saw if proof else "no_answer"
        self._note(order, state=OrderState.UNPROVEN, proof=proof)
        self._tape.add(Kind.ORDER_UNPROVEN, subject=order.id, facts={"saw": saw, **facts_of(proof)})

    def _let_go(self, order: Order, decision: DecisionRecord, step: Step) -> None:
        self._note(order, state=OrderState.RELEASED, released_at=step.released.at)
        self._tape.add(
            Kind.ORDER_RELEASED,
            subject=order.id,
            at=step.released.at,
            digests={"request": decision.request.digest()},
            facts={"allowed": step.released.allowed, "saw": step.proof.saw},
        )
        self._fallback.let_go(step.released.at)

    def _let_go_by_hand(self, order: Order, decision: DecisionRecord) -> None:
        """Let go of what a person did; the decision was judged when it was answered, and they undo it."""
        now = workflow.now()
        self.manual.let_go(order, decision.request.id)
        self._note(order, state=OrderState.RELEASED, released_at=now)
        self._tape.add(
            Kind.ORDER_RELEASED,
            subject=order.id,
            at=now,
            digests={"request": decision.request.digest()},
            facts={"saw": "by_hand"},
        )
        self._fallback.let_go(now)

    def _note(self, order: Order, **changes: object) -> None:
        self._state.orders[order.id] = self._state.orders[order.id].model_copy(update=changes)


def problem_of(error: ActivityError) -> str:
    """Name what stopped an activity, by type and never by text."""
    cause = error.cause
    if isinstance(cause, ApplicationError):
        return cause.type or "unknown"
    return type(cause).__name__ if cause else "unknown"
