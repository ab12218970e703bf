"""`andon alarms`: what was done to incidents' workflows behind Andon's back."""

from __future__ import annotations

from typing import Annotated

from cyclopts import Parameter

from andon.cli import screen
from andon.cli.incidents import READER, rows_of
from andon.cli.outcome import Exit
from andon.cli.place import HERE, Where, find
from andon.cli.service import console

_Flag = Annotated[bool, Parameter(negative="")]


def alarms(
    *,
    where: Where = HERE,
    only_open: Annotated[bool, Parameter(name="--open", negative="")] = False,
    json: _Flag = False,
) -> int:
    """Show alarms: incidents whose workflow was ended, deleted or set back.

    What is held stays held, and each incident is started again by itself. Find out who did it.

    Example: andon alarms --open

    Args:
        where: where Andon is, and who asks.
        only_open: only those that are not over.
        json: print the answer as JSON.
    """
    with console(find(where, role=READER)) as service:
        answer = service.get("/v1/alarms", open="true" if only_open else None)
    if json:
        screen.as_json(answer)
        return Exit.OK
    if since := answer.get("unsigned_since"):
        screen.warn(f"andon: the log over all incidents was not signed since {screen.when(since)}")
    screen.table(
        "Alarms",
        ("number", "incident", "what", "at", "over since"),
        [
            (
                one.get("number"),
                one.get("incident"),
                one.get("kind"),
                screen.when(one.get("at")),
                screen.when(one.get("cleared_at")) if one.get("cleared_at") else "open",
            )
            for one in rows_of(answer, "alarms")
        ],
        empty="No alarm.",
    )
    return Exit.OK
