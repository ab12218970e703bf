"""The ports of containment: enforcement points, and which orders should be in force."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Protocol, runtime_checkable

from andon.domain.containment import Applied, Order, Proof, Released
from andon.domain.share import Sampled
from andon.domain.values import Frozen, IncidentId, Instant, Slug


class LeverControl(Protocol):
    """One kind of enforcement point. Keys make each call safe to repeat."""

    async def read(self, order: Order) -> bytes:
        """Return the lever's present state, for capture and undo."""

    async def apply(self, order: Order, key: str, *, capture_within: timedelta) -> Applied:
        """Put the order's hold on the lever; a repeat with the same key changes nothing.

        The state before is captured first and stored if absent under the order's id; if that
        takes longer than `capture_within`, the hold is put on all the same and the loss named.

        Raises:
            LeverUnknownError: the lever does not exist. Final.
        """

    async def probe(self, order: Order) -> Proof:
        """Look at the effect by a path that does not use the lever's own reply."""

    async def release(self, order: Order, key: str) -> Released:
        """Take the order's hold off; other holds stay. A repeat changes nothing.

        Raises:
            LeverUnknownError: the lever does not exist. Final.
        """


@runtime_checkable
class SharingLever(LeverControl, Protocol):
    """A lever that can let a share of requests through."""

    async def sample(self, order: Order) -> Sampled:
        """Look at the effect from both sides of the order's share, as requests do."""


class StandingOrder(Frozen):
    """An order in force, and whether its hold is on record as it should be."""

    order: Order
    recorded: bool


class HoldPage(Frozen):
    """Some orders in force, and where the next page begins; None: this was the last."""

    standing: tuple[StandingOrder, ...]
    after: str | None


class HoldRegister(Protocol):
    """Knows which orders should be in force, with no word from any incident's workflow."""

    async def page(self, adapter: Slug, after: str | None, limit: int) -> HoldPage:
        """Return orders on one kind of lever; the first page has no `after`."""

    async def stands(self, order: str) -> bool:
        """Whether an order is still to be in force: it may be let go of at any moment."""

    async def reapply_key(self, order: str) -> str:
        """Return the key under which an order is applied anew; another one after each effect."""

    async def of(self, incident: IncidentId) -> tuple[Order, ...]:
        """Return the orders of an incident that should be in force."""

    async def released(self, orders: Sequence[str]) -> dict[str, Instant]:
        """Return which of these orders were let go of, and when."""
