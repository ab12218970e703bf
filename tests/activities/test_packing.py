"""Many small items share an object: the same at each attempt, and each still an item of its own."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st
from temporalio.testing import ActivityEnvironment

from activities.evidence import EvidenceActivities
from activities.packing import HELD_BYTES, PACK_BYTES, SEALING_BYTES, SMALL_BYTES, Group, Packing
from andon.adapters.store.packs import open_item
from andon.domain.errors import EvidenceStoreError
from andon.domain.evidence import EvidenceItem
from andon.domain.values import sha256
from andon.ports import Captured
from tests import fakes
from tests.activities.test_evidence import INCIDENT, activities, call, sealing


def item(number: int, size: int = 100, kind: str = "input", cursor: str = "") -> Captured:
    content = f"{kind} {number} ".encode().ljust(size, b".")
    return Captured(kind=kind, content=content, content_type="text/plain", name=f"{number}", cursor=cursor)


def packed(items: Sequence[Captured]) -> list[Group]:
    packing = Packing()
    return [group for one in items for group in packing.add(one)] + list(packing.rest())


ITEMS = st.lists(
    st.builds(
        item,
        number=st.integers(0, 10**6),
        size=st.sampled_from([1, 1000, SMALL_BYTES - 1, SMALL_BYTES, 3 * SMALL_BYTES]),
        kind=st.sampled_from(["input", "output", "trace"]),
    ),
    max_size=200,
    unique_by=lambda one: (one.kind, one.name),
)


@given(ITEMS)
def test_each_item_is_in_exactly_one_object_and_small_ones_of_a_kind_stay_in_order(
    items: list[Captured],
) -> None:
    groups = packed(items)
    assert groups == packed(items)
    together = [one for group in groups for one in group.items]
    assert sorted(map(id, together)) == sorted(map(id, items))
    for kind in ("input", "output", "trace"):
        small = [one for one in items if one.kind == kind and len(one.content) < SMALL_BYTES]
        assert [one for one in together if one in small] == small


@given(ITEMS)
def test_an_object_holds_one_large_item_or_small_ones_of_one_kind_up_to_its_size(
    items: list[Captured],
) -> None:
    for group in packed(items):
        sizes = [len(one.content) for one in group.items]
        assert len({one.kind for one in group.items}) == 1
        if max(sizes) >= SMALL_BYTES:
            assert len(sizes) == 1
        else:
            assert sum(size + SEALING_BYTES for size in sizes) <= PACK_BYTES


@given(ITEMS)
def test_a_cursor_is_told_only_when_everything_before_it_is_in_an_object(items: list[Captured]) -> None:
    marked = [one.model_copy(update={"cursor": str(place)}) for place, one in enumerate(items)]
    sent: set[str] = set()
    for group in packed(marked):
        sent |= {one.cursor for one in group.items}
        if group.cursor:
            assert {str(place) for place in range(int(group.cursor) + 1)} <= sent
    assert not marked or group.cursor == marked[-1].cursor


def test_what_is_held_is_bounded_over_all_kinds() -> None:
    packing, held = Packing(), 0
    for number in range(400):
        kind = f"kind_{number % 40}"
        one = item(number, SMALL_BYTES - 1, kind)
        held += len(one.content) - sum(
            len(gone.content) for group in packing.add(one) for gone in group.items
        )
        assert held <= HELD_BYTES


def test_one_name_twice_does_not_share_an_object() -> None:
    assert [len(group.items) for group in packed([item(1), item(2), item(1)])] == [2, 1]


async def collected(
    *items: Captured,
) -> tuple[EvidenceActivities, fakes.MemoryStore, fakes.MemoryEvidence, tuple[EvidenceItem, ...]]:
    evidence, store, index = activities(fakes.ListSource("recorder", items))
    await ActivityEnvironment().run(evidence.collect, call("recorder"))
    return evidence, store, index, (await index.collected(INCIDENT, 1))[0]


async def test_a_thousand_small_items_are_few_objects_and_each_can_be_had_back() -> None:
    given_items = [item(number, 1000) for number in range(1000)]
    _, store, _, kept = await collected(*given_items)
    assert len(kept) == 1000
    assert len(store.objects) == 2
    contents = {await open_item(store, fakes.OpenVault(), INCIDENT, one) for one in kept}
    assert contents == {one.content for one in given_items}
    for one in kept:
        assert one.pack == sha256(store.objects[one.key])
        assert one.sha256 == sha256(store.objects[one.key][one.offset : one.offset + one.size_bytes])


async def test_an_item_alone_is_an_object_of_its_own() -> None:
    _, store, _, kept = await collected(item(1), item(2, SMALL_BYTES, "output"))
    assert {one.pack for one in kept} == {""}
    assert {one.sha256 for one in kept} == {sha256(content) for content in store.objects.values()}


async def test_a_second_attempt_finds_the_same_objects() -> None:
    evidence, store, index, kept = await collected(*(item(number, 1000) for number in range(100)))
    before = dict(store.objects)
    await ActivityEnvironment().run(evidence.collect, call("recorder"))
    assert store.objects == before
    assert len((await index.collected(INCIDENT, 1))[0]) == len(kept)


async def test_a_repeat_that_packs_otherwise_leaves_the_first_object_named() -> None:
    source = fakes.ListSource("recorder", [item(1), item(2)])
    evidence, store, index = activities(source)
    with pytest.MonkeyPatch.context() as killed:
        killed.setattr(index, "save_items", _cut_off)
        with pytest.raises(ConnectionError):
            await ActivityEnvironment().run(evidence.collect, call("recorder"))
    (left,) = store.objects
    source.found = [item(1), item(2), item(3)]
    await ActivityEnvironment().run(evidence.collect, call("recorder"))
    await ActivityEnvironment().run(evidence.seal, sealing())
    assert index.manifests[1].leftovers == (left,)


async def test_a_changed_byte_is_found_in_the_item_it_belongs_to() -> None:
    _, store, _, kept = await collected(*(item(number, 1000) for number in range(10)))
    third = kept[3]
    altered = bytearray(store.objects[third.key])
    altered[third.offset + 5] ^= 1
    store.objects[third.key] = bytes(altered)
    for one in kept:
        if one is third:
            with pytest.raises(EvidenceStoreError, match=third.id):
                await open_item(store, fakes.OpenVault(), INCIDENT, one)
        else:
            await open_item(store, fakes.OpenVault(), INCIDENT, one)


async def _cut_off(*_: object) -> None:
    raise ConnectionError("killed")
