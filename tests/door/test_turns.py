"""With more than can be done at once, the gravest goes first, and nobody's place is lost."""

from __future__ import annotations

import asyncio

import pytest

from andon.domain.severity import Band
from andon.door.turns import Turns, rank


async def test_the_gravest_goes_first_and_among_equals_who_came_first() -> None:
    turns = Turns(1)
    order: list[str] = []

    async def take(name: str, severity: Band, priority: int = 0) -> None:
        async with turns.turn(rank(severity, priority)):
            order.append(name)
            await asyncio.sleep(0)

    async with asyncio.TaskGroup() as group, turns.turn(rank(Band.LOW)):
        for name, severity, priority in (
            ("low", Band.LOW, 0),
            ("medium", Band.MEDIUM, 0),
            ("critical, less urgent", Band.CRITICAL, 1),
            ("critical", Band.CRITICAL, 9),
            ("medium too", Band.MEDIUM, 0),
            ("high", Band.HIGH, 0),
        ):
            group.create_task(take(name, severity, priority))
        await asyncio.sleep(0)
        assert turns.waiting == 6
    assert order == ["critical", "critical, less urgent", "high", "medium", "medium too", "low"]
    assert turns.waiting == 0


async def test_never_more_are_let_in_than_there_are_places() -> None:
    turns = Turns(3)
    inside = most = 0

    async def take() -> None:
        nonlocal inside, most
        async with turns.turn(rank(Band.LOW)):
            inside += 1
            most = max(most, inside)
            await asyncio.sleep(0)
            inside -= 1

    await asyncio.gather(*(take() for _ in range(50)))
    assert (inside, most) == (0, 3)


async def test_whoever_gives_up_or_fails_leaves_the_place_to_the_next() -> None:
    turns = Turns(1)

    async def wait() -> None:
        async with turns.turn(rank(Band.LOW)):
            raise ValueError("it fails inside")

    async with turns.turn(rank(Band.HIGH)):
        first, second = asyncio.create_task(wait()), asyncio.create_task(wait())
        await asyncio.sleep(0)
        first.cancel()
    with pytest.raises(asyncio.CancelledError):
        await first
    with pytest.raises(ValueError, match="inside"):
        await second
    async with asyncio.timeout(1), turns.turn(rank(Band.LOW)):
        assert turns.waiting == 0


async def test_a_place_that_is_given_to_whoever_gives_up_in_that_moment_is_passed_on() -> None:
    turns = Turns(1)

    async def wait() -> None:
        async with turns.turn(rank(Band.LOW)):
            await asyncio.sleep(0)

    async with turns.turn(rank(Band.HIGH)):
        first, second = asyncio.create_task(wait()), asyncio.create_task(wait())
        await asyncio.sleep(0)
    first.cancel()
    async with asyncio.timeout(1):
        await second
    assert first.cancelled() or first.done()


async def test_whoever_waits_in_vain_is_told_and_takes_no_place() -> None:
    turns = Turns(1)
    async with turns.turn(rank(Band.LOW)):
        with pytest.raises(TimeoutError):
            async with turns.turn(rank(Band.HIGH), within=0.01):
                pytest.fail("there was no place")
        assert turns.waiting == 0
    async with turns.turn(rank(Band.LOW), within=0.01):
        assert turns.waiting == 0
