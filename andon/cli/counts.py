"""`andon counts`: how many incidents there are of which kind."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated, Any, Final

from cyclopts import Parameter

from andon.cli import screen
from andon.cli.called import ANY, Called
from andon.cli.incidents import READER
from andon.cli.outcome import Exit
from andon.cli.place import HERE, Where, find
from andon.cli.service import console

SHOWN: Final = (
    *("severity", "classification", "category", "type", "tag", "channel", "stage", "system", "external"),
)
_Json = Annotated[bool, Parameter(negative="")]


def counts(*, state: str = "all", called: Called = ANY, where: Where = HERE, json: _Json = False) -> int:
    """Count incidents by severity, class, category, type, tag, channel, stage, AI system and public taxonomy.

    An incident with two categories counts in both.

    Example: andon counts --state open --tag privacy

    Args:
        state: open, closed or all.
        called: which of them.
        where: where Andon is, and who asks.
        json: print the answer as JSON.
    """
    with console(find(where, role=READER)) as service:
        answer: dict[str, Any] = service.get("/v1/incidents/counts", state=state, **asdict(called))
    if json:
        screen.as_json(answer)
        return Exit.OK
    rows = [
        (name, code, count)
        for name in SHOWN
        for code, count in sorted((answer.get(name) or {}).items(), key=lambda one: (-one[1], one[0]))
    ]
    screen.table(f"{answer.get('total')} incidents", ("by", "", "incidents"), rows, empty="No incidents.")
    return Exit.OK
