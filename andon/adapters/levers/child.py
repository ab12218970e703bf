"""One short command of a lever: no shell, nothing of our environment, and nothing left running after it."""

from __future__ import annotations

import asyncio
import os
import signal
import tempfile
from asyncio.subprocess import DEVNULL, PIPE, Process
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from andon.domain.errors import InvalidInputError, LeverAwayError

MOST_BYTES: Final = 64 * 1024
KEPT: Final = ("PATH", "LANG")


@dataclass(frozen=True, slots=True)
class Ran:
    """How it ended, and what it printed."""

    code: int
    printed: bytes


async def run(lever: str, command: Sequence[str], *, given: bytes, within: timedelta) -> Ran:
    """Run a command in an empty folder, with `given` to read; its errors are not read.

    Raises:
        InvalidInputError: there is no such program.
        LeverAwayError: it took too long, was killed, or printed more than `MOST_BYTES`.
    """
    with tempfile.TemporaryDirectory(prefix="andon-lever-") as folder:
        try:
            process = await asyncio.create_subprocess_exec(
                *command,
                cwd=folder,
                env={name: os.environ[name] for name in KEPT if name in os.environ},
                stdin=PIPE,
                stdout=PIPE,
                stderr=DEVNULL,
                start_new_session=True,
            )
        except (OSError, ValueError) as error:
            raise InvalidInputError(f"lever {lever}: {command[0]!r} can't be started: {error}") from error
        try:
            async with asyncio.timeout(within.total_seconds()):
                printed = await _exchange(lever, process, given)
                code = await process.wait()
        except TimeoutError as error:
            raise LeverAwayError(lever, "timeout") from error
        finally:
            await _end(process)
    if code < 0:
        raise LeverAwayError(lever, f"killed by signal {-code}")
    return Ran(code=code, printed=printed)


async def _exchange(lever: str, process: Process, given: bytes) -> bytes:
    assert process.stdin is not None  # noqa: S101 - asked for above
    assert process.stdout is not None  # noqa: S101 - asked for above
    # A command need not read what it is given.
    with suppress(BrokenPipeError, ConnectionResetError):
        process.stdin.write(given)
        await process.stdin.drain()
    process.stdin.close()
    printed = b""
    while chunk := await process.stdout.read(MOST_BYTES):
        printed += chunk
        if len(printed) > MOST_BYTES:
            raise LeverAwayError(lever, f"printed more than {MOST_BYTES} bytes")
    return printed


async def _end(process: Process) -> None:
    """End whatever is left of the command's process group."""
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    await process.wait()
