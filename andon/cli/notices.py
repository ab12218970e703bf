"""`andon notices`: what one was told, and what did not arrive."""

from __future__ import annotations

from typing import Annotated

from cyclopts import App, Parameter

from andon.cli import screen
from andon.cli.incidents import READER, rows_of
from andon.cli.outcome import Exit
from andon.cli.place import HERE, Where, find
from andon.cli.service import console

app = App(name="notices", help="Show what you were told.", help_format="markdown")
_Flag = Annotated[bool, Parameter(negative="")]


@app.default
def notices(*, limit: int = 20, undelivered: _Flag = False, where: Where = HERE, json: _Flag = False) -> int:
    """Show what you were told or should have been, newest first.

    Example: andon notices --as legal

    Args:
        limit: how many, at most 200.
        undelivered: only what none of your channels has taken.
        where: where Andon is, and who asks.
        json: print the answer as JSON.
    """
    with console(find(where, role=READER)) as service:
        answer = service.get("/v1/me/notices", limit=limit, undelivered=str(undelivered).lower())
    if json:
        screen.as_json(answer)
        return Exit.OK
    screen.table(
        f"Notices to {screen.inert(answer.get('person'))}",
        ("at", "incident", "about", "subject", "due", "channel", "came to"),
        [
            [
                screen.when(one.get("at")),
                *(one.get(name) for name in ("incident", "about", "subject")),
                screen.when(one.get("due")),
                one.get("channel"),
                one.get("code"),
            ]
            for one in rows_of(answer, "notices")
        ],
        empty="You have not been told anything.",
    )
    return Exit.OK
