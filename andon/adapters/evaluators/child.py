"""A child process in a session of its own, bounded in time, stopped with all it started."""

from __future__ import annotations

import asyncio
import os
import signal
from asyncio.subprocess import DEVNULL, STDOUT, Process
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Final

PROGRESS_EVERY: Final = 0.5
STOP_WITHIN: Final = 3.0
"""Seconds between the polite signal and the one that can't be refused."""


@dataclass(frozen=True, slots=True)
class Ended:
    """How a child ended: its exit code, or None if its time ran out."""

    code: int | None
    seconds: float


async def run_child(
    command: Sequence[str],
    *,
    folder: Path,
    environment: dict[str, str],
    output: Path,
    timeout: timedelta,  # noqa: ASYNC109 - the child is stopped at the end of it, not only left
    progress: Callable[[str], None],
) -> Ended:
    """Run `command` to its end or its time-out; cancelling stops it too.

    Raises:
        OSError: it can't be started.
    """
    loop = asyncio.get_running_loop()
    began = loop.time()
    with output.open("wb") as written:
        process = await asyncio.create_subprocess_exec(
            *command,
            cwd=folder,
            env=environment,
            stdin=DEVNULL,
            stdout=written,
            stderr=STDOUT,
            start_new_session=True,
        )
    waiting = asyncio.ensure_future(process.wait())
    try:
        while not waiting.done() and loop.time() - began < timeout.total_seconds():
            await asyncio.wait({waiting}, timeout=PROGRESS_EVERY)
            progress(f"running for {loop.time() - began:.0f} s")
        code = waiting.result() if waiting.done() else None
        return Ended(code=code, seconds=loop.time() - began)
    finally:
        await _stop(process, waiting)


async def _stop(process: Process, waiting: asyncio.Future[int]) -> None:
    """End whatever is left of the child's process group."""
    if not waiting.done():
        _signal(process.pid, signal.SIGTERM)
        await asyncio.wait({waiting}, timeout=STOP_WITHIN)
    _signal(process.pid, signal.SIGKILL)
    await waiting


def _signal(group: int, number: signal.Signals) -> None:
    with suppress(ProcessLookupError):
        os.killpg(group, number)
