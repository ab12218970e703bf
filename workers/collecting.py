"""Collects garbage between workflow tasks, never within one.

A full collection stops the whole interpreter, with hundreds of runs cached for a second or more. The SDK
takes a workflow task that does not yield for two seconds for a deadlock and interrupts its thread.
"""

from __future__ import annotations

import asyncio
import gc
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from datetime import timedelta
from threading import Lock
from typing import Final, ParamSpec, TypeVar

from workers.standing import keep_running

P = ParamSpec("P")
T = TypeVar("T")

YOUNG: Final = (700, 10)
"""Python's own: new objects until a collection of the youngest, and how many of those until a middle one."""
NEVER: Final = 2**31 - 1
LOOKS_EVERY: Final = timedelta(seconds=1)
ENOUGH: Final = 100
"""Middle collections, each of some seven thousand new objects, until a full one is due: some 250 runs."""
PATIENCE: Final = 5.0
"""Seconds until it is done in the midst of tasks: what is left takes up memory, and a stop waits for this."""


class WorkflowThreads(ThreadPoolExecutor):
    """The threads that workflow tasks run in; knows in its event loop whether one is under way."""

    def __init__(self, most: int) -> None:
        super().__init__(max_workers=most, thread_name_prefix="workflow")
        self._lock = Lock()
        self._under_way = 0
        self._waiting: tuple[asyncio.AbstractEventLoop, asyncio.Event] | None = None

    def submit(self, fn: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> Future[T]:
        """Run a task, as any executor."""
        with self._lock:
            self._under_way += 1
        try:
            future = super().submit(fn, *args, **kwargs)
        except RuntimeError:  # it has been shut down
            self._done(None)
            raise
        future.add_done_callback(self._done)
        return future

    async def between(self, within: float) -> bool:
        """Return once no task is under way; none begins until the caller gives the event loop back.

        Returns:
            Whether there was such a moment in so many seconds.
        """
        self._waiting = (asyncio.get_running_loop(), asyncio.Event())
        try:
            with suppress(TimeoutError):
                async with asyncio.timeout(within):
                    while self._under_way:
                        self._waiting[1].clear()
                        if self._under_way:
                            await self._waiting[1].wait()
            return not self._under_way
        finally:
            self._waiting = None

    def _done(self, _: Future[T] | None) -> None:
        with self._lock:
            self._under_way -= 1
            waiting = None if self._under_way else self._waiting
        if waiting is not None:
            loop, moment = waiting
            with suppress(RuntimeError):  # the loop has been closed: nobody waits any more
                loop.call_soon_threadsafe(moment.set)


def spare_the_collector() -> None:
    """Leave what is loaded by now out of every collection: it stays, and each is half a second shorter."""
    gc.collect()
    gc.freeze()


async def keep_collecting(threads: WorkflowThreads, stop: asyncio.Event) -> None:
    """Do the full collections of this process between workflow tasks, until told to stop."""
    before, done = gc.get_threshold(), _middle()

    async def once() -> None:
        nonlocal done
        if _middle() - done >= ENOUGH:
            await threads.between(PATIENCE)
            gc.collect()
            done = _middle()

    gc.set_threshold(*YOUNG, NEVER)
    try:
        await keep_running(once, LOOKS_EVERY, stop, what="collections")
    finally:
        gc.set_threshold(*before)


def _middle() -> int:
    """Return how many collections of the middle generation there were."""
    count: int = gc.get_stats()[1]["collections"]
    return count
