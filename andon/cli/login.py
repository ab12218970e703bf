"""`andon login`: a link that signs in to the pages once."""

from __future__ import annotations

import webbrowser
from typing import Annotated

from cyclopts import Parameter

from andon.cli import screen
from andon.cli.incidents import READER
from andon.cli.outcome import Exit
from andon.cli.place import HERE, Where, find
from andon.cli.service import console

_Flag = Annotated[bool, Parameter(negative="")]


def login(
    *,
    open_browser: Annotated[bool, Parameter(name="--open", negative="")] = False,
    where: Where = HERE,
    json: _Flag = False,
) -> int:
    """Print a link that signs you in to the pages, once and within five minutes.

    The link is as good as your token until it is used. Opening it asks for a click first, so that a
    program that looks at links does not use it up.

    Example: andon login --as incident_lead --open

    Args:
        open_browser: open it in your browser too.
        where: where Andon is, and who asks.
        json: print the answer as JSON.
    """
    with console(find(where, role=READER)) as service:
        made = service.post("/v1/links", {})
    if json:
        screen.as_json(made)
    else:
        screen.say(screen.inert(made.get("url")))
        until = screen.when(made.get("expires_at"))
        screen.warn(screen.inert(f"signs in {made.get('person')} as {made.get('role')} once, until {until}"))
    if open_browser and not webbrowser.open(str(made.get("url"))):
        screen.warn("no browser could be opened: open the link yourself")
        return Exit.NEGATIVE
    return Exit.OK
