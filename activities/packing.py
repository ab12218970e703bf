"""Small items of one source go to rest together: a thousand puts would take longer than what they hold.

Which items share an object follows from their order, kinds and sizes alone, so that a repeat of a
capture that was cut off makes the same objects, finds them in place, and stores nothing twice. Items
of one object are of one kind, so that all of them are kept for as long.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from andon.ports import Captured

SMALL_BYTES: Final = 64 * 1024
"""From this size on an item is an object of its own."""
PACK_BYTES: Final = 1024 * 1024
SEALING_BYTES: Final = 64
"""More than encryption adds to an item."""
HELD_BYTES: Final = 4 * PACK_BYTES
"""Held at most, of all kinds together: it bounds memory, and what is read again after a kill."""


class Group(NamedTuple):
    """Items that become one object."""

    items: tuple[Captured, ...]
    cursor: str
    """Whence the source can go on once this and all groups before it are at rest; empty: not from here."""


@dataclass
class _Shelf:
    items: dict[str, Captured] = field(default_factory=dict)
    size_bytes: int = 0


@dataclass
class Packing:
    """Gathers small items by kind until they fill an object."""

    _shelves: dict[str, _Shelf] = field(default_factory=dict)
    _reached: str = ""

    def add(self, item: Captured) -> Iterator[Group]:
        """Take an item; yield what is now to be stored."""
        size = len(item.content) + SEALING_BYTES
        small = len(item.content) < SMALL_BYTES
        if small and sum(shelf.size_bytes for shelf in self._shelves.values()) + size > HELD_BYTES:
            yield from self.rest()
        shelf = self._shelves.get(item.kind, _Shelf())
        # One name twice: a repeat of the source within one capture; the index keeps the first.
        if small and (shelf.size_bytes + size > PACK_BYTES or item.name in shelf.items):
            yield self._taken(item.kind)
        self._reached = item.cursor or self._reached
        if small:
            shelf = self._shelves.setdefault(item.kind, _Shelf())
            shelf.items[item.name] = item
            shelf.size_bytes += size
        else:
            yield Group((item,), "" if self._shelves else self._reached)
        # What is held back would hold back the cursor too, and a next attempt would read all of it again.
        if item.cursor:
            yield from self.rest()

    def rest(self) -> Iterator[Group]:
        """Yield all that is still held."""
        for kind in tuple(self._shelves):
            yield self._taken(kind)

    def _taken(self, kind: str) -> Group:
        held = tuple(self._shelves.pop(kind).items.values())
        return Group(held, "" if self._shelves else self._reached)
