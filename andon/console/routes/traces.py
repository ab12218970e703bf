"""What led to one output, for programs and as a page."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Path, Query, Response

from andon.api.authentication import Caller, only
from andon.console.access import READING
from andon.console.models.trace import TraceShown
from andon.console.pages import PageRoute, render
from andon.console.routes.places import Incident, Reader, of_app
from andon.console.screens.moments import zone_key
from andon.console.screens.trace import trace_screen
from andon.console.tracing import Tracing
from andon.console.visitors import Reading

router = APIRouter(prefix="/v1/evidence", tags=["console"])
screens = APIRouter(route_class=PageRoute, include_in_schema=False)
Person = Annotated[Caller, Depends(only(READING))]
Wanted = Annotated[
    str, Path(max_length=255, description="trace id, or the id of an output as its application gave it")
]


Finding = Annotated[Tracing, Depends(of_app("tracing"))]


@router.get("/traces/{trace}")
async def trace(
    trace: Wanted,
    caller: Person,
    tracing: Finding,
    reading: Reader,
    incident: Annotated[
        str | None, Query(max_length=64, description="look among what this incident preserved")
    ] = None,
) -> TraceShown:
    """Return what led to one output as a tree, and what of it was not seen; no content.

    Looked for in the flight recorder, then among what incidents preserved.
    """
    if incident is not None:
        await reading.row(incident)
    return await tracing.of(trace, caller, incident)


@screens.get("/incidents/{incident}/traces/{trace}")
async def trace_page(
    incident: Incident, trace: Wanted, session: Reading, reading: Reader, tracing: Finding
) -> Response:
    """Show what led to one output that an incident preserved."""
    at = await reading.now_of(session.caller)
    shown = await reading.incident(incident, session.caller)
    found = await tracing.of(trace, session.caller, shown.id)
    screen = trace_screen(shown, found, at)
    return render("trace.html", session=session, screen=screen, zone=zone_key(at))
