"""Counting over all incidents of a period: in one thread of its own, and once for all who ask the same."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Hashable
from concurrent.futures import Future, ThreadPoolExecutor
from threading import Lock
from typing import Any, TypeVar, cast

from sqlalchemy import Engine

from andon.register.measures import Measures

T = TypeVar("T")


class Counting:
    """What figures, reviews and metrics are counted with; one for the process.

    One thread, so that any number of requests leaves the others of the console their threads, and the second
    to ask finds read what the first had read.
    """

    def __init__(self, register: Engine) -> None:
        self.measures = Measures(register)
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="counting")
        self._waiting: dict[Hashable, Future[Any]] = {}
        self._turn = Lock()

    async def count(self, what: Hashable, work: Callable[[], T]) -> T:
        """Return what `work` counts; who asks the same before it has begun has the same answer.

        Whoever asks later than that is counted for anew: what was written in between must be in it.

        Args:
            what: names the question: equal for those who ask the same.
            work: reads and counts; it begins when the thread is free.
        """
        with self._turn:
            asked = self._waiting.get(what)
            if asked is None:
                asked = self._waiting[what] = self._thread.submit(self._begin, what, work)
        # One of several who wait may leave: that must not take the answer from the others.
        return cast(T, await asyncio.shield(asyncio.wrap_future(asked)))

    def _begin(self, what: Hashable, work: Callable[[], T]) -> T:
        with self._turn:
            del self._waiting[what]
        return work()
