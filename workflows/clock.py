"""Time in an incident: one timer for everything that falls due."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from functools import partial
from typing import NamedTuple

from temporalio import workflow


class Due(NamedTuple):
    """Something that falls due: when, what, and what happens then."""

    at: datetime
    name: str
    sound: Callable[[], object]


class Clock:
    """Keeps the time. A timer costs events, so one serves all, and is set anew only for what is sooner."""

    def __init__(self) -> None:
        self._lists: list[Callable[[], list[Due]]] = [self._limits_due]
        self._limits: dict[str, datetime] = {}

    def serve(self, due: Callable[[], list[Due]]) -> None:
        """Sound what `due` lists, each at its time. What has sounded must leave the list."""
        self._lists.append(due)

    async def wait(self, condition: Callable[[], bool], within: timedelta, name: str) -> bool:
        """Wait for a condition; False: the time was up first."""
        self._limits[name] = workflow.now() + within
        try:
            await workflow.wait_condition(lambda: condition() or name not in self._limits)
        finally:
            self._limits.pop(name, None)
        return condition()

    async def keep(self) -> None:
        """Sound everything at its time, the earliest first."""
        while True:
            await workflow.wait_condition(lambda: self._next() is not None)
            if (ahead := self._next()) is None or not await self._reached(ahead.at):
                continue
            due = self._next()
            if due is not None and due[:2] == ahead[:2]:
                due.sound()

    def _next(self) -> Due | None:
        ahead = [due for one in self._lists for due in one()]
        return min(ahead, key=lambda due: due[:2], default=None)

    def _limits_due(self) -> list[Due]:
        return [Due(at, name, partial(self._limits.pop, name)) for name, at in self._limits.items()]

    async def _reached(self, moment: datetime) -> bool:
        """Wait for a moment; False when something else falls due sooner."""
        left = moment - workflow.now()
        if left <= timedelta(0):
            return True

        def sooner() -> bool:
            ahead = self._next()
            return ahead is not None and ahead.at < moment

        try:
            await workflow.wait_condition(sooner, timeout=left, timeout_summary="next deadline")
        except TimeoutError:
            return True
        return False
