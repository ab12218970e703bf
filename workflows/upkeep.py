"""Orders in force, from the incident's side: what it hears of them, and asks when their time is up."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from temporalio import workflow

from andon.domain.containment import IN_FORCE, Order, OrderState
from andon.domain.decision import DecisionKind, DecisionRecord
from andon.domain.directory import Role
from andon.domain.holding import Deviation
from andon.domain.incident import IncidentState, OpenIncident, OrderRecord
from andon.domain.ledger import Kind
from andon.domain.rights import Asking
from workflows.clock import Clock, Due
from workflows.decisions import Decisions
from workflows.levers import Levers
from workflows.notices import Notices
from workflows.tape import Tape

DEVIATIONS_WRITTEN = 20
"""Of one order; further ones are counted."""
TOLD_EACH = 10
"""People hear of an order's first deviation, and then of each tenth."""
ASKED_AGAIN_AFTER = timedelta(days=1)
CALLED_ON = (Role.OPERATIONS, Role.INCIDENT_LEAD, Role.RESPONDER)
LETS_GO = (Role.BUSINESS_OWNER, Role.INCIDENT_LEAD)


class Upkeep:
    """Keeps an eye on the orders of one incident; the looking itself is done outside of it."""

    def __init__(
        self,
        opening: OpenIncident,
        state: IncidentState,
        tape: Tape,
        notices: Notices,
        decisions: Decisions,
        levers: Levers,
        *,
        clock: Clock,
        begin: Callable[[Coroutine[Any, Any, None]], object],
    ) -> None:
        self._opening = opening
        self._state = state
        self._tape = tape
        self._notices = notices
        self._decisions = decisions
        self._levers = levers
        self._begin = begin
        clock.serve(self._due)

    def deviates(self, seen: Deviation) -> None:
        """Hear that an order is not seen to hold: from now on nobody may call it proven."""
        record = self._standing(seen.order)
        if record is not None and self._proven(record):
            self._written(record.order, seen)

    def held_anew(self, seen: Deviation) -> None:
        """Hear that an order holds again, and look: whoever can reach Temporal can say so."""
        record = self._standing(seen.order)
        if record is None:
            return
        if seen.key and self._proven(record):
            self._written(record.order, seen)
        if not self._proven(self._state.orders[seen.order]):
            self._begin(self._levers.prove(record.order))

    async def keep(self) -> None:
        """Ask no more about orders once none of them is in force."""
        while True:
            await workflow.wait_condition(self._idle)
            self._decisions.supersede(DecisionKind.EXPIRY)

    def decided(self, record: DecisionRecord, outcome: str) -> None:
        """Give the orders asked about another term; none is ever let go of here."""
        for name in record.request.about.get("orders", "").split(","):
            standing = self._standing(f"{self._opening.incident}/order/{name}")
            if standing is not None:
                self._extended(standing, outcome, record.request.id)
        if outcome == "let_go":
            self._notices.word("let_go_wanted", record.request.id, LETS_GO)

    def _extended(self, record: OrderRecord, outcome: str, authority: str) -> None:
        order = record.order
        term = order.expires_at - order.ordered_at if outcome == "extend" else ASKED_AGAIN_AFTER
        until = workflow.now() + term
        state = OrderState.PROVEN if record.state is OrderState.EXPIRED else record.state
        self._note(order, until=until, expired=False, state=state)
        self._tape.add(
            Kind.ORDER_EXTENDED,
            subject=order.id,
            after=outcome,
            facts={"until": until.isoformat(), "authority": f"decision:{authority}"},
        )

    def _written(self, order: Order, seen: Deviation) -> None:
        counts = self._state.deviations
        counts[order.id] = count = counts.get(order.id, 0) + 1
        self._note(order, state=OrderState.UNPROVEN)
        if count <= DEVIATIONS_WRITTEN:
            self._tape.add(
                Kind.ORDER_DEVIATED,
                subject=order.id,
                at=seen.at,
                facts={"saw": seen.saw, "count": count, "applied_anew": bool(seen.key)},
            )
        if count == 1 or count % TOLD_EACH == 0:
            self._notices.word("deviates", f"{order.id}/{count}", CALLED_ON)

    def _due(self) -> list[Due]:
        return [
            Due(_until(record), f"expiry of {record.order.id}", partial(self._expire, record.order))
            for record in self._running()
        ]

    def _running(self) -> list[OrderRecord]:
        return [one for one in self._state.orders.values() if one.state in IN_FORCE and not one.expired]

    def _expire(self, order: Order) -> None:
        """Note that the time of an order is up, and of others with it, and ask once. All stay in force."""
        due = _until(self._state.orders[order.id])
        for record in self._running():
            if _until(record) <= due:
                state = OrderState.EXPIRED if record.state is OrderState.PROVEN else record.state
                self._note(record.order, expired=True, state=state)
                self._tape.add(Kind.ORDER_EXPIRED, subject=record.order.id, at=_until(record))
        if DecisionKind.EXPIRY not in self._opening.plan.rights:
            self._notices.word("order_expired", order.id, (order.assignee, *LETS_GO))
            return
        expired = [one.order for one in self._expired()]
        self._decisions.put(
            DecisionKind.EXPIRY,
            Asking(
                band=self._state.severity,
                about={"orders": ",".join(one.id.rsplit("/", 1)[-1] for one in expired)},
                also=tuple(dict.fromkeys(one.assignee for one in expired)),
            ),
        )

    def _expired(self) -> list[OrderRecord]:
        return [one for one in self._state.orders.values() if one.expired and one.state in IN_FORCE]

    def _idle(self) -> bool:
        asked = any(record.open for record in self._state.of(DecisionKind.EXPIRY))
        return asked and not self._expired()

    def _standing(self, order: str) -> OrderRecord | None:
        record = self._state.orders.get(order)
        return record if record is not None and record.state in IN_FORCE else None

    @staticmethod
    def _proven(record: OrderRecord) -> bool:
        return record.state in (OrderState.PROVEN, OrderState.EXPIRED)

    def _note(self, order: Order, **changes: object) -> None:
        self._state.orders[order.id] = self._state.orders[order.id].model_copy(update=changes)


def _until(record: OrderRecord) -> datetime:
    return record.until or record.order.expires_at
