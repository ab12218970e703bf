"""The Merkle tree: known roots, every proof of small trees, and nothing forged is taken."""

from __future__ import annotations

import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from andon.domain.merkle import (
    EMPTY,
    consistency,
    inclusion,
    is_extended,
    is_included,
    leaf_hash,
    node_hash,
    root_of,
)
from tests.tree import Tree

# Leaves and roots of the test tree of certificate-transparency (its Merkle tree tests).
CT_LEAVES = (
    "",
    "00",
    "10",
    "2021",
    "3031",
    "40414243",
    "5051525354555657",
    "606162636465666768696a6b6c6d6e6f",
)
CT_ROOTS = (
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
)
MOST = 64


def leaves(count: int) -> list[bytes]:
    return [leaf_hash(number.to_bytes(4, "big")) for number in range(count)]


def by_definition(hashes: list[bytes]) -> bytes:
    """The Merkle Tree Hash exactly as RFC 6962 section 2.1 defines it."""
    if len(hashes) <= 1:
        return hashes[0] if hashes else hashlib.sha256().digest()
    half = 1
    while half * 2 < len(hashes):
        half *= 2
    return node_hash(by_definition(hashes[:half]), by_definition(hashes[half:]))


TREE = Tree(leaves(MOST))


@pytest.mark.parametrize("size", range(1, len(CT_ROOTS) + 1))
def test_the_roots_of_the_certificate_transparency_tree_are_found(size: int) -> None:
    tree = Tree(leaf_hash(bytes.fromhex(leaf)) for leaf in CT_LEAVES)
    assert tree.root(size).hex() == CT_ROOTS[size - 1]


def test_a_tree_with_no_leaves_has_the_root_of_nothing() -> None:
    assert Tree().root() == EMPTY == hashlib.sha256().digest()


def test_every_root_is_the_one_that_the_definition_gives() -> None:
    for size in range(MOST + 1):
        assert TREE.root(size) == by_definition(leaves(size))


def test_every_leaf_of_every_small_tree_is_shown_to_be_there_and_nowhere_else() -> None:
    for size in range(1, MOST + 1):
        root = TREE.root(size)
        for index in range(size):
            proof, leaf = TREE.inclusion(index, size), leaves(MOST)[index]
            assert is_included(leaf, index, size, proof, root)
            assert not is_included(leaf, (index + 1) % size, size, proof, root) or size == 1
            assert not is_included(leaf_hash(b"another"), index, size, proof, root)


def test_every_small_tree_is_shown_to_begin_with_every_smaller_one() -> None:
    for size in range(1, MOST + 1):
        for old in range(1, size + 1):
            proof = TREE.consistency(old, size)
            assert is_extended(old, TREE.root(old), size, TREE.root(size), proof)
            assert not is_extended(old, leaf_hash(b"another"), size, TREE.root(size), proof)
            assert not is_extended(old, TREE.root(old), size, leaf_hash(b"another"), proof)


def test_a_tree_that_was_rewritten_is_not_shown_to_extend_the_one_before() -> None:
    for old in range(1, 24):
        for altered in range(old):
            forked = leaves(24)
            forked[altered] = leaf_hash(b"rewritten")
            other = Tree(forked)
            assert not is_extended(old, TREE.root(old), 24, other.root(), other.consistency(old))


def test_every_tree_extends_the_empty_one_and_itself_with_no_proof() -> None:
    assert is_extended(0, EMPTY, 7, TREE.root(7), [])
    assert is_extended(7, TREE.root(7), 7, TREE.root(7), [])
    assert not is_extended(7, TREE.root(7), 7, TREE.root(8), [])
    assert not is_extended(0, EMPTY, 7, TREE.root(7), [EMPTY])
    assert not is_extended(0, TREE.root(1), 7, TREE.root(7), [])


@pytest.mark.parametrize(("index", "size"), [(-1, 3), (3, 3), (0, 0)])
def test_no_proof_is_given_of_a_leaf_that_is_not_there(index: int, size: int) -> None:
    with pytest.raises(ValueError, match="no leaf"):
        inclusion(index, size, TREE.node)
    assert not is_included(leaves(1)[0], index, size, [], TREE.root(3))


@pytest.mark.parametrize(("old", "size"), [(0, 3), (4, 3), (-1, 3)])
def test_no_consistency_proof_is_given_where_there_is_none(old: int, size: int) -> None:
    with pytest.raises(ValueError, match="consistency"):
        consistency(old, size, TREE.node)


@given(st.data())
def test_no_altered_cut_or_lengthened_proof_of_a_leaf_is_taken(data: st.DataObject) -> None:
    size = data.draw(st.integers(2, MOST))
    index = data.draw(st.integers(0, size - 1))
    proof, root, leaf = TREE.inclusion(index, size), TREE.root(size), leaves(MOST)[index]
    at = data.draw(st.integers(0, len(proof) - 1))
    flipped = [*proof[:at], _flip(proof[at], data.draw(st.integers(0, 255))), *proof[at + 1 :]]
    for forged in (flipped, proof[:-1], proof[1:], [*proof, proof[at]], [*proof, root], proof[::-1]):
        assert forged == proof or not is_included(leaf, index, size, forged, root)


@given(st.data())
def test_no_altered_cut_or_lengthened_proof_of_an_extension_is_taken(data: st.DataObject) -> None:
    size = data.draw(st.integers(2, MOST))
    old = data.draw(st.integers(1, size - 1))
    proof = TREE.consistency(old, size)
    at = data.draw(st.integers(0, len(proof) - 1))
    flipped = [*proof[:at], _flip(proof[at], data.draw(st.integers(0, 255))), *proof[at + 1 :]]
    for forged in (flipped, proof[:-1], proof[1:], [*proof, proof[at]], [*proof, EMPTY], []):
        assert not is_extended(old, TREE.root(old), size, TREE.root(size), forged)


def test_a_proof_of_a_great_tree_reads_no_more_nodes_than_the_tree_is_high() -> None:
    read: list[tuple[int, int]] = []

    def nodes(level: int, index: int) -> bytes:
        read.append((level, index))
        return leaf_hash(f"{level}/{index}".encode())

    size = 1_000_003
    inclusion(777_777, size, nodes)
    consistency(333_333, size, nodes)
    root_of(size, nodes)
    assert len(read) < 3 * 40


def _flip(digest: bytes, bit: int) -> bytes:
    return (int.from_bytes(digest, "big") ^ 1 << bit).to_bytes(32, "big")
