"""`andon evidence trace`: what led to one output, as a tree, with what was not seen named in its place."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Final

from cyclopts import Parameter

from andon.cli import screen
from andon.cli.incidents import READER, rows_of
from andon.cli.outcome import Exit
from andon.cli.place import HERE, Where, find
from andon.cli.service import console
from andon.cli.words import segment

INDENT: Final = "  "
DEEPEST: Final = 12


def trace(
    trace: str,
    /,
    *,
    incident: str | None = None,
    where: Where = HERE,
    json: Annotated[bool, Parameter(negative="")] = False,
) -> int:
    """Show what led to one output: prompt, versions, retrieval, model, tool calls, approvals, actions.

    It is looked for in the flight recorder, then among what incidents preserved. Names, versions and sizes
    are shown, no content. A link that was not seen is named where it should be; it may have been there.
    Ends with 1 when one was not seen.

    Example: andon evidence trace 0af7651916cd43dd8448eb211c80319c

    Args:
        trace: id of the trace, or of the output as its application gave it.
        incident: look among what this incident preserved.
        where: where Andon is, and who asks.
        json: print the answer as JSON.
    """
    with console(find(where, role=READER)) as service:
        found = service.get(f"/v1/evidence/traces/{segment(trace)}", incident=incident)
    tree: dict[str, Any] = found.get("tree") or {}
    if json:
        screen.as_json(found)
    else:
        _told(found, tree)
    return Exit.NEGATIVE if tree.get("missing") else Exit.OK


def _told(found: Mapping[str, Any], tree: Mapping[str, Any]) -> None:
    origin = f"preserved by {found.get('incident')}" if found.get("incident") else "in the flight recorder"
    screen.heading(screen.inert(f"Trace {tree.get('trace_id')}, {origin}"))
    missing = rows_of(tree, "missing")
    for one in rows_of(tree, "steps"):
        _step(one, [gap for gap in missing if gap.get("step") == one.get("id")])
    if tree.get("more"):
        screen.say(f"and {tree['more']} more spans")
    whole = [gap for gap in missing if not gap.get("step")]
    for gap in whole:
        screen.say(screen.inert(f"MISSING {gap.get('says')}"))
    screen.say(_chain(tree))


def _step(step: Mapping[str, Any], missing: list[Mapping[str, Any]]) -> None:
    depth = INDENT * min(int(step.get("depth") or 0), DEEPEST)
    marks = [word for word, on in (("FAILED", step.get("failed")), ("THIS OUTPUT", step.get("asked"))) if on]
    if skew := int(step.get("skew_ms") or 0):
        marks.append(f"clock {abs(skew)} ms {'behind its caller' if skew < 0 else 'ahead of ours'}")
    words = [str(step.get("what")), str(step.get("name")), screen.when(step.get("start")), *marks]
    screen.say(screen.inert(f"{depth}{'  '.join(words)}"))
    for name, value in dict(step.get("facts") or {}).items():
        screen.say(screen.inert(f"{depth}{INDENT}{name} = {value}"))
    for one in rows_of(step, "contents"):
        screen.say(
            screen.inert(f"{depth}{INDENT}[{one.get('name')}: {one.get('size_bytes')} bytes, not shown]")
        )
    for gap in missing:
        screen.say(screen.inert(f"{depth}{INDENT}MISSING {gap.get('says')}"))


def _chain(tree: Mapping[str, Any]) -> str:
    links = rows_of(tree, "links")
    lacking = [str(one.get("link")).replace("_", " ") for one in links if not one.get("steps")]
    seen = f"{len(links) - len(lacking)} of {len(links)} links seen"
    return f"{seen}; not seen: {', '.join(lacking)}" if lacking else seen
