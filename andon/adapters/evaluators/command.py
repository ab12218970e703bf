"""Running the command that an AI system's file names: no shell, little of our environment, bounded.

It gets the incident's own case in `{cases}` (one JSON object a line, see `case.py`), writes its result to
`{out}` and what logs it likes into `{logs}`; the same paths stand in its environment. A kind `command` writes
the documented form (see `report.py`); of other kinds what they wrote is brought into it.
"""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import Awaitable, Callable, Collection
from pathlib import Path
from typing import Any, Final

from andon.adapters.evaluators.child import Errand, run_child
from andon.adapters.evaluators.kinds import EvaluatorKind, Ran, Run
from andon.adapters.evaluators.logs import is_plain
from andon.domain.confinement import Confinement, Problem
from andon.domain.errors import EvaluationError, InvalidInputError
from andon.domain.values import canonical

STACK_MARK: Final = "ANDON_STACK_MARK"
"""Variable by which `andon up` knows what it has started."""

MOST_WRITTEN: Final = 64 * 1024 * 1024
"""Bytes of a runner's own form that are read; Inspect's logs hold every message."""

OURS: Final = 0o700

Read = Callable[[Run], dict[str, Any]]
"""Bring what a runner wrote into the documented form; raises `EvaluationError` if it can't be read."""


def by_command(read: Read, codes: Collection[int] = (0,)) -> Callable[[Run], Awaitable[Ran]]:
    """Return how a kind runs whose runner has a form of its own.

    Args:
        read: brings what it wrote into the documented form.
        codes: exit codes with which it has reached its end, whatever the cases say.
    """

    async def run(one: Run) -> Ran:
        ran = await run_command(one, one.out)
        if ran.problem is not None:
            return ran
        try:
            written = canonical(read(one))
        except FileNotFoundError:
            return Ran(ran.code, Problem.NO_RESULT, ran.confinement)
        except (EvaluationError, ValueError, RecursionError):
            return Ran(ran.code, Problem.GARBLED, ran.confinement)
        one.result.write_bytes(written)
        return Ran(0 if ran.code in codes else ran.code, None, ran.confinement)

    return run


async def run_command(one: Run, out: Path) -> Ran:
    """Run the command of a suite, with `{out}` for what it writes.

    Raises:
        InvalidInputError: its folder is not there.
    """
    paths = {
        "out": out,
        "logs": one.place / "logs",
        "cases": one.place / "cases.jsonl",
        "versions": one.versions,
        "progress": one.place / "progress",
        "facts": one.place / "facts.json",
    }
    runs = one.suite.flaky.wanted if one.suite.flaky is not None else 1
    filled = {
        "{python}": one.python,
        "{runs}": str(runs),
        **{f"{{{name}}}": str(path) for name, path in paths.items()},
    }
    errand = Errand(
        command=[_filled(word, filled) for word in one.suite.command],
        folder=one.folder,
        environment=_environment(one.place, paths),
        place=one.place,
        timeout=one.time,
        limits=one.suite.limits,
    )
    try:
        ended = await run_child(errand, one.progress)
    except OSError as error:
        raise InvalidInputError(f"{one.folder} can't be worked in: {error.strerror}") from error
    # A suite may have closed its folder, and we have yet to read and remove it.
    await asyncio.to_thread(one.place.chmod, OURS)
    code = ended.code if ended.code is not None else -1
    return Ran(code=code, problem=ended.problem, confinement=ended.confinement)


def facts_of(one: Run) -> dict[str, Any]:
    """Return what a run said of itself in `{facts}`, for runners whose form has no place for it.

    Raises:
        EvaluationError: it can't be read.
    """
    try:
        return as_object(contents(one.place / "facts.json", "the file of facts"), "the file of facts")
    except FileNotFoundError:
        return {}


def contents(path: Path, name: str) -> bytes:
    """Return what a runner wrote.

    Raises:
        FileNotFoundError: it wrote nothing.
        EvaluationError: it is no file, or too large.
    """
    if path.lstat() and not is_plain(path):
        raise EvaluationError(f"{name} is no file")
    if path.stat().st_size > MOST_WRITTEN:
        raise EvaluationError(f"{name} is larger than {MOST_WRITTEN} bytes")
    return path.read_bytes()


def as_object(text: bytes, name: str) -> dict[str, Any]:
    """Return JSON as an object; the message of an error quotes nothing of it.

    Raises:
        EvaluationError: it is none.
    """
    try:
        found = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise EvaluationError(f"{name} is no JSON") from error
    if not isinstance(found, dict):
        raise EvaluationError(f"{name} is no JSON object")
    return found


async def _run(one: Run) -> Ran:
    return await run_command(one, one.result)


KIND: Final = EvaluatorKind(name="command", run=_run)

NOTHING_ENFORCED: Final = Confinement(
    time="not_possible: it did not start",
    memory="not_possible: it did not start",
    processes="not_possible: it did not start",
    files="not_possible: it did not start",
    network="not_possible: it did not start",
)


def _filled(argument: str, values: dict[str, str]) -> str:
    for placeholder, value in values.items():
        argument = argument.replace(placeholder, value)
    return argument


def _environment(place: Path, paths: dict[str, Path]) -> dict[str, str]:
    """Return what the suite may know of ours: no settings, no tokens, no proxies.

    The mark of the embedded stack goes along, so that what a killed stack leaves running is found and ended.
    """
    mark = os.environ.get(STACK_MARK)
    return {
        **({STACK_MARK: mark} if mark else {}),
        **{f"ANDON_{name.upper()}": str(path) for name, path in paths.items()},
        "PATH": os.environ.get("PATH", "/usr/bin:/bin"),
        "LANG": "C.UTF-8",
        "HOME": str(place),
        "TMPDIR": str(place),
        "PYTHONUNBUFFERED": "1",
    }
