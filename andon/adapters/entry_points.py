"""Kinds of levers and of evidence sources, found by entry point: one line in a package's metadata each."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from importlib.metadata import EntryPoint, entry_points
from typing import Generic, TypeVar

from andon.domain.errors import InvalidInputError

T = TypeVar("T")


class Found(Generic[T]):
    """The kinds of one group; each is loaded when first asked for, since few need every vendor's library."""

    def __init__(self, group: str, kind: type[T], shipped: Mapping[str, str] | None = None) -> None:
        self._group = group
        self._kind = kind
        self._shipped = shipped or {}

    def names(self) -> tuple[str, ...]:
        """Return all names, sorted."""
        return tuple(sorted(self._entries))

    def load(self, name: str) -> T:
        """Return a kind by its entry point's name.

        Raises:
            KeyError: no installed package brings it.
            InvalidInputError: what its entry point names is no such kind.
        """
        found = self._entries[name].load()
        if not isinstance(found, self._kind):
            raise InvalidInputError(
                f"entry point {name!r} of group {self._group} is no {self._kind.__name__}"
            )
        return found

    @cached_property
    def _entries(self) -> dict[str, EntryPoint]:
        """What ships with Andon can't be replaced by another package."""
        own = {
            name: EntryPoint(name=name, value=value, group=self._group)
            for name, value in self._shipped.items()
        }
        return {**{one.name: one for one in entry_points(group=self._group)}, **own}
