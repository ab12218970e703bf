"""One transaction for all who wait for one: each commit waits for the disk, and only one writes at a time."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from typing import Generic, TypeVar

T = TypeVar("T")


class Together(Generic[T]):
    """Does in one call what many ask for at a time; whoever asks waits until it is done."""

    def __init__(self, do: Callable[[Sequence[T]], object]) -> None:
        self._do = do
        self._waiting: list[tuple[T, asyncio.Future[None]]] = []
        self._doing: asyncio.Task[None] | None = None

    async def __call__(self, what: T) -> None:
        """Have it done, with all that others want done by then; one that fails is tried again alone."""
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append((what, done))
        if self._doing is None or self._doing.done():
            self._doing = asyncio.create_task(self._all())
        await done

    async def _all(self) -> None:
        while self._waiting:
            taken, self._waiting = self._waiting, []
            if len(taken) == 1 or await self._failed([what for what, _ in taken]) is not None:
                for what, done in taken:
                    _tell(done, await self._failed([what]))
            else:
                for _, done in taken:
                    _tell(done, None)

    async def _failed(self, wanted: Sequence[T]) -> Exception | None:
        try:
            await asyncio.to_thread(self._do, wanted)
        except Exception as error:  # noqa: BLE001 - whoever asked raises it
            return error
        return None


def _tell(done: asyncio.Future[None], failed: Exception | None) -> None:
    if done.done():  # whoever asked was cancelled meanwhile
        return
    if failed is None:
        done.set_result(None)
    else:
        done.set_exception(failed)
