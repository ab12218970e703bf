"""Who looked at an incident's evidence: the access chain, for programs and as a page."""

from __future__ import annotations

import asyncio
from typing import Annotated, Final

from fastapi import APIRouter, Depends, Query, Response

from andon.api.authentication import only
from andon.console.access import READING
from andon.console.models.access import AccessPage, access_page
from andon.console.pages import PageRoute, render
from andon.console.parts import Parts
from andon.console.routes.places import Incident, Reader, Stock
from andon.console.screens.access import access_screen
from andon.console.screens.moments import zone_key
from andon.console.visitors import Reading
from andon.domain.ledger import Chain

AT_MOST: Final = 1000
ON_A_PAGE: Final = 200

router = APIRouter(prefix="/v1/incidents", tags=["console"])
screens = APIRouter(route_class=PageRoute, include_in_schema=False)


@router.get("/{incident}/access", dependencies=[Depends(only(READING))])
async def access(
    *,
    incident: Incident,
    reading: Reader,
    stock: Stock,
    after: Annotated[int | None, Query(ge=-1)] = None,
    limit: Annotated[int, Query(ge=1, le=AT_MOST)] = 200,
) -> AccessPage:
    """Return who looked at the evidence, exported, held or erased it, and who was refused."""
    await reading.row(incident)
    return await _page(stock, incident, after, limit)


@screens.get("/incidents/{incident}/access")
async def who_looked(incident: Incident, session: Reading, reading: Reader, stock: Stock) -> Response:
    """Show who looked, newest first."""
    at = await reading.now_of(session.caller)
    shown = await reading.incident(incident, session.caller)
    length = (await asyncio.to_thread(stock.ledger.head, incident, Chain.ACCESS)).length
    after = max(length - ON_A_PAGE, 0) - 1
    page = await _page(stock, incident, after, ON_A_PAGE)
    screen = access_screen(shown, page, at)
    return render("access.html", session=session, screen=screen, zone=zone_key(at))


async def _page(stock: Parts, incident: str, after: int | None, limit: int) -> AccessPage:
    found = await asyncio.to_thread(stock.ledger.entries, incident, Chain.ACCESS, after=after, limit=limit)
    head = await asyncio.to_thread(stock.ledger.head, incident, Chain.ACCESS)
    waiting = await asyncio.to_thread(stock.custody.chain.waits, incident)
    return access_page(found, head, waiting)
