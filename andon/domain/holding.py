"""Looking after holds: what one round over a kind of lever found, and what incidents hear of it."""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from pydantic import Field

from andon.domain.values import Carried, Instant, Slug

DEVIATES: Final = "deviates"
"""Signal by which an incident hears that an order is not seen to hold; carries a `Deviation`."""
HELD_ANEW: Final = "held_anew"
"""Signal by which it hears that the order holds again. A hint: the incident looks itself."""

AS_LONG_AGAIN: Final = 4
"""After a round, the pause is at least so many times what the round took: a fifth of the time at most."""


def hold_workflow(adapter: Slug) -> str:
    """Return the id of the workflow that looks after one kind of lever."""
    return f"hold/{adapter}"


class HoldDuty(Carried):
    """Whose holds are looked after, and which of them were not seen to hold in the round before."""

    adapter: Slug
    deviating: tuple[str, ...] = ()


class Deviation(Carried):
    """An order in force that was not seen to hold."""

    order: str
    saw: str = Field(max_length=64, description="code of what was seen instead")
    at: Instant
    key: str = Field("", description="under which the order was applied anew; empty: it was not")


class Round(Carried):
    """What one round over a kind of lever came to."""

    looked: int
    deviating: tuple[str, ...] = Field(description="orders that do not hold, or that nobody could look at")
    again_in: timedelta


def pause_after(took: timedelta, every: timedelta) -> timedelta:
    """Return how long to wait after a round, so that looking costs a bounded share of the machine."""
    return max(every - took, took * AS_LONG_AGAIN)
