"""The Merkle tree over the log of all incidents (RFC 6962 section 2.1, RFC 9162 section 2.1).

A tree is read through its complete subtrees, so that a proof costs as many reads as the tree is high,
wherever the subtrees are kept. `is_included` and `is_extended` need nothing but what they are given:
they are what an auditor with no access to the log relies on.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from typing import Final

EMPTY: Final = hashlib.sha256(b"").digest()
"""Root of the tree with no leaves."""

Nodes = Callable[[int, int], bytes]
"""Hash of the complete subtree of `2**level` leaves at `index`, counted in subtrees of that level."""


def leaf_hash(leaf: bytes) -> bytes:
    """Return the hash of a leaf; the prefix keeps it apart from that of a node."""
    return hashlib.sha256(b"\x00" + leaf).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """Return the hash of a node over its two halves."""
    return hashlib.sha256(b"\x01" + left + right).digest()


def root_of(size: int, nodes: Nodes) -> bytes:
    """Return the root over the first `size` leaves."""
    return _over(0, size, nodes) if size else EMPTY


def inclusion(index: int, size: int, nodes: Nodes) -> list[bytes]:
    """Return the proof that leaf `index` is among the first `size`, from the leaf upwards."""
    if not 0 <= index < size:
        raise ValueError(f"a tree of {size} leaves has no leaf {index}")
    low, high, path = 0, size, list[bytes]()
    while high - low > 1:
        middle = low + _split(high - low)
        if index < middle:
            path.append(_over(middle, high, nodes))
            high = middle
        else:
            path.append(_over(low, middle, nodes))
            low = middle
    return path[::-1]


def consistency(old: int, size: int, nodes: Nodes) -> list[bytes]:
    """Return the proof that the tree of `size` leaves begins with the tree of `old` leaves."""
    if not 0 < old <= size:
        raise ValueError(f"a tree of {size} leaves has no consistency proof from {old}")
    low, high, path = 0, size, list[bytes]()
    while high != old:
        middle = low + _split(high - low)
        if old <= middle:
            path.append(_over(middle, high, nodes))
            high = middle
        else:
            path.append(_over(low, middle, nodes))
            low = middle
    # A whole tree at the front is the old root itself, which whoever checks this has.
    if low:
        path.append(_over(low, high, nodes))
    return path[::-1]


def is_included(leaf: bytes, index: int, size: int, proof: Sequence[bytes], root: bytes) -> bool:
    """Whether the proof leads from a leaf's hash to the root (RFC 9162 section 2.1.3.2)."""
    if not 0 <= index < size:
        return False
    here, last, found = index, size - 1, leaf
    for sibling in proof:
        if last == 0:
            return False
        if here % 2 or here == last:
            found = node_hash(sibling, found)
            while here % 2 == 0 and here:
                here, last = here >> 1, last >> 1
        else:
            found = node_hash(found, sibling)
        here, last = here >> 1, last >> 1
    return last == 0 and found == root


def is_extended(old: int, old_root: bytes, size: int, root: bytes, proof: Sequence[bytes]) -> bool:
    """Whether the proof shows one tree to begin with the other (RFC 9162 section 2.1.4.2).

    A tree extends the empty one, and itself, with an empty proof only.
    """
    if old in (0, size):
        return not proof and (old_root == root if old == size else old_root == EMPTY)
    if not 0 < old < size or not proof:
        return False
    path = list(proof) if old & (old - 1) else [old_root, *proof]
    here, last = old - 1, size - 1
    while here % 2:
        here, last = here >> 1, last >> 1
    first = second = path[0]
    for sibling in path[1:]:
        if last == 0:
            return False
        if here % 2 or here == last:
            first, second = node_hash(sibling, first), node_hash(sibling, second)
            while here % 2 == 0 and here:
                here, last = here >> 1, last >> 1
        else:
            second = node_hash(second, sibling)
        here, last = here >> 1, last >> 1
    return last == 0 and first == old_root and second == root


def completed(leaf: bytes, index: int, nodes: Nodes) -> list[tuple[int, int, bytes]]:
    """Return the complete subtrees that leaf `index` adds to a tree: level, index and hash of each."""
    made = [(0, index, leaf)]
    level, place, found = 0, index, leaf
    while place % 2:
        found = node_hash(nodes(level, place - 1), found)
        level, place = level + 1, place >> 1
        made.append((level, place, found))
    return made


def _split(count: int) -> int:
    """Return the largest power of two smaller than `count`."""
    return 1 << ((count - 1).bit_length() - 1)


def _over(low: int, high: int, nodes: Nodes) -> bytes:
    """Return the hash over a range that begins where a subtree of its size may begin."""
    count = high - low
    if count & (count - 1) == 0:
        level = count.bit_length() - 1
        return nodes(level, low >> level)
    middle = low + _split(count)
    return node_hash(_over(low, middle, nodes), _over(middle, high, nodes))
