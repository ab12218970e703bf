"""What the program that reported something says of it later. It is noted; it closes and releases nothing."""

from __future__ import annotations

from enum import StrEnum
from typing import Final

from pydantic import Field

from andon.domain.values import Carried, Instant

SENDER_SAYS: Final = "sender_says"
"""Name of the signal that tells an incident's workflow."""


class Says(StrEnum):
    """What a sender can say."""

    ACKNOWLEDGED = "acknowledged"
    """Somebody on the sender's side knows of it."""
    RESOLVED = "resolved"
    """To the sender it is over."""


class SenderSays(Carried):
    """What one sender said of an incident since its workflow was last told, counted."""

    source: str = Field(pattern=r"^(source|person):[a-z0-9][a-z0-9._-]{0,62}$")
    says: Says
    count: int = Field(ge=1, le=1_000_000)
    last_at: Instant
    upto: int = Field(ge=0, description="number of the last word counted; told twice, it counts once")


class SenderSaid(Carried):
    """Where one sender stands."""

    source: str
    says: Says
    at: Instant
    count: int = Field(1, description="how often it has said something")
    upto: int = 0
