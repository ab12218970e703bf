"""One short command of a lever or source: no shell, little of our environment, nothing left running."""

from __future__ import annotations

import asyncio
import os
import signal
import tempfile
from asyncio.subprocess import DEVNULL, Process
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from andon.domain.errors import InvalidInputError, LeverAwayError

MOST_BYTES: Final = 64 * 1024
KEPT: Final = ("PATH", "LANG")
NOTHING_MORE: Final[Mapping[str, str]] = {}


@dataclass(frozen=True, slots=True)
class Ran:
    """How it ended, and what it printed."""

    code: int
    printed: bytes


async def run(
    lever: str,
    command: Sequence[str],
    *,
    given: bytes,
    within: timedelta,
    environment: Mapping[str, str] = NOTHING_MORE,
    most_bytes: int = MOST_BYTES,
) -> Ran:
    """Run a command in an empty folder, with `given` to read; its errors are not read.

    Raises:
        InvalidInputError: there is no such program.
        LeverAwayError: it took too long, was killed, or printed more than `most_bytes`.
    """
    with tempfile.TemporaryDirectory(prefix="andon-lever-") as folder:
        async with _output() as (written, reader):
            process = await _started(lever, command, folder, given, written, environment)
            reading = asyncio.ensure_future(_printed(lever, process, reader, most_bytes))
            try:
                async with asyncio.timeout(within.total_seconds()):
                    code = await process.wait()
                    # What it left running may hold its output open.
                    _kill(process)
                    printed = await reading
            except TimeoutError as error:
                raise LeverAwayError(lever, "timeout") from error
            finally:
                reading.cancel()
                _kill(process)
                await process.wait()
    if code < 0:
        raise LeverAwayError(lever, f"killed by signal {-code}")
    return Ran(code=code, printed=printed)


async def _started(
    lever: str,
    command: Sequence[str],
    folder: str,
    given: bytes,
    written: int,
    environment: Mapping[str, str],
) -> Process:
    """Start a command; neither end of what it reads and writes depends on whether it does."""
    try:
        with tempfile.TemporaryFile() as reads:
            reads.write(given)
            reads.seek(0)
            return await asyncio.create_subprocess_exec(
                *command,
                cwd=folder,
                env={**{name: os.environ[name] for name in KEPT if name in os.environ}, **environment},
                stdin=reads,
                stdout=written,
                stderr=DEVNULL,
                start_new_session=True,
            )
    except (OSError, ValueError) as error:
        raise InvalidInputError(f"lever {lever}: {command[0]!r} can't be started: {error}") from error
    finally:
        os.close(written)


@asynccontextmanager
async def _output() -> AsyncIterator[tuple[int, asyncio.StreamReader]]:
    """A pipe of our own: asyncio's stays open for as long as anybody who was left running holds it."""
    ours, written = os.pipe()
    reader = asyncio.StreamReader()
    transport, _ = await asyncio.get_running_loop().connect_read_pipe(
        lambda: asyncio.StreamReaderProtocol(reader), os.fdopen(ours, "rb")
    )
    try:
        yield written, reader
    finally:
        transport.close()


async def _printed(lever: str, process: Process, reader: asyncio.StreamReader, most: int) -> bytes:
    printed = bytearray()
    while chunk := await reader.read(MOST_BYTES):
        printed += chunk
        if len(printed) > most:
            _kill(process)
            raise LeverAwayError(lever, f"printed more than {most} bytes")
    return bytes(printed)


def _kill(process: Process) -> None:
    """End whatever is left of the command's process group."""
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
