"""Bounds, windows, gaps and records: what holds for every source that a file names."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest
from pydantic import SecretStr

from andon.adapters.sources import bounded, kinds
from andon.adapters.sources.bounded import BoundedSource
from andon.adapters.sources.found import RegisteredSources, source_of
from andon.config import SourceSettings
from andon.domain.errands import EvidenceQuery
from andon.domain.evidence import Gap, GapReason
from andon.domain.system import AISystem, EvidencePlaces, SourceEntry, Tier
from andon.ports import Captured
from andon.register.engine import Databases
from andon.register.policies import Systems
from tests.adapters.conftest import databases
from tests.adapters.sources.asked import came, entry, means, query
from tests.adapters.sources.memory import Memory

__all__ = ["databases"]

KEY = SourceSettings(secrets={"key": SecretStr("s")})


def source(memory: Memory, *supplies: str, **bounds: int) -> BoundedSource:
    described = entry("memory", *(supplies or ("complaint",)), options={"secret": "key"}, **bounds)
    kind, using = memory.kind(), means(KEY)
    return BoundedSource(described, kind.version, kind.build(described, using), using)


async def test_what_came_before_a_bound_is_kept_and_the_row_is_named_as_cut_off() -> None:
    got = await came(source(Memory(), most_items=2), query())
    assert [one.content for one in got.items] == [b"one", b"two"]
    assert [(gap.row, gap.reason, gap.detail) for gap in got.gaps] == [
        ("signals", GapReason.LATE, "cut off after 2 items")
    ]


async def test_exactly_as_much_as_the_bound_is_not_cut_off() -> None:
    assert (await came(source(Memory(), most_items=3, most_bytes=11), query())).gaps == []


async def test_a_source_that_never_ends_is_cut_off_in_time() -> None:
    class Slow:
        name, version, supplies = "one", "1", frozenset({"complaint"})

        async def collect(self, _: EvidenceQuery) -> AsyncIterator[Captured | Gap]:
            yield Captured(kind="complaint", content=b"first", content_type="text/plain", name="1")
            await asyncio.Event().wait()

    described = entry("memory", "complaint", options={}, within_seconds=1)
    got = await asyncio.wait_for(came(BoundedSource(described, "1", Slow(), means()), query()), timeout=10)
    assert [one.content for one in got.items] == [b"first"]
    assert [gap.detail for gap in got.gaps] == ["cut off after 1 seconds"]


async def test_bounds_count_on_over_an_attempt_that_was_cut_off(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bounded, "ITEMS_PER_RECORD", 1)
    memory = Memory()
    whole = [one async for one in source(memory, most_items=2).collect(query()) if isinstance(one, Captured)]
    (first, _) = (one for one in whole if one.kind == bounded.RECORD)
    rest = [one async for one in source(memory, most_items=2).collect_after(query(), first.cursor)]
    assert [one.content for one in rest if isinstance(one, Captured) and one.kind == "complaint"] == [b"two"]
    assert [one.detail for one in rest if isinstance(one, Gap)] == ["cut off after 2 items"]
    assert memory.asked == ["", "1"]


async def test_a_row_filled_before_an_attempt_was_cut_off_is_no_gap_after_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(bounded, "ITEMS_PER_RECORD", 3)
    whole = [one async for one in source(Memory()).collect(query()) if isinstance(one, Captured)]
    assert [one async for one in source(Memory()).collect_after(query(), whole[-1].cursor)] == []


async def test_a_cursor_nobody_can_read_begins_anew() -> None:
    got = [one async for one in source(Memory()).collect_after(query(), '{"of": "another release"}')]
    assert len([one for one in got if isinstance(one, Captured) and one.kind == "complaint"]) == 3


async def test_the_record_says_what_was_asked_and_where_each_item_lay() -> None:
    (record,) = (await came(source(Memory(), look_back_minutes=90), query())).records
    told = json.loads(record.content)
    assert [one["origin"] for one in told["items"]] == ["piece 0", "piece 1", "piece 2"]
    assert (told["kind"], told["options"]) == ("memory", {"secret": "key"})


async def test_a_window_of_its_own_takes_the_place_of_the_playbooks() -> None:
    memory = Memory()
    memory.at -= timedelta(days=2)
    assert (await came(source(memory), query())).items == []
    assert len((await came(source(memory, look_back_minutes=3 * 24 * 60), query())).items) == 3


@pytest.mark.parametrize("days", [1, 2])
async def test_a_window_that_began_before_what_it_keeps_is_a_gap_of_retention(days: int) -> None:
    memory = Memory()
    memory.at -= timedelta(days=9)
    bounds = {"keeps_days": days, "look_back_minutes": 3 * 24 * 60}
    nothing = await came(source(memory, **bounds), query())
    assert [gap.reason for gap in nothing.gaps] == [GapReason.RETENTION]
    some = await came(source(Memory(), **bounds), query())
    assert len(some.items) == 3
    assert [gap.reason for gap in some.gaps] == [GapReason.RETENTION]
    enough = await came(source(Memory(), keeps_days=30, look_back_minutes=24 * 60), query())
    assert enough.gaps == []


@pytest.fixture
def systems(databases: Databases) -> Systems:
    return Systems(databases.register)


def system(*sources: SourceEntry) -> AISystem:
    places = EvidencePlaces(recorder=True, versions_url=None, sources=sources)
    return AISystem(id="refund_desk", name="Desk", tier=Tier.LOW, owner="bela", evidence=places)


async def test_a_source_is_found_by_the_file_in_force_and_a_mended_file_serves_at_once(
    systems: Systems,
) -> None:
    found = RegisteredSources({}, systems, means())
    assert await found.of("refund_desk", "one") is None
    systems.put_system(system(entry("nonsense", "complaint", options={})))
    broken = await found.of("refund_desk", "one")
    assert broken is not None
    got = await came(broken, query())
    assert [(gap.row, gap.reason) for gap in got.gaps] == [("signals", GapReason.NOT_CONFIGURED)]
    systems.put_system(system(entry("files", "complaint", options={"folder": "desk", "paths": "*"})))
    mended = await found.of("refund_desk", "one")
    assert mended is not None
    assert "sources.folders" in (await came(mended, query())).gaps[0].detail


async def test_the_collector_names_source_kind_and_version() -> None:
    described = entry("files", "complaint", options={"folder": "desk", "paths": "*"})
    one = source_of(described, means(SourceSettings(folders={"desk": Path("/")})))
    assert (one.name, one.version) == ("one", "files-1")


def test_every_kind_says_what_each_option_means_and_is_named_as_it_is_found() -> None:
    for name in kinds.KINDS.names():
        kind = kinds.KINDS.load(name)
        assert kind.name == name
        assert all(option.meaning for option in kind.options.values())


@pytest.mark.parametrize("name", ["recorder", "versions", "uploads"])
def test_a_source_can_not_take_the_name_of_one_that_is_built_in(name: str) -> None:
    taken = entry("files", "complaint", options={}).model_copy(update={"id": name})
    with pytest.raises(ValueError, match="built in"):
        EvidencePlaces(recorder=True, versions_url=None, sources=(taken,))
