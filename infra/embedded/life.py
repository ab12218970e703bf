"""The life of one part: started, ready, dead, started again, until it is told to stop."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from infra.embedded.child import Child, log_tail
from infra.embedded.errors import StackError
from infra.embedded.folder import DataFolder
from infra.embedded.leftovers import StartedParts
from infra.embedded.orphans import end_strays
from infra.embedded.part import Part
from infra.embedded.progress import Display, State

FIRST_PAUSE = 0.1
LONGEST_PAUSE = 5.0
STEADY_AFTER = 10.0
"""Seconds of being ready after which the next death counts as the first."""

START_ATTEMPTS = 8
"""Deaths before a part was ever ready; then the whole start has failed."""


@dataclass(frozen=True)
class Surroundings:
    """What all parts of one run share."""

    folder: DataFolder
    started: StartedParts
    display: Display
    reached: Mapping[str, asyncio.Event]
    """By part: set when it was ready for the first time."""
    own: set[int]
    """Children of the supervisor that are meant to run."""
    adopting: bool
    """Whether every other child of this process is a stray of a dead part."""


class Life:
    """Keeps one part running."""

    def __init__(self, part: Part, surroundings: Surroundings) -> None:
        self.part = part
        self._around = surroundings
        self._log = surroundings.folder.logs / f"{part.name}.log"
        self._child: Child | None = None
        self._stopping = False
        self._pause = FIRST_PAUSE
        self._failures = 0

    async def run(self) -> None:
        """Keep the part running until `stop`; a part that does one thing returns when it is done.

        Raises:
            StackError: the part can't be brought up.
        """
        for need in sorted(self.part.needs):
            self._show(State.WAITING, f"for {need}")
            await self._around.reached[need].wait()
        while not self._stopping:
            self._show(State.STARTING, "")
            self._child = Child(self.part, mark=self._around.started.mark, log=self._log)
            code = await self._recorded(self._child)
            if self.part.ready is None and code == 0:
                self._mark_ready()
                return
            if not self._stopping:
                await self._after_death(code)

    async def stop(self) -> None:
        """Ask the part to end, then make it."""
        self._stopping = True
        child = self._child
        if child is None:
            return
        if not child.ended.done():
            self._show(State.STOPPING, "")
            child.ask_to_stop()
            await asyncio.wait({child.ended}, timeout=self.part.stop_within)
        if not child.ended.done():
            self._around.display.warn(f"{self.part.name} did not stop in time and is killed")
        child.kill()
        await child.ended
        self._show(State.STOPPED, "")

    async def _recorded(self, child: Child) -> int:
        self._around.own.add(child.pid)
        self._around.started.add(self.part.name, child.pid)
        code = await self._until_ended(child)
        self._around.own.discard(child.pid)
        self._around.started.remove(self.part.name)
        if self._around.adopting:
            for stray in end_strays(self._around.own):
                self._around.display.note(f"ended what {self.part.name} had started (pid {stray})")
        return code

    async def _until_ended(self, child: Child) -> int:
        if self.part.ready is None:
            return await child.ended
        becoming = asyncio.create_task(self._become_ready(), name=f"{self.part.name} ready")
        try:
            first: set[asyncio.Future[Any]] = {becoming, child.ended}
            await asyncio.wait(first, return_when=asyncio.FIRST_COMPLETED)
            if becoming.done():
                becoming.result()
                self._mark_ready()
                await self._stay_up(child)
        except TimeoutError:
            seconds = f"{self.part.ready_within:.0f} s"
            self._around.display.warn(f"{self.part.name} was not ready within {seconds}; starting it again")
            child.kill()
        finally:
            becoming.cancel()
        return await child.ended

    async def _become_ready(self) -> None:
        if self.part.ready is not None:
            async with asyncio.timeout(self.part.ready_within):
                await self.part.ready(lambda what: self._show(State.STARTING, what))

    async def _stay_up(self, child: Child) -> None:
        since = time.monotonic()
        await child.ended
        if time.monotonic() - since > STEADY_AFTER:
            self._pause = FIRST_PAUSE

    async def _after_death(self, code: int) -> None:
        name, came_up = self.part.name, self._around.reached[self.part.name].is_set()
        self._failures += 1
        if self.part.ready is None or (not came_up and self._failures >= START_ATTEMPTS):
            tail = log_tail(self._log)
            raise StackError(f"{name} can't be started ({_ending(code)}); end of {self._log}:\n{tail}")
        self._around.display.warn(f"{name} {_ending(code)}; starting it again")
        self._show(State.RESTARTING, f"in {self._pause:.1f} s")
        await asyncio.sleep(self._pause)
        self._pause = min(self._pause * 2, LONGEST_PAUSE)

    def _mark_ready(self) -> None:
        self._show(State.READY, "")
        self._around.reached[self.part.name].set()

    def _show(self, state: State, waits_for: str) -> None:
        self._around.display.part(self.part.name, state, waits_for)


def _ending(code: int) -> str:
    return f"was ended by signal {-code}" if code < 0 else f"ended with code {code}"
