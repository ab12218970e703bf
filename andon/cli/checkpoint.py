"""`andon checkpoint`: the newest checkpoint of the log over all incidents, to look at and to keep."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

from cyclopts import Parameter

from andon.cli import screen
from andon.cli.outcome import Exit
from andon.cli.place import HERE, Where, find
from andon.cli.service import console

READER = "auditor"


def checkpoint(
    *, out: Path | None = None, where: Where = HERE, json: Annotated[bool, Parameter(negative="")] = False
) -> int:
    """Show the newest checkpoint of the log over all incidents, and keep it.

    A checkpoint that you keep shows later that nothing was withheld, cut or rewritten before it: give
    it to `andon audit verify --pinned`. Ends with 1 when nothing was signed for too long.

    Example: andon checkpoint --out 2026-03.note

    Args:
        out: write the signed note to this file; it must not be there yet.
        where: where Andon is, and who asks.
        json: print the answer as JSON.
    """
    with console(find(where, role=READER)) as service:
        found = service.get("/v1/log")
    if out is not None:
        from andon.cli.exporting import write_new  # noqa: PLC0415 - only what writes a file needs it

        write_new(out, str(found["note"]).removesuffix("\n"))
    if json:
        screen.as_json(found)
    else:
        screen.pairs("Checkpoint", _in_words(found))
        if found["overdue"]:
            screen.warn("andon: nothing was signed for too long: look after the worker andon-evidence")
    return Exit.NEGATIVE if found["overdue"] else Exit.OK


def _in_words(found: dict[str, Any]) -> dict[str, object]:
    return {
        "log": found["origin"],
        "key": found["key"],
        "size": found["size"],
        "root": found["root"],
        "signed": screen.when(found["made_at"]),
        "whole at": screen.when(found["checked_at"]),
        "time stamp": _vouched(found["stamped"], found["stamp_problem"]),
        "witness": _vouched(found["witnessed"], found["witness_problem"]),
    }


def _vouched(done: bool, problem: str | None) -> str:  # noqa: FBT001 - as the answer has it
    if done:
        return "yes"
    return f"no: {problem}" if problem else "none"
