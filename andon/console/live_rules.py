"""Which pages live, what makes one change, and how long each of many readers waits to fetch it again."""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass
from typing import Final

from andon.register.touched import LISTS

AT_ONCE: Final = 10
"""So many readers of one thing fetch it at once; more than these are spread."""
SHARE: Final = 0.25
"""The share of one processor that fetching pages again may take."""
LONGEST_SECONDS: Final = 20.0
"""Nobody waits longer than this for what is new, however many they are."""
GUESSED_SECONDS: Final = 0.05
"""What a page costs before one was measured."""
WEIGHT: Final = 0.2
"""How much the newest page counts in what a page costs."""

ON_RECORD: Final = frozenset({"text"})
"""Asked for with these, a page shows what is looked at on record."""
_INCIDENT: Final = re.compile(r"^/incidents/(INC-[0-9]{8}-[0-9a-z]{6})(/.*)?$")
_OF_INCIDENT: Final = re.compile(
    r"^(/(decisions/[\w-]+|tasks/[\w-]+|timeline|evidence|reach|known|changes|custody))?$"
)
"""What lives below an incident. A page whose reading is put on record never does: it would read by itself."""
_LISTS: Final = re.compile(r"^/(incidents|quality|quality/[\w-]+|changes|changes/[\w-]+/[\w-]+)?$")
_HOLDS: Final = re.compile(r"^/(systems|stop)(/.*)?$")


@dataclass(frozen=True, slots=True)
class Place:
    """One living page, by what changes it."""

    subject: str
    kind: str
    holds: bool = False
    """Whether it shows what levers are set to this moment, which the switch store alone knows."""


def place_of(path: str, query: Collection[str] = ()) -> Place | None:
    """Return what changes the page at a path; None if it does not live.

    Args:
        path: of the page.
        query: names of what its address asks for besides.
    """
    if not ON_RECORD.isdisjoint(query):
        return None
    if found := _INCIDENT.match(path):
        below = found[2] or ""
        return Place(found[1], f"/incidents/*{_kind(below)}") if _OF_INCIDENT.match(below) else None
    if _LISTS.match(path):
        return Place(LISTS, _kind(path))
    return Place(LISTS, _kind(path), holds=True) if _HOLDS.match(path) else None


def token_of(number: int, holds: int | None) -> str:
    """Return what stands for the state a page shows; another state has another one."""
    return str(number) if holds is None else f"{number}.{holds}"


def spread_seconds(listeners: int, cost_seconds: float) -> float:
    """Return over how long the readers of one thing spread their fetches, so that little time goes into them.

    Args:
        listeners: how many of them there are.
        cost_seconds: what one fetch takes; it grows when the console is busy, and so does the spread.
    """
    return min(max(0, listeners - AT_ONCE) * cost_seconds / SHARE, LONGEST_SECONDS)


def _kind(path: str) -> str:
    """Return what pages of one kind have in common: the first step of a path."""
    return "/" + "/".join(path.split("/")[1:2]) if path else ""
