"""A suite as a child in a session of its own: bounded, watched, and stopped with all it started."""

from __future__ import annotations

import asyncio
import json
import os
import re
import secrets
import signal
import sys
from asyncio.subprocess import DEVNULL, STDOUT, Process
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any, Final

from andon.adapters.evaluators.family import MARK, Family
from andon.domain.confinement import MIB, Confinement, Limits, Problem

LOOK_EVERY: Final = 0.2
"""Seconds between two looks at what a run takes, and between two words of progress."""
STOP_WITHIN: Final = 3.0
"""Seconds between the polite signal and the one that can't be refused."""
END_ROUNDS: Final = 250
END_EVERY: Final = 0.02

WARDEN: Final = Path(__file__).with_name("warden.py")
DONE: Final = re.compile(rb"(\d{1,7})\s*/\s*(\d{1,7})\s*$")
MOST_REPORTED: Final = 16 * 1024


@dataclass(frozen=True, slots=True)
class Errand:
    """What is run, where, and within which bounds."""

    command: Sequence[str]
    folder: Path
    environment: dict[str, str]
    place: Path
    """The run's own folder: `output.log` and `progress` are in it, and what it holds is bounded."""
    timeout: timedelta
    limits: Limits

    @property
    def output(self) -> Path:
        """Where what it prints goes."""
        return self.place / "output.log"


@dataclass(frozen=True, slots=True)
class Ended:
    """How a child ended."""

    code: int | None
    """Exit code, negative for a signal; none: it was ended by us, or never started."""
    seconds: float
    problem: Problem | None
    confinement: Confinement


async def run_child(errand: Errand, progress: Callable[[str], None]) -> Ended:
    """Run a command to its end or to a bound of its own; nothing of it is left. Cancelling stops it too.

    Raises:
        OSError: its folder is not there.
    """
    loop = asyncio.get_running_loop()
    began = loop.time()
    mark = secrets.token_hex(16)
    process, report = await _started(errand, mark)
    waiting = asyncio.ensure_future(process.wait())
    family = Family(process.pid, mark)
    crossed: Problem | None = None
    try:
        while not waiting.done() and crossed is None:
            await asyncio.wait({waiting}, timeout=LOOK_EVERY)
            seconds = loop.time() - began
            progress(_said(errand, seconds))
            crossed = await asyncio.to_thread(_crossed, errand, family, seconds)
    finally:
        # Politeness is for what only took too long: a bomb would use the time.
        polite = crossed in {None, Problem.TIMEOUT}
        ended_well = waiting.done()
        await _stop(process, waiting, family, polite=polite)
        told = _told(report)
    code = waiting.result() if ended_well else None
    return Ended(
        code=code,
        seconds=loop.time() - began,
        problem=_problem(errand, code, None if ended_well else crossed, told),
        confinement=_confinement(told, errand.limits),
    )


async def _started(errand: Errand, mark: str) -> tuple[Process, int]:
    """Start the warden, and return it with the pipe on which it tells what was enforced."""
    report, written = os.pipe()
    limits = errand.limits.model_dump()
    try:
        with errand.output.open("wb") as output:
            process = await asyncio.create_subprocess_exec(
                *(sys.executable, "-I", "-S", str(WARDEN)),
                json.dumps({"report": written, "limits": limits}),
                *errand.command,
                cwd=errand.folder,
                env={**errand.environment, MARK: mark},
                stdin=DEVNULL,
                stdout=output,
                stderr=STDOUT,
                start_new_session=True,
                pass_fds=(written,),
            )
    except BaseException:
        os.close(report)
        raise
    finally:
        os.close(written)
    return process, report


def _crossed(errand: Errand, family: Family, seconds: float) -> Problem | None:
    """Return which bound the run has crossed, if any."""
    burden = family.burden()
    if burden.processes > errand.limits.processes:
        return Problem.PROCESSES
    if burden.memory_bytes > errand.limits.memory_mib * MIB:
        return Problem.MEMORY
    if sum(_sizes(errand.place)) > errand.limits.file_mib * MIB:
        return Problem.OUTPUT
    return Problem.TIMEOUT if seconds >= errand.timeout.total_seconds() else None


def _problem(
    errand: Errand, code: int | None, crossed: Problem | None, told: dict[str, Any]
) -> Problem | None:
    if "errno" in told:
        return Problem.NOT_STARTED
    if crossed is not None:
        return crossed
    # A write beyond the limit fails, and what the suite makes of that is its own affair.
    if code == -signal.SIGXFSZ or max(_sizes(errand.place), default=0) >= errand.limits.file_mib * MIB:
        return Problem.OUTPUT
    return Problem.KILLED if code is None or code < 0 else None


def _confinement(told: dict[str, Any], limits: Limits) -> Confinement:
    unknown = "not_possible: the run ended before it said so"
    memory, files = (str(told.get(name, unknown)) for name in ("memory", "files"))
    network = "open: the AI system's file says so" if limits.network == "open" else unknown
    return Confinement(memory=memory, files=files, network=str(told.get("network", network)))


def _told(report: int) -> dict[str, Any]:
    """Read what was said before the command began; whoever could write it was still ours."""
    with os.fdopen(report, "rb") as pipe:
        lines = pipe.read(MOST_REPORTED).splitlines()
    told: dict[str, Any] = {}
    for line in lines:
        told |= json.loads(line)
    return told


def _said(errand: Errand, seconds: float) -> str:
    """Return progress in words, with the cases done where the suite says so in its file `progress`."""
    try:
        with (errand.place / "progress").open("rb") as file:
            file.seek(max(0, os.fstat(file.fileno()).st_size - 64))
            found = DONE.search(file.read(64).strip())
    except OSError:
        found = None
    cases = f", {int(found[1])} of {int(found[2])} cases" if found else ""
    return f"running for {seconds:.0f} s{cases}"


def _sizes(place: Path) -> Iterator[int]:
    """Yield what each file of the run takes; what goes away meanwhile takes nothing."""
    for folder, _, names in os.walk(place):
        for name in names:
            with suppress(OSError):
                yield (Path(folder) / name).lstat().st_size


async def _stop(process: Process, waiting: asyncio.Future[int], family: Family, *, polite: bool) -> None:
    """End whatever is left of the run."""
    if polite and not waiting.done():
        await asyncio.to_thread(family.ask_to_end)
        await asyncio.wait({waiting}, timeout=STOP_WITHIN)
    for _ in range(END_ROUNDS):
        if await asyncio.to_thread(family.end):
            break
        await asyncio.sleep(END_EVERY)
    # The warden ends with the suite, unless the suite has stopped it.
    await asyncio.wait({waiting}, timeout=STOP_WITHIN)
    with suppress(ProcessLookupError):
        process.kill()
    await waiting
