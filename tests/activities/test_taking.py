"""An attempt that was cut off: the next goes on behind what is at rest; nothing is stored or read twice."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from temporalio.testing import ActivityEnvironment

from activities import taking
from activities.evidence import CollectCall, EvidenceActivities
from activities.taking import Reached
from andon.domain.errands import EvidenceQuery
from andon.domain.evidence import EvidenceRow, Gap
from andon.ports import Captured
from tests import fakes

AT = datetime(2026, 11, 21, 9, 0, tzinfo=UTC)
INCIDENT = "INC-20261121-abc123"
ROWS = (EvidenceRow(id="logs", kinds=("system_log",)),)
QUERY = EvidenceQuery(incident=INCIDENT, system="desk", since=AT - timedelta(hours=1), until=AT)
CALL = CollectCall(source="crm", snapshot=1, query=QUERY, rows=ROWS, at=AT)
PIECES = 40
LARGE = 40_000
"""Small ones would be stored many together."""


class Killed(BaseException):
    """Stands for a worker that is gone in the middle of something."""


@dataclass
class Crm:
    """A source of forty pieces that can tell where it was, and may end in the middle."""

    name: str = "crm"
    version: str = "1"
    supplies: frozenset[str] = frozenset({"system_log"})
    ends_at: int = PIECES
    read: list[int] = field(default_factory=list)

    async def collect(self, query: EvidenceQuery) -> AsyncIterator[Captured | Gap]:
        async for one in self.collect_after(query, ""):
            yield one

    async def collect_after(self, query: EvidenceQuery, cursor: str) -> AsyncIterator[Captured | Gap]:
        for number in range(int(cursor or "0"), PIECES):
            if number == self.ends_at:
                raise Killed
            await asyncio.sleep(0)
            self.read.append(number)
            yield Captured(
                kind="system_log",
                content=f"{number:02}".encode() * LARGE,
                content_type="text/plain",
                name=f"{number:04d}",
                cursor=str(number + 1),
                skew_ms=1500,
            )


@dataclass
class Worker:
    """Activities over one store and index; each attempt hears what the one before said last."""

    crm: Crm = field(default_factory=Crm)
    store: fakes.MemoryStore = field(default_factory=fakes.MemoryStore)
    index: fakes.MemoryEvidence = field(default_factory=fakes.MemoryEvidence)
    told: list[Any] = field(default_factory=list)

    async def attempt(self) -> Any:
        sources = fakes.Sources({"crm": self.crm})
        vault = fakes.OpenVault()
        activities = EvidenceActivities(sources, self.store, vault, self.index, fakes.now)
        environment = ActivityEnvironment()
        environment.info = replace(environment.info, heartbeat_details=self.told[-1:])
        environment.on_heartbeat = lambda *details: self.told.extend(details)
        return await asyncio.wait_for(environment.run(activities.collect, CALL), timeout=20)

    async def items(self) -> list[str]:
        return [item.id for item in (await self.index.collected(INCIDENT, 1))[0]]


async def test_an_attempt_goes_on_where_the_one_before_was_cut_off() -> None:
    worker = Worker(Crm(ends_at=25))
    with pytest.raises(BaseExceptionGroup):
        await worker.attempt()
    reached = worker.told[-1]
    assert isinstance(reached, Reached)
    assert 0 < reached.items <= 25
    at_rest = await worker.items()
    assert len(at_rest) == reached.items
    worker.crm.ends_at, worker.crm.read = PIECES, []
    collected = await worker.attempt()
    assert collected.items == PIECES
    assert worker.crm.read == list(range(reached.items, PIECES))
    assert len(await worker.items()) == len(worker.store.objects) == PIECES


async def test_what_the_engine_keeps_of_a_cursor_can_not_be_read_there() -> None:
    worker = Worker()
    await worker.attempt()
    last = worker.told[-1]
    assert last.items == PIECES
    assert last.cursor
    assert last.cursor != str(PIECES)


async def test_a_source_that_is_silent_for_long_is_not_taken_for_dead(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(taking, "BEAT_SECONDS", 0.001)
    beats = asyncio.Event()

    class Silent(Crm):
        async def collect(self, query: EvidenceQuery) -> AsyncIterator[Captured | Gap]:
            await beats.wait()
            yield Gap(row="logs", reason="empty", source="crm")

    worker = Worker(Silent())
    running = asyncio.create_task(worker.attempt())
    async with asyncio.timeout(10):
        while len(worker.told) < 3:
            await asyncio.sleep(0)
    beats.set()
    assert (await running).gaps == 1


async def test_items_carry_how_far_the_sources_clock_was_off_and_when_they_were_taken() -> None:
    worker = Worker()
    before = fakes.now()
    await worker.attempt()
    item = (await worker.index.collected(INCIDENT, 1))[0][0]
    assert item.skew_ms == 1500
    assert before <= item.captured_at <= fakes.now()
