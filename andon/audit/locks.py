"""What locked storage said of each object, as a bundle tells it: a line each, read when it is asked for."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import fields
from typing import Final

from pydantic import Field, TypeAdapter

from andon.audit.chain import LockedObject
from andon.audit.rows import Rows
from andon.domain.values import Frozen, Instant, Sha256Hex


class Lock(Frozen):
    """What locked storage said of one object."""

    key: str
    sha256: Sha256Hex
    size_bytes: int = Field(ge=0)
    version_id: str
    mode: str
    locked_until: Instant | None
    versions: int
    delete_markers: int
    lines: tuple[Sha256Hex, ...] = Field((), description="of a batch of ledger entries: digest of each line")


_LOCK: Final = TypeAdapter(Lock)
_SAID: Final = tuple(one.name for one in fields(LockedObject))


class Locks(Mapping[str, LockedObject]):
    """The lines by the key they name, in order of the keys."""

    def __init__(self) -> None:
        self._lines = Rows[str]()
        self._last: tuple[str, LockedObject] | None = None

    def add(self, line: bytes) -> str | None:
        """Keep a line, unless one stands there for its key; return that key then.

        Raises:
            ValidationError: it can't be read.
        """
        lock = _LOCK.validate_json(line)
        return None if self._lines.add(lock.key, line.decode()) else lock.key

    def __getitem__(self, key: str) -> LockedObject:
        """Return what was said of an object."""
        if self._last is None or self._last[0] != key:
            lock = _LOCK.validate_json(self._lines[key])
            said = {name: getattr(lock, name) for name in _SAID}
            self._last = key, LockedObject(**said)
        return self._last[1]

    def __contains__(self, key: object) -> bool:
        """Whether anything was said of an object."""
        return key in self._lines

    def __iter__(self) -> Iterator[str]:
        """Yield the keys in their order."""
        return iter(self._lines)

    def __len__(self) -> int:
        """Return how many there are."""
        return len(self._lines)
