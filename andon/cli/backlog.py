"""`andon backlog`: what waits at the door."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

from cyclopts import Parameter

from andon.cli import screen
from andon.cli.incidents import READER, rows_of
from andon.cli.outcome import Exit
from andon.cli.place import HERE, Where, find
from andon.cli.service import door

_Json = Annotated[bool, Parameter(negative="")]


def backlog(*, where: Where = HERE, json: _Json = False) -> int:
    """Show what waits at the door, since when, and whether a storm goes on.

    Example: andon backlog

    Args:
        where: where Andon is, and who asks.
        json: print the answer as JSON.
    """
    with door(find(where, role=READER)) as service:
        answer = service.get("/v1/intake/backlog")
    if json:
        screen.as_json(answer)
        return Exit.OK
    screen.say(_state(answer))
    screen.table(
        "Incidents that wait",
        ("severity", "for a workflow", "since", "for proof", "since"),
        [
            [
                one.get(name)
                for name in ("severity", "unstarted", "unstarted_since", "unproven", "unproven_since")
            ]
            for one in rows_of(answer, "bands")
        ],
        empty="The register can't be read just now.",
    )
    screen.table(
        "Sources since the door started",
        ("source", "a minute at most", "taken", "refused"),
        [
            [one.get(name) for name in ("source", "per_minute", "taken", "refused")]
            for one in rows_of(answer, "sources")
        ],
        empty="No program has sent anything.",
    )
    return Exit.OK


def _state(answer: Mapping[str, Any]) -> str:
    spool, storm = answer.get("spool") or {}, answer.get("storm") or {}
    said = [
        "The register is away." if answer.get("register_away") else "The register takes detections.",
        "Temporal is away." if answer.get("temporal_away") else "Temporal answers.",
        f"In the spool: {spool.get('detections', 0)}.",
    ]
    if storm.get("lasts"):
        said.append(
            f"A storm goes on over {storm.get('systems')} AI systems: {screen.inert(storm.get('incident'))}."
        )
    return " ".join(said)
