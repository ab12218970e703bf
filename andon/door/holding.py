"""Putting an incident's first orders on their levers without Temporal.

The keys are the workflow's own, so whoever comes second changes nothing.
"""

from __future__ import annotations

import logging
from datetime import timedelta

from sqlalchemy.exc import SQLAlchemyError

from andon.domain.containment import Order, OrderState
from andon.domain.errors import LeverUnknownError
from andon.domain.incident import OpenIncident
from andon.door.answers import OrderShown, first_orders, shown
from andon.ports import LeverControl

logger = logging.getLogger(__name__)

ADAPTER = "flag"
"""The only kind of lever the door has a right on; the others wait for the workflow."""


class Holding:
    """The door's hand on the flag levers."""

    def __init__(self, flags: LeverControl) -> None:
        self._flags = flags

    async def hold(self, opening: OpenIncident) -> tuple[OrderShown, ...]:
        """Apply the orders an incident opens with; safe to repeat, and never raises for one lever."""
        states: list[OrderShown] = []
        for order in first_orders(opening):
            states += shown([order], await self._apply(order, opening.plan.capture_within))
        return tuple(states)

    async def _apply(self, order: Order, capture_within: timedelta) -> OrderState:
        if order.lever.adapter != ADAPTER:
            return OrderState.REQUESTED
        try:
            await self._flags.apply(order, order.key("apply"), capture_within=capture_within)
        except (LeverUnknownError, SQLAlchemyError):
            logger.exception("an order could not be applied", extra={"order": order.id})
            return OrderState.FAILED
        return OrderState.APPLIED
