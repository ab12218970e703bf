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


def counts(
    *, state: str = "all", called: Called = ANY, days: int = 90, where: Where = HERE, json: _Json = False
) -> int:
    """Count incidents by severity, class, category, type, tag, channel, stage, AI system and public taxonomy.

    An incident with two categories counts in both.

    Example: andon counts --state open --tag privacy

    Args:
        state: open, closed or all.
        called: which of them.
        days: how far back to look for how long detections took, by channel.
        where: where Andon is, and who asks.
        json: print the answer as JSON.
    """
    with console(find(where, role=READER)) as service:
        answer: dict[str, Any] = service.get("/v1/incidents/counts", state=state, **asdict(called))
        times: dict[str, Any] = service.get("/v1/detections/times", days=days)
    if json:
        screen.as_json({**answer, "time_to_detection": times})
        return Exit.OK
    rows = [
        (name, code, count)
        for name in SHOWN
        for code, count in sorted((answer.get(name) or {}).items(), key=lambda one: (-one[1], one[0]))
    ]
    screen.table(f"{answer.get('total')} incidents", ("by", "", "incidents"), rows, empty="No incidents.")
    screen.table(
        f"\nTime to detection in the last {days} days",
        ("channel", "detections", "of known time", "median", "longest"),
        [
            (
                channel,
                one.get("detections"),
                one.get("timed"),
                _seconds(one.get("median_seconds")),
                _seconds(one.get("longest_seconds")),
            )
            for channel, one in (times.get("channels") or {}).items()
        ],
        empty="\nNothing was detected.",
    )
    return Exit.OK


def _seconds(value: object) -> str:
    return f"{value:,.0f} s" if isinstance(value, int | float) else ""
