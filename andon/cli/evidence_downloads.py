"""`andon evidence downloads`: whether files with evidence in them come from a host without sessions."""

from __future__ import annotations

from typing import Annotated

from cyclopts import Parameter

from andon.cli import screen
from andon.cli.incidents import READER
from andon.cli.outcome import Exit
from andon.cli.place import HERE, Where, find
from andon.cli.service import console

APART = "yes"
_Json = Annotated[bool, Parameter(negative="")]


def downloads(*, where: Where = HERE, json: _Json = False) -> int:
    """Say from where files with evidence in them are downloaded, and what to set if that is not safe.

    Ends with 0 when they come from a host of their own, which no session reaches, and with 1 when not.

    Example: andon evidence downloads --as auditor

    Args:
        where: where Andon is, and who asks.
        json: print the answer as JSON.
    """
    with console(find(where, role=READER)) as service:
        answer = service.get("/v1/downloads")
    if json:
        screen.as_json(answer)
    else:
        screen.say(screen.inert(f"{answer['url']}: {answer['detail']}"))
    return Exit.OK if answer["apart"] == APART else Exit.NEGATIVE
