"""Full collections of garbage wait for a moment in which no workflow task is under way."""

from __future__ import annotations

import asyncio
import gc
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from datetime import timedelta
from threading import Event
from typing import Any

import pytest

from workers import collecting
from workers.collecting import NEVER, WorkflowThreads, keep_collecting

PATIENCE = 20.0
OLDEST = 2


class Asked(WorkflowThreads):
    """Threads that tell when a moment between tasks is waited for."""

    def __init__(self) -> None:
        super().__init__(4)
        self.asked = asyncio.Event()

    async def between(self, within: float) -> bool:
        self.asked.set()
        return await super().between(within)


@pytest.fixture
def threads() -> Iterator[Asked]:
    with Asked() as threads:
        yield threads


@pytest.fixture
def eager(monkeypatch: pytest.MonkeyPatch) -> None:
    """Collect at every look, and look often."""
    monkeypatch.setattr(collecting, "ENOUGH", 0)
    monkeypatch.setattr(collecting, "LOOKS_EVERY", timedelta(milliseconds=10))


@contextmanager
def counted() -> Iterator[list[bool]]:
    """Gives one entry for each full collection."""
    seen: list[bool] = []

    def note(phase: str, info: dict[str, Any]) -> None:
        if phase == "stop" and info["generation"] == OLDEST:
            seen.append(True)

    gc.callbacks.append(note)
    try:
        yield seen
    finally:
        gc.callbacks.remove(note)


@asynccontextmanager
async def collecting_in(threads: WorkflowThreads) -> AsyncIterator[None]:
    stop = asyncio.Event()
    keeping = asyncio.create_task(keep_collecting(threads, stop))
    try:
        yield
    finally:
        stop.set()
        async with asyncio.timeout(PATIENCE):
            await keeping


async def some(seen: list[bool], more_than: int = 0) -> None:
    async with asyncio.timeout(PATIENCE):
        while len(seen) <= more_than:
            await asyncio.sleep(0.01)


@pytest.mark.usefixtures("eager")
async def test_it_waits_for_the_task_that_is_under_way(threads: Asked) -> None:
    leave = Event()
    with counted() as seen:
        task = threads.submit(leave.wait, PATIENCE)
        async with collecting_in(threads):
            await threads.asked.wait()
            await asyncio.sleep(0)
            while_under_way = len(seen)
            leave.set()
            await some(seen)
        assert task.result(PATIENCE)
    assert while_under_way == 0


@pytest.mark.usefixtures("eager")
async def test_its_patience_ends(threads: WorkflowThreads, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(collecting, "PATIENCE", 0.05)
    leave = Event()
    with counted() as seen:
        threads.submit(leave.wait, PATIENCE)
        try:
            async with collecting_in(threads):
                await some(seen, more_than=1)
        finally:
            leave.set()


async def test_it_collects_nothing_while_little_is_made(threads: WorkflowThreads) -> None:
    collecting_was = gc.get_threshold()
    with counted() as seen:
        async with collecting_in(threads):
            await asyncio.sleep(0)
            assert gc.get_threshold()[OLDEST] == NEVER
        assert seen == []
    assert gc.get_threshold() == collecting_was


async def test_a_moment_between_tasks_is_told_from_none(threads: WorkflowThreads) -> None:
    assert await threads.between(0.0)
    leave = Event()
    threads.submit(leave.wait, PATIENCE)
    try:
        assert not await threads.between(0.05)
    finally:
        leave.set()
    assert await threads.between(PATIENCE)


async def test_a_task_that_was_not_taken_is_not_waited_for() -> None:
    threads = WorkflowThreads(1)
    threads.shutdown()
    with pytest.raises(RuntimeError):
        threads.submit(gc.isenabled)
    assert await threads.between(0.0)
