"""What many ask for at a time is done at one go, and a failure stays with whoever it belongs to."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Sequence

import pytest

from andon.adapters.store.together import Together


class Doing:
    """Keeps what it was asked to do; the first call waits until it is let go."""

    def __init__(self) -> None:
        self.calls: list[list[int]] = []
        self.go = threading.Event()

    def __call__(self, wanted: Sequence[int]) -> None:
        self.calls.append(list(wanted))
        assert self.go.wait(5)
        if -1 in wanted:
            raise ValueError("not this one")


async def test_what_comes_meanwhile_is_done_at_one_go() -> None:
    doing = Doing()
    together = Together(doing)
    asked = [asyncio.create_task(together(number)) for number in range(4)]
    await asyncio.sleep(0)
    doing.go.set()
    await asyncio.gather(*asked)
    assert sorted(number for call in doing.calls for number in call) == [0, 1, 2, 3]
    assert len(doing.calls) < 4


async def test_a_failure_is_told_to_whoever_asked_for_it_and_to_nobody_else() -> None:
    doing = Doing()
    doing.go.set()
    together = Together(doing)
    outcomes = await asyncio.gather(*map(together, (1, -1, 2)), return_exceptions=True)
    assert [type(outcome) for outcome in outcomes] == [type(None), ValueError, type(None)]


async def test_who_gives_up_waiting_holds_nobody_up() -> None:
    doing = Doing()
    together = Together(doing)
    first, second = asyncio.create_task(together(1)), asyncio.create_task(together(2))
    await asyncio.sleep(0)
    first.cancel()
    doing.go.set()
    await asyncio.wait_for(second, 5)
    with pytest.raises(asyncio.CancelledError):
        await first
