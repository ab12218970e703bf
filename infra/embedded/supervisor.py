"""Keep all parts of the stack running, and stop them in order."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from infra.embedded.folder import DataFolder
from infra.embedded.guard import guarded
from infra.embedded.leftovers import StartedParts
from infra.embedded.life import Life, Surroundings
from infra.embedded.orphans import adopt
from infra.embedded.part import Part
from infra.embedded.progress import Display


async def supervise(
    parts: Sequence[Part],
    folder: DataFolder,
    display: Display,
    *,
    stop: asyncio.Event,
    on_ready: Callable[[], None],
    adopting: bool = False,
) -> None:
    """Run `parts` until `stop` is set; call `on_ready` once, when each has been ready.

    However it ends, no part is left running. With `adopting`, every child of this process
    that is no part is ended whenever a part dies, so the process must have no others.

    Raises:
        StackError: a part can't be brought up.
    """
    started = StartedParts.fresh(folder)
    with guarded(started.mark) as guard:
        if adopting:
            adopt()
        around = Surroundings(
            folder, started, display, {part.name: asyncio.Event() for part in parts}, {guard}, adopting
        )
        await _run(parts, around, stop, on_ready)


async def _run(
    parts: Sequence[Part], around: Surroundings, stop: asyncio.Event, on_ready: Callable[[], None]
) -> None:
    lives = [Life(part, around) for part in parts]
    running = {asyncio.create_task(life.run(), name=life.part.name) for life in lives}
    stopping = asyncio.create_task(stop.wait(), name="stop")
    all_ready = asyncio.create_task(_all(around.reached.values()), name="all ready")
    try:
        if await _until(all_ready, stopping, running):
            on_ready()
            await _until(stopping, stopping, running)
    finally:
        await _stop(lives, around.display)
        for task in (*running, stopping, all_ready):
            task.cancel()
        await asyncio.gather(*running, stopping, all_ready, return_exceptions=True)


async def _all(events: Iterable[asyncio.Event]) -> None:
    for event in events:
        await event.wait()


async def _until(
    goal: asyncio.Task[Any], stopping: asyncio.Task[Any], running: set[asyncio.Task[None]]
) -> bool:
    """Wait for `goal`; False when it is time to stop. A part's failure is raised here."""
    pending = set(running)
    while not goal.done() and not stopping.done():
        done, _ = await asyncio.wait({goal, stopping, *pending}, return_when=asyncio.FIRST_COMPLETED)
        for task in done & pending:
            pending.discard(task)
            task.result()
    return not stopping.done()


async def _stop(lives: Sequence[Life], display: Display) -> None:
    display.note("stopping")
    from_the_top = sorted(lives, key=lambda life: life.part.layer, reverse=True)
    for _, group in itertools.groupby(from_the_top, key=lambda life: life.part.layer):
        await asyncio.gather(*(life.stop() for life in group))
