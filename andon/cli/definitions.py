"""`andon definitions` and `andon triggers`: what words mean here, and what naming a trigger fills in."""

from __future__ import annotations

from typing import Annotated

from cyclopts import Parameter

from andon.cli import screen
from andon.cli.incidents import rows_of
from andon.cli.outcome import CommandError, Exit
from andon.cli.place import HERE, Where, find
from andon.cli.service import console

REPORTER = "reporter"
_Json = Annotated[bool, Parameter(negative="")]


def definitions(term: str | None = None, /, *, where: Where = HERE, json: _Json = False) -> int:
    """Say what the words mean here: incident, near miss, containment, fallback and the others.

    Example: andon definitions near_miss

    Args:
        term: one of them, by its id or as it is written; all if left out.
        where: where Andon is, and who asks.
        json: print the answer as JSON.
    """
    with console(find(where, role=REPORTER)) as service:
        answer = service.get("/v1/definitions")
    found = rows_of(answer, "definitions")
    if term is not None:
        wanted = term.casefold().replace(" ", "_")
        names = [str(one.get("id")) for one in found]
        found = [
            one
            for one in found
            if wanted in (one.get("id"), str(one.get("term")).casefold().replace(" ", "_"))
        ]
        if not found:
            raise CommandError(
                f"there is no definition of {screen.inert(term)!r}; there are {', '.join(names)}",
                Exit.BAD_INPUT,
            )
    if json:
        screen.as_json(found[0] if term is not None else answer)
        return Exit.OK
    screen.table(
        "",
        ("word", "meaning", "source"),
        [(one.get("term"), one.get("text"), _source(one.get("source"), one.get("origin"))) for one in found],
        empty="No word is defined.",
    )
    return Exit.OK


def triggers(*, where: Where = HERE, json: _Json = False) -> int:
    """List the known triggers. Naming one in a report fills in its facts; what the report says itself wins.

    Example: andon triggers

    Args:
        where: where Andon is, and who asks.
        json: print the answer as JSON.
    """
    with console(find(where, role=REPORTER)) as service:
        answer = service.get("/v1/triggers")
    if json:
        screen.as_json(answer)
        return Exit.OK
    screen.table(
        f"{answer.get('entries')} triggers, {answer.get('distinct')} of them distinct",
        ("trigger", "meaning", "facts", "nearly the same as", "from"),
        [
            (
                one.get("id"),
                one.get("meaning"),
                ", ".join(f"{name}={value}" for name, value in (one.get("facts") or {}).items()),
                one.get("same_as") or "",
                one.get("source"),
            )
            for one in rows_of(answer, "triggers")
        ],
        empty="No trigger is listed.",
    )
    return Exit.OK


def _source(source: object, origin: object) -> str:
    return f"{source} (our own definition)" if origin == "organisation" else str(source)
