"""Work that only a termination ends: children of an incident go on when somebody cancels them."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

from temporalio import workflow
from temporalio.exceptions import FailureError

from andon.domain.errands import REFUSED_BY_CHILD, Refused

REFUSALS_TOLD = 20

Result = TypeVar("Result")


class Steadfast:
    """One child's work, and what it tells the incident of those who wanted it ended.

    Work that belongs to no incident has no `parent`; refusals then go to the log.
    """

    def __init__(self, parent: str | None, child: str) -> None:
        self._parent = parent
        self._child = child
        self._told = 0

    async def through(self, work: Coroutine[Any, Any, Result]) -> Result:
        """See `work` through; a request to cancel is refused, on the incident's record."""
        task = asyncio.create_task(work)
        telling: list[asyncio.Task[None]] = []
        while not (task.done() and all(one.done() for one in telling)):
            try:
                await workflow.wait_condition(lambda: task.done() and all(one.done() for one in telling))
            except asyncio.CancelledError:
                telling.append(asyncio.create_task(self.refuse("cancel")))
        return task.result()

    async def refuse(self, name: str) -> None:
        """Tell the incident that something was sent which has no effect; a flood is told of no more."""
        self._told += 1
        if self._told <= REFUSALS_TOLD:
            await self.tell(REFUSED_BY_CHILD, Refused(child=self._child, signal=name[:64]))

    async def tell(self, name: str, message: object) -> None:
        """Signal the incident; one that has ended needs to hear nothing more."""
        if self._parent is None:
            workflow.logger.warning("%s took no notice: %s", self._child, message)
            return
        try:
            await workflow.get_external_workflow_handle(self._parent).signal(name, message)
        except FailureError:
            workflow.logger.info("the incident has ended: it did not hear %s", name)
