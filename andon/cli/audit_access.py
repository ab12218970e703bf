"""`andon audit access`: who looked at the evidence of any incident."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

from cyclopts import Parameter

from andon.cli import screen
from andon.cli.incidents import rows_of
from andon.cli.outcome import CommandError, Exit
from andon.cli.place import HERE, Where, find
from andon.cli.service import console

AUDITOR = "auditor"
PAGE = 200
_Json = Annotated[bool, Parameter(negative="")]


def access(
    *,
    incident: str | None = None,
    who: str | None = None,
    what: str | None = None,
    since: datetime | None = None,
    until: datetime | None = None,
    limit: int = PAGE,
    where: Where = HERE,
    json: _Json = False,
) -> int:
    """Show who looked at evidence, exported, held or erased it, over all incidents, newest first.

    Example: andon audit access --who eva --what read_raw --since 2026-03-01T00:00:00Z

    Args:
        incident: of one incident only.
        who: a person's id, or `custodian` or `andon`.
        what: one kind of entry, such as `viewed`, `read_raw`, `exported`, `key_shredded`.
        since: from a moment on, with its zone.
        until: up to a moment, not included, with its zone.
        limit: how many at most.
        where: where Andon is, and who asks.
        json: print the entries as JSON.
    """
    if limit < 1:
        raise CommandError("--limit is 1 at least", Exit.BAD_INPUT)
    asked = {"incident": incident, "who": who, "what": what, "since": _at(since), "until": _at(until)}
    found: list[dict[str, Any]] = []
    after: str | None = None
    with console(find(where, role=AUDITOR)) as service:
        while len(found) < limit:
            wanted = min(PAGE, limit - len(found))
            answer = service.get("/v1/audit/access", **asked, after=after, limit=wanted)
            found += map(dict, rows_of(answer, "entries"))
            after = answer.get("next")
            if after is None:
                break
    if json:
        screen.as_json({"entries": found, "total": answer["total"], "next": after})
        return Exit.OK
    columns = ("when", "incident", "who", "role", "what", "item", "outcome")
    screen.table("Who looked", columns, [_cells(one) for one in found], empty="No entry fits.")
    if after is not None:
        screen.say(f"{answer['total'] - len(found)} older entries: raise --limit")
    return Exit.OK


def _cells(one: dict[str, Any]) -> tuple[object, ...]:
    names = ("role", "what", "item", "outcome")
    who = str(one.get("actor")).removeprefix("person:")
    return screen.when(one.get("at")), one.get("incident"), who, *(one.get(name) for name in names)


def _at(moment: datetime | None) -> str | None:
    if moment is None:
        return None
    if moment.tzinfo is None:
        raise CommandError("a moment needs its zone, such as 2026-03-01T10:05:00Z", Exit.BAD_INPUT)
    return moment.isoformat()
