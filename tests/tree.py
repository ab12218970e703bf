"""A tree of hashes in memory, for logs that a test makes up."""

from __future__ import annotations

from collections.abc import Iterable

from andon.domain.merkle import completed, consistency, inclusion, root_of


class Tree:
    """A tree in memory, by the hashes of its leaves."""

    def __init__(self, leaves: Iterable[bytes] = ()) -> None:
        self._levels: list[list[bytes]] = [[]]
        for leaf in leaves:
            self.append(leaf)

    @property
    def size(self) -> int:
        """How many leaves it has."""
        return len(self._levels[0])

    def append(self, leaf: bytes) -> None:
        """Add the hash of a leaf."""
        for level, _, found in completed(leaf, self.size, self.node):
            if level == len(self._levels):
                self._levels.append([])
            self._levels[level].append(found)

    def node(self, level: int, index: int) -> bytes:
        """Return the hash of a complete subtree."""
        return self._levels[level][index]

    def root(self, size: int | None = None) -> bytes:
        """Return the root over the first `size` leaves; without a size, over all."""
        return root_of(self.size if size is None else size, self.node)

    def inclusion(self, index: int, size: int | None = None) -> list[bytes]:
        """Return the proof that leaf `index` is among the first `size`."""
        return inclusion(index, self.size if size is None else size, self.node)

    def consistency(self, old: int, size: int | None = None) -> list[bytes]:
        """Return the proof that the tree of `size` leaves begins with that of `old` leaves."""
        return consistency(old, self.size if size is None else size, self.node)
