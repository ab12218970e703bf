"""`andon quality` and `andon suggestions`: what is no incident, and incidents that may be one."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Final

from cyclopts import App, Parameter

from andon.cli import screen
from andon.cli.incidents import READER, rows_of
from andon.cli.links import show_links
from andon.cli.outcome import Exit
from andon.cli.place import HERE, Where, find
from andon.cli.service import console, door
from andon.cli.words import segment

app = App(name="quality", help="Show, promote and close quality issues.", help_format="markdown")
_Json = Annotated[bool, Parameter(negative="")]
ISSUES: Final = "/v1/quality-issues"


@app.command(name="list")
def list_issues(
    *,
    state: str = "open",
    system: str | None = None,
    classification: str | None = None,
    limit: int = 50,
    before: str | None = None,
    where: Where = HERE,
    json: _Json = False,
) -> int:
    """List quality issues and small near misses, newest first.

    Example: andon quality list --system refund_desk

    Args:
        state: open, resolved, promoted or all.
        system: only those of this AI system.
        classification: quality_issue or near_miss.
        limit: at most this many.
        before: only those older than this issue, for the next page.
        where: where Andon is, and who asks.
        json: print the answer as JSON.
    """
    wanted = None if state == "all" else state
    with console(find(where, role=READER)) as service:
        answer = service.get(
            ISSUES, state=wanted, system=system, classification=classification, limit=limit, before=before
        )
    if json:
        screen.as_json(answer)
        return Exit.OK
    screen.table(
        f"Quality issues: {answer.get('count', 0)}",
        ("issue", "state", "class", "severity", "could have been", "AI system", "count", "last seen"),
        [_row(one) for one in rows_of(answer, "issues")],
        empty="No quality issues.",
    )
    return Exit.OK


@app.command
def show(issue: str, /, *, where: Where = HERE, json: _Json = False) -> int:
    """Show one quality issue: its detections, what became of it, what it is linked to.

    Example: andon quality show QI-20260301-4f7k2a

    Args:
        issue: its id.
        where: where Andon is, and who asks.
        json: print the answer as JSON.
    """
    with console(find(where, role=READER)) as service:
        found = service.get(f"{ISSUES}/{segment(issue)}")
    if json:
        screen.as_json(found)
        return Exit.OK
    names = ("state", "classification", "severity", "potential", "system", "cause", "count", "incident")
    said = {name: found.get(name) for name in names}
    said |= {"settled by": found.get("settled_by"), "because": found.get("reason")}
    screen.pairs(f"{screen.inert(issue)}: {screen.inert(found.get('title'))}", said)
    screen.table(
        "\nDetections",
        ("detection", "from", "detected", "received"),
        [
            (
                one.get("id"),
                one.get("source"),
                screen.when(one.get("detected_at")),
                screen.when(one.get("received_at")),
            )
            for one in rows_of(found, "detections")
        ],
        empty="\nNone.",
    )
    show_links(found.get("links") or [])
    return Exit.OK


@app.command
def patterns(*, system: str | None = None, where: Where = HERE, json: _Json = False) -> int:
    """List what people keep catching and nothing else does: there a durable control is needed.

    The second near miss of one cause at one AI system that the same human control caught is on this list.

    Example: andon quality patterns --system refund_desk

    Args:
        system: only this AI system.
        where: where Andon is, and who asks.
        json: print the answer as JSON.
    """
    with console(find(where, role=READER)) as service:
        answer = service.get("/v1/durable-controls", system=system)
    if json:
        screen.as_json(answer)
        return Exit.OK
    screen.table(
        "A durable control is needed",
        ("AI system", "cause", "caught by", "near misses", "last"),
        [
            (
                one.get("system"),
                one.get("cause"),
                one.get("control"),
                ", ".join(one.get("homes") or []),
                screen.when(one.get("last")),
            )
            for one in rows_of(answer, "needed")
        ],
        empty="No cause was caught twice by the same people.",
    )
    return Exit.OK


@app.command
def promote(issue: str, /, *, reason: str, where: Where = HERE, json: _Json = False) -> int:
    """Make an incident of a quality issue; it keeps its times and traces, and both name each other.

    Example: andon quality promote QI-20260301-4f7k2a --reason "customers ask about it" --as responder

    Args:
        issue: its id.
        reason: why; it is stored encrypted.
        where: where Andon is, and who asks.
        json: print the answer as JSON.
    """
    with door(find(where, role="responder")) as service:
        answer = service.post(f"{ISSUES}/{segment(issue)}/promote", {"reason": reason})
    if json:
        screen.as_json(answer)
    else:
        screen.say(f"{screen.inert(issue)} is {screen.inert(answer.get('incident'))} now.")
        screen.pairs("", {"severity": answer.get("severity"), "page": answer.get("url")})
    return Exit.OK


@app.command
def close(issue: str, /, *, reason: str, where: Where = HERE, json: _Json = False) -> int:
    """Close a quality issue that was dealt with; what comes in under its key afterwards is a new one.

    Example: andon quality close QI-20260301-4f7k2a --reason "prompt was mended"

    Args:
        issue: its id.
        reason: what was done; it is stored encrypted.
        where: where Andon is, and who asks.
        json: print the answer as JSON.
    """
    with door(find(where, role="responder")) as service:
        answer = service.post(f"{ISSUES}/{segment(issue)}/close", {"reason": reason})
    if json:
        screen.as_json(answer)
    else:
        screen.say(f"{screen.inert(issue)} is {screen.inert(answer.get('state'))}.")
    return Exit.OK


def suggestions(*, where: Where = HERE, json: _Json = False) -> int:
    """List pairs of open incidents that may be one; `andon merge` makes them so.

    Example: andon suggestions

    Args:
        where: where Andon is, and who asks.
        json: print the answer as JSON.
    """
    with console(find(where, role=READER)) as service:
        answer = service.get("/v1/suggestions")
    if json:
        screen.as_json(answer)
        return Exit.OK
    screen.table(
        "May be one incident",
        ("incident", "and", "AI system", "because", "since"),
        [
            (one.get("one"), one.get("other"), one.get("system"), one.get("why"), screen.when(one.get("at")))
            for one in rows_of(answer, "suggestions")
        ],
        empty="Nothing looks like the same incident twice.",
    )
    return Exit.OK


def _row(one: Mapping[str, Any]) -> tuple[object, ...]:
    return (
        one.get("id"),
        one.get("state"),
        one.get("classification"),
        one.get("severity"),
        one.get("potential"),
        one.get("system"),
        one.get("count"),
        screen.when(one.get("last_seen")),
    )
