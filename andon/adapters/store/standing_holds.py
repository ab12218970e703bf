"""Orders in force, read from the switch store and the register in threads."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from andon.domain.containment import Order
from andon.domain.values import IncidentId, Instant, Slug
from andon.ports import HoldPage
from andon.register.standing_holds import StandingHolds


class RegisterHolds:
    """Knows which orders should be in force."""

    def __init__(self, holds: StandingHolds) -> None:
        self._holds = holds

    async def page(self, adapter: Slug, after: str | None, limit: int) -> HoldPage:
        """Return orders on one kind of lever."""
        return await asyncio.to_thread(self._holds.page, adapter, after, limit)

    async def stands(self, order: str) -> bool:
        """Whether an order is still to be in force."""
        return await asyncio.to_thread(self._holds.stands, order)

    async def reapply_key(self, order: str) -> str:
        """Return the key under which an order is applied anew."""
        return await asyncio.to_thread(self._holds.reapply_key, order)

    async def of(self, incident: IncidentId) -> tuple[Order, ...]:
        """Return the orders of an incident that should be in force."""
        return await asyncio.to_thread(self._holds.of, incident)

    async def released(self, orders: Sequence[str]) -> dict[str, Instant]:
        """Return which of these orders were let go of, and when."""
        return await asyncio.to_thread(self._holds.released, orders)
