"""The page of an incident's timeline."""

from __future__ import annotations

import asyncio
from typing import Annotated, Final

from fastapi import APIRouter, Query, Request, Response

from andon.console.chronicle import newest
from andon.console.pages import PageRoute, render
from andon.console.routes.places import Incident, Reader, Stock
from andon.console.screens.moments import zone_key
from andon.console.screens.timeline_page import FIELDS, sift_of, timeline_screen
from andon.console.visitors import Reading

ON_A_PAGE: Final = 50

router = APIRouter(route_class=PageRoute, include_in_schema=False)


@router.get("/incidents/{incident}/timeline")
async def timeline(
    request: Request,
    *,
    incident: Incident,
    session: Reading,
    reading: Reader,
    stock: Stock,
    before: Annotated[int | None, Query(ge=0, le=2**31 - 1)] = None,
    entry: Annotated[int | None, Query(ge=0, le=2**31 - 1)] = None,
) -> Response:
    """Show what happened, newest first; with `entry`, the page in whose middle that entry stands."""
    row = await reading.row(incident)
    at = await reading.now_of(session.caller)
    chosen = {name: request.query_params.get(name, "")[:128] for name in FIELDS}
    place = entry + ON_A_PAGE // 2 if before is None and entry is not None else before
    found, older = await asyncio.to_thread(
        newest, stock.ledger, incident, sift_of(chosen, at), before=place, limit=ON_A_PAGE
    )
    title = await reading.title(row, session.caller)
    screen = timeline_screen(incident, title, found, chosen, at, before=place, older=older)
    return render("timeline.html", session=session, screen=screen, zone=zone_key(at))
