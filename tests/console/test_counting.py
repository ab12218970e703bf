"""Counting once for all who ask the same before it has begun."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Event

import pytest
from sqlalchemy import create_engine

from andon.console.counting import Counting

TIMEOUT_SECONDS = 20


@contextmanager
def counting() -> Iterator[tuple[Counting, Event]]:
    """Yield a place to count whose thread has something else to do until the event is set."""
    place, free = Counting(create_engine("sqlite://")), Event()
    other = asyncio.create_task(place.count("something else", lambda: free.wait(TIMEOUT_SECONDS)))
    try:
        yield place, free
    finally:
        free.set()
        other.cancel()


class Work:
    """Says which time it is done, and fails the first times."""

    def __init__(self, failing: int = 0) -> None:
        self.done = 0
        self._failing = failing

    def __call__(self) -> int:
        self.done += 1
        if self.done <= self._failing:
            raise RuntimeError(f"failed {self.done}")
        return self.done


async def asked(place: Counting, work: Work, times: int = 2) -> list[asyncio.Task[int]]:
    tasks = [asyncio.create_task(place.count("the same", work)) for _ in range(times)]
    await asyncio.sleep(0)
    return tasks


async def test_two_who_ask_the_same_before_it_has_begun_have_one_count() -> None:
    work = Work()
    with counting() as (place, free):
        both = await asked(place, work)
        free.set()
        assert await asyncio.gather(*both) == [1, 1]
        assert await place.count("the same", work) == 2


async def test_a_count_that_fails_fails_for_both_and_is_made_anew_for_the_next() -> None:
    work = Work(failing=1)
    with counting() as (place, free):
        both = await asked(place, work)
        free.set()
        for one in both:
            with pytest.raises(RuntimeError, match="failed 1"):
                await one
        assert await place.count("the same", work) == 2


async def test_whoever_leaves_takes_the_answer_from_nobody() -> None:
    work = Work()
    with counting() as (place, free):
        first, second = await asked(place, work)
        first.cancel()
        await asyncio.sleep(0)
        free.set()
        assert await second == 1


async def test_who_asks_once_it_has_begun_is_counted_for_anew() -> None:
    began, goes_on, work = Event(), Event(), Work()

    def slow() -> int:
        began.set()
        goes_on.wait(TIMEOUT_SECONDS)
        return work()

    with counting() as (place, free):
        free.set()
        first = asyncio.create_task(place.count("the same", slow))
        await asyncio.to_thread(began.wait, TIMEOUT_SECONDS)
        [second] = await asked(place, work, times=1)
        goes_on.set()
        assert (await first, await second) == (1, 2)
