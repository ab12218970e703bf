"""Putting an incident's first orders on their levers at once, without waiting for Temporal.

The keys are the workflow's own, so whoever comes second changes nothing.
"""

from __future__ import annotations

import asyncio
import logging
from datetime import timedelta

from sqlalchemy.exc import SQLAlchemyError

from andon.domain.containment import Order, OrderState
from andon.domain.errors import LeverUnknownError
from andon.domain.incident import OpenIncident
from andon.door.answers import OrderShown, first_orders, shown
from andon.ports import LeverControl
from andon.register.incidents import IncidentRow
from andon.register.switches import Switches

logger = logging.getLogger(__name__)

ADAPTER = "flag"
"""The only kind of lever the door has a right on; the others wait for the workflow."""


class Holding:
    """The door's hand on the flag levers."""

    def __init__(self, flags: LeverControl, switches: Switches) -> None:
        self._flags = flags
        self._switches = switches

    async def hold(self, opening: OpenIncident) -> tuple[OrderShown, ...]:
        """Apply the orders an incident opens with; safe to repeat, and never raises for one lever."""
        states: list[OrderShown] = []
        for order in first_orders(opening):
            states += shown([order], await self._apply(order, opening.plan.capture_within))
        return tuple(states)

    async def standing(self, row: IncidentRow) -> tuple[OrderShown, ...]:
        """Return an incident's orders: as its workflow shows them, or else as the switch store has them."""
        view, opening = row.view, row.opening
        if view is not None:
            return tuple(
                OrderShown(lever=one.order.lever.id, verb=one.order.lever.verb, state=one.state)
                for one in view.orders
            )
        if opening is None:
            return ()
        in_force = await asyncio.to_thread(self._switches.holds, row.system)
        held = {hold.order for hold in in_force}
        states = {True: OrderState.APPLIED, False: OrderState.REQUESTED}
        return tuple(
            one for order in first_orders(opening) for one in shown([order], states[order.id in held])
        )

    async def _apply(self, order: Order, capture_within: timedelta) -> OrderState:
        if order.lever.adapter != ADAPTER:
            return OrderState.REQUESTED
        try:
            await self._flags.apply(order, order.key("apply"), capture_within=capture_within)
        except (LeverUnknownError, SQLAlchemyError):
            logger.exception("an order could not be applied", extra={"order": order.id})
            return OrderState.FAILED
        return OrderState.APPLIED
