"""What runs side by side in an incident: begun, called off, and never allowed to fail unseen."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Sequence
from typing import Any


class Tracks:
    """The tasks of one incident's workflow, in the order in which they were begun."""

    def __init__(self) -> None:
        self._begun: list[asyncio.Task[None]] = []

    def begin(self, track: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        """Run a track beside the others."""
        task = asyncio.create_task(track)
        self._begun.append(task)
        return task

    async def stop_from(self, first: int) -> None:
        """Stop all tracks from the n-th on."""
        await self.stop(self._begun[first:])

    async def stop(self, tracks: Sequence[asyncio.Task[None]]) -> None:
        """Cancel tracks and wait for them; their steps are idempotent and are taken up from the state."""
        for task in tracks:
            task.cancel()
        await asyncio.gather(*tracks, return_exceptions=True)

    def broken(self) -> BaseException | None:
        """Return what escaped a track."""
        ended = (task for task in self._begun if task.done() and not task.cancelled())
        return next((error for task in ended if (error := task.exception())), None)

    def raise_what_broke(self) -> None:
        """Raise what escaped a track as an error that blocks the workflow's task and can be mended.

        As a failure of its own kind it would end the incident, with its levers set.
        """
        error = self.broken()
        if error is not None:
            raise RuntimeError(f"escaped the response loop: {type(error).__name__}") from error
