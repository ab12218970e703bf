"""Who looked at evidence: the access chains of one incident and of all, for programs and as pages."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from typing import Annotated, Final

from fastapi import APIRouter, Depends, Query, Request, Response

from andon.api.authentication import only
from andon.console.access import READING
from andon.console.looked import actor_of, asked_of, look
from andon.console.models.access import AccessFound, AccessPage, access_page
from andon.console.pages import PageRoute, render
from andon.console.parts import Parts
from andon.console.routes.places import Incident, Reader, Stock
from andon.console.screens.access import AccessTable, access_screen, access_table
from andon.console.screens.moments import zone_key
from andon.console.visitors import Reading
from andon.domain.errors import InvalidInputError
from andon.domain.ledger import Chain
from andon.domain.values import Instant
from andon.register.access_index import AccessSought

AT_MOST: Final = 1000
ON_A_PAGE: Final = 50
NOTHING: Final = AccessFound(entries=(), total=0, next=None)

router = APIRouter(prefix="/v1", tags=["console"])
screens = APIRouter(route_class=PageRoute, include_in_schema=False)


@router.get("/incidents/{incident}/access", dependencies=[Depends(only(READING))])
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


@router.get("/audit/access", dependencies=[Depends(only(READING))])
async def all_access(
    *,
    stock: Stock,
    incident: Annotated[str, Query(max_length=64)] = "",
    who: Annotated[str, Query(max_length=128, description="a person's id, or `custodian`, `andon`")] = "",
    what: Annotated[str, Query(max_length=32, description="such as `read_raw`, `exported`")] = "",
    since: Annotated[Instant | None, Query(description="with its zone")] = None,
    until: Annotated[Instant | None, Query(description="not included")] = None,
    after: Annotated[str, Query(max_length=128, description="`next` of an earlier answer")] = "",
    limit: Annotated[int, Query(ge=1, le=AT_MOST)] = 200,
) -> AccessFound:
    """Look through the access chains of all incidents, newest first."""
    sought = AccessSought(incident=incident, actor=actor_of(who), kind=what, since=since, until=until)
    return await look(stock, sought, after, limit)


@screens.get("/incidents/{incident}/access")
async def who_looked(
    request: Request, *, incident: Incident, session: Reading, reading: Reader, stock: Stock
) -> Response:
    """Show who looked, newest first."""
    at = await reading.now_of(session.caller)
    shown = await reading.incident(incident, session.caller)
    table = await table_of(stock, request, f"/incidents/{incident}/access", at, incident=incident)
    head = await asyncio.to_thread(stock.ledger.head, incident, Chain.ACCESS)
    waiting = await asyncio.to_thread(stock.custody.chain.waits, incident)
    return render(
        "access.html",
        session=session,
        screen=access_screen(shown, table, head, waiting, at),
        zone=zone_key(at),
    )


async def table_of(
    stock: Parts, request: Request, place: str, now: datetime, *, limit: int = ON_A_PAGE, **fixed: str
) -> AccessTable:
    """Return the page of entries that an address asks for; one that can't be understood says so."""
    asked = asked_of(request.query_params, **fixed)
    after = request.query_params.get("after", "")[:128]
    try:
        found = await look(stock, asked.sought(now.tzinfo or UTC), after, limit)
    except InvalidInputError as error:
        return access_table(NOTHING, asked, place, now, problem=str(error))
    return access_table(found, asked, place, now, after=after)


async def _page(stock: Parts, incident: str, after: int | None, limit: int) -> AccessPage:
    found = await asyncio.to_thread(stock.ledger.entries, incident, Chain.ACCESS, after=after, limit=limit)
    head = await asyncio.to_thread(stock.ledger.head, incident, Chain.ACCESS)
    waiting = await asyncio.to_thread(stock.custody.chain.waits, incident)
    return access_page(found, head, waiting)
