"""`andon evidence`: what was preserved of an incident, and what may be done with it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Any, Final

from cyclopts import App, Parameter

from andon.cli import screen
from andon.cli.completeness import complete
from andon.cli.evidence_custody import erase, erasures, hold, raw, unhold
from andon.cli.evidence_downloads import downloads
from andon.cli.evidence_trace import trace
from andon.cli.evidence_view import show
from andon.cli.incidents import READER, rows_of
from andon.cli.outcome import Exit
from andon.cli.place import HERE, Where, find
from andon.cli.service import Service, console
from andon.cli.words import segment
from andon.domain.source_times import clock_told

_Json = Annotated[bool, Parameter(negative="")]
PAGE: Final = 500

app = App(name="evidence", help="Show what was preserved, and what could not be.")
app.command(trace)
app.command(show)
app.command(raw)
app.command(hold)
app.command(unhold)
app.command(erase)
app.command(erasures)
app.command(complete)
app.command(downloads)


@app.command(name="list")
def list_evidence(incident: str, /, *, where: Where = HERE, json: _Json = False) -> int:
    """Show what was preserved of an incident, and what could not be.

    Example: andon evidence list INC-20260301-4f7k2a

    Args:
        incident: its id.
        where: where Andon is, and who asks.
        json: print the answer as JSON.
    """
    with console(find(where, role=READER)) as service:
        found = service.get(f"/v1/incidents/{segment(incident)}/evidence")
    if json:
        screen.as_json(found)
        return Exit.OK
    screen.table(
        "Preserved",
        ("kind", "source", "at the source", "its clock", "captured", "bytes", "SHA-256", "locked until"),
        [
            (
                one.get("kind"),
                one.get("source"),
                screen.when(one.get("source_at")),
                clock_told(one.get("skew_ms")),
                screen.when(one.get("captured_at")),
                one.get("size_bytes"),
                str(one.get("sha256"))[:16],
                screen.when(one.get("locked_until")) or "not locked",
            )
            for one in rows_of(found, "items")
        ],
        empty="Nothing is preserved yet.",
    )
    screen.table(
        "\nGaps: required, and could not be had",
        ("row", "reason", "source", "detail"),
        [
            (one.get("row"), one.get("reason"), one.get("source"), one.get("detail"))
            for one in rows_of(found, "gaps")
        ],
        empty="\nNo gaps.",
    )
    return Exit.OK


@app.command
def access(incident: str, /, *, where: Where = HERE, json: _Json = False) -> int:
    """Show who looked at the evidence, exported, held or erased it, and who was refused.

    Example: andon evidence access INC-20260301-4f7k2a --as auditor

    Args:
        incident: its id.
        where: where Andon is, and who asks.
        json: print the entries as JSON.
    """
    with console(find(where, role=READER)) as service:
        found = list(_entries(service, incident))
    if json:
        screen.as_json({"entries": found})
        return Exit.OK
    screen.table(
        "Who looked",
        ("number", "when", "who", "role", "what", "item", "outcome"),
        [
            (
                one.get("sequence"),
                screen.when(one.get("at")),
                str(one.get("actor")).removeprefix("person:"),
                one.get("role"),
                one.get("what"),
                one.get("item"),
                one.get("outcome"),
            )
            for one in found
        ],
        empty="Nobody has looked at the evidence, and nothing was held or erased.",
    )
    return Exit.OK


def _entries(service: Service, incident: str) -> Iterator[dict[str, Any]]:
    after: int | None = None
    while True:
        answer = service.get(f"/v1/incidents/{segment(incident)}/access", after=after, limit=PAGE)
        yield from map(dict, rows_of(answer, "entries"))
        after = answer.get("next")
        if after is None:
            return
