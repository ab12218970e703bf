"""Lists with a row for each file or object of a bundle, kept on the disk: a bundle may hold millions.

The rows lie in a database of SQLite that has no name, so that nothing is left of it. The first pages
stay in memory; a small bundle never touches the disk.
"""

from __future__ import annotations

import sqlite3
import weakref
from collections.abc import ItemsView, Iterable, Iterator, Mapping
from typing import Generic, TypeVar

_Kept = TypeVar("_Kept", int, str)


class Rows(Mapping[str, _Kept], Generic[_Kept]):
    """A value by name, in order of the names. The first that is added under a name stays."""

    def __init__(self) -> None:
        self._count = 0
        self._rows = sqlite3.connect("", isolation_level=None)
        weakref.finalize(self, self._rows.close)
        self._rows.execute("PRAGMA journal_mode=OFF")
        self._rows.execute("CREATE TABLE kept (name TEXT PRIMARY KEY, value) WITHOUT ROWID")
        self._rows.execute("BEGIN")

    def add(self, name: str, value: _Kept) -> bool:
        """Add a value, and return whether the name is new."""
        done = self._rows.execute("INSERT OR IGNORE INTO kept VALUES (?, ?)", (name, value))
        self._count += done.rowcount
        return bool(done.rowcount)

    def fill(self, pairs: Iterable[tuple[str, _Kept]]) -> None:
        """Add many; what yields them adds nothing here meanwhile."""
        done = self._rows.executemany("INSERT OR IGNORE INTO kept VALUES (?, ?)", pairs)
        self._count += done.rowcount

    def __getitem__(self, name: str) -> _Kept:
        """Return the value of a name."""
        found = self._rows.execute("SELECT value FROM kept WHERE name = ?", (name,)).fetchone()
        if found is None:
            raise KeyError(name)
        value: _Kept = found[0]
        return value

    def __iter__(self) -> Iterator[str]:
        """Yield the names in their order."""
        return (name for (name,) in self._rows.execute("SELECT name FROM kept ORDER BY name"))

    def __contains__(self, name: object) -> bool:
        """Whether there is a value of this name."""
        return self._rows.execute("SELECT 1 FROM kept WHERE name = ?", (name,)).fetchone() is not None

    def __len__(self) -> int:
        """Return how many there are."""
        return self._count

    def items(self) -> ItemsView[str, _Kept]:
        """Return names with their values, in order of the names, read as they are gone through."""
        return _Items(self)

    def under(self, prefix: str) -> Iterator[tuple[str, _Kept]]:
        """Yield names that begin with `prefix`, in their order, each with its value."""
        ask = "SELECT name, value FROM kept WHERE name >= ? AND name < ? ORDER BY name"
        return iter(self._rows.execute(ask, (prefix, f"{prefix}\U0010ffff")))


class _Items(ItemsView[str, _Kept]):
    """Reads name and value at once, not one by the other."""

    _mapping: Rows[_Kept]

    def __iter__(self) -> Iterator[tuple[str, _Kept]]:
        return self._mapping.under("")
