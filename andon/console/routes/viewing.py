"""Redacted views of evidence and figures of what is in it: for programs, as a page, as a file."""

from __future__ import annotations

import asyncio
from typing import Annotated, Final

from fastapi import APIRouter, Depends, Query, Response
from fastapi.responses import RedirectResponse

from andon.api.authentication import Caller, only
from andon.api.server import ORIGINALS
from andon.console.access import READING
from andon.console.models.viewing import FiguresShown, ViewShown
from andon.console.pages import HEADERS, PageRoute, render
from andon.console.routes.places import Digest, Incident, Reader, Stock, of_app
from andon.console.screens.moments import zone_key
from andon.console.screens.viewing import view_screen
from andon.console.viewing import Viewing
from andon.console.visitors import Reading
from andon.domain.redaction import View

router = APIRouter(prefix="/v1/incidents", tags=["console"])
screens = APIRouter(route_class=PageRoute, include_in_schema=False)

AS_THEY_ARE: Final = "as-they-are"

Person = Annotated[Caller, Depends(only(READING))]
Views = Annotated[Viewing, Depends(of_app("viewing"))]


@router.get("/{incident}/evidence/figures", dependencies=[Depends(only(READING))])
async def figures(incident: Incident, reading: Reader, viewing: Views) -> FiguresShown:
    """Return what kinds of personal data and secrets the evidence holds, and how often; not a word of it."""
    await reading.row(incident)
    return await viewing.figures(incident)


@router.get("/{incident}/evidence/{digest}/view")
async def view(
    incident: Incident, digest: Digest, caller: Person, reading: Reader, viewing: Views
) -> ViewShown:
    """Return as much of an item as your role may see; that you looked is on record."""
    await reading.row(incident)
    return await viewing.show(incident, digest, caller)


@router.get("/{incident}/evidence/{digest}/view.txt", response_class=Response)
async def text(
    incident: Incident, digest: Digest, caller: Person, reading: Reader, viewing: Views
) -> Response:
    """Return the redacted content as a file to keep; that you took it is on record."""
    await reading.row(incident)
    return (await viewing.file(incident, digest, caller)).response()


@router.get("/{incident}/evidence/{digest}/view.json")
async def sealed(incident: Incident, digest: Digest, caller: Person, reading: Reader, viewing: Views) -> View:
    """Return the view itself, for a bundle: the access chain names the digest of its canonical form."""
    await reading.row(incident)
    return await viewing.sealed(incident, digest, caller)


@screens.get("/incidents/{incident}/evidence/{digest}")
async def page(
    *,
    incident: Incident,
    digest: Digest,
    session: Reading,
    reading: Reader,
    viewing: Views,
    characters: Annotated[str, Query(max_length=16)] = "",
) -> Response:
    """Show as much of an item as the reader's role may see."""
    shown = await reading.incident(incident, session.caller)
    at = await reading.now_of(session.caller)
    view = await viewing.show(incident, digest, session.caller)
    screen = await asyncio.to_thread(view_screen, shown, view, at, as_it_was=characters == AS_THEY_ARE)
    return render(
        "view.html",
        session=session,
        screen=screen,
        zone=zone_key(at),
        headers={"Cache-Control": "no-store"},
    )


@screens.get("/incidents/{incident}/evidence/{digest}/view.txt")
async def file(
    *,
    incident: Incident,
    digest: Digest,
    session: Reading,
    reading: Reader,
    viewing: Views,
    stock: Stock,
) -> Response:
    """Hand out the redacted content: from the second origin, where one is set, by an address good once."""
    await reading.row(incident)
    terms = stock.custody.terms
    if not terms.originals_url:
        return (await viewing.file(incident, digest, session.caller)).response()
    secret = await viewing.offer(incident, digest, session.caller, terms.ticket)
    return RedirectResponse(f"{terms.originals_url}{ORIGINALS}{secret}", 303, headers=HEADERS)
