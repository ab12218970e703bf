"""Requests for originals, holds and erasures; each is on the incident's access chain."""

from __future__ import annotations

import asyncio
from typing import Annotated, Final
from urllib.parse import urlsplit

from fastapi import APIRouter, Depends, Path, Request, Response

from andon.api.authentication import Caller, only
from andon.api.bodies import parse_body, read_body
from andon.api.guards import OPEN
from andon.api.problems import ProblemError
from andon.api.server import ORIGINALS, described_by
from andon.console.access import READING
from andon.console.custody import CustodyDesk
from andon.console.handing_out import DownloadsShown, downloads_of
from andon.console.models.custody import (
    ErasureBody,
    ErasureList,
    ErasureShown,
    HoldBody,
    HoldShown,
    OriginalBody,
    OriginalOffered,
    Reasoned,
    erasure_shown,
)
from andon.console.routes.places import Incident, Reader, Stock, of_app
from andon.console.viewing import Viewing
from andon.domain.access import Scope

BODY_BYTES: Final = 256 * 1024
DEPTH: Final = 3
CREATED: Final = 201
router = APIRouter(tags=["console"])


Views = Annotated[Viewing, Depends(of_app("viewing"))]
Custody = Annotated[CustodyDesk, Depends(of_app("custody"))]
Person = Annotated[Caller, Depends(only(READING, Scope.RESPOND))]
ErasureId = Annotated[str, Path(max_length=32, description="`ER-...`")]


@router.post(
    "/v1/incidents/{incident}/originals", status_code=CREATED, openapi_extra=described_by(OriginalBody)
)
async def original(
    request: Request, *, incident: Incident, caller: Person, reading: Reader, custody: Custody
) -> OriginalOffered:
    """Offer an original for one download, once it is on record who gets it and why."""
    body = parse_body(OriginalBody, await _content(request), DEPTH)
    return await custody.offer(await reading.row(incident), caller, body)


@router.get(ORIGINALS + "{ticket}", dependencies=[OPEN])
async def download(
    request: Request,
    *,
    ticket: Annotated[str, Path(max_length=128)],
    stock: Stock,
    custody: Custody,
    viewing: Views,
) -> Response:
    """Give an original or a view to whoever has its ticket, once, as a file that no browser opens."""
    elsewhere = stock.custody.terms.originals_url
    if elsewhere and request.headers.get("host") != urlsplit(elsewhere).netloc:
        raise ProblemError(404, "not-found", f"Originals are downloaded from {elsewhere}.")
    found = await custody.hand_over(ticket) or await viewing.hand_over(ticket)
    if found is None:
        raise ProblemError(404, "not-found", "This address was used, is too old, or is mistyped.")
    return found.response()


@router.get("/v1/downloads", dependencies=[Depends(only(READING))])
async def downloads(stock: Stock) -> DownloadsShown:
    """Return from where files with evidence in them come, and whether that is apart from sessions."""
    return downloads_of(stock.custody.terms.originals_url, stock.url)


@router.get("/v1/incidents/{incident}/hold", dependencies=[Depends(only(READING))])
async def held(incident: Incident, reading: Reader, custody: Custody) -> HoldShown:
    """Return how the legal hold on an incident's evidence stands."""
    return await custody.held(await reading.row(incident))


@router.post("/v1/incidents/{incident}/hold", status_code=CREATED, openapi_extra=described_by(HoldBody))
async def hold(
    request: Request, *, incident: Incident, caller: Person, reading: Reader, custody: Custody
) -> HoldShown:
    """Hold the evidence, or lift that. The custodian sets it in the store within seconds."""
    body = parse_body(HoldBody, await _content(request), DEPTH)
    return await custody.hold(await reading.row(incident), caller, body)


@router.get("/v1/incidents/{incident}/erasures", dependencies=[Depends(only(READING))])
async def erasures(incident: Incident, reading: Reader, stock: Stock) -> ErasureList:
    """List what was to be erased, by whom, and what became of it."""
    await reading.row(incident)
    found = await asyncio.to_thread(stock.custody.erasures.of, incident)
    return ErasureList(erasures=tuple(map(erasure_shown, found)))


@router.post(
    "/v1/incidents/{incident}/erasures", status_code=CREATED, openapi_extra=described_by(ErasureBody)
)
async def ask_erasure(
    request: Request, *, incident: Incident, caller: Person, reading: Reader, custody: Custody
) -> ErasureShown:
    """Ask that evidence or texts be erased; nothing is before a second person agrees."""
    body = parse_body(ErasureBody, await _content(request), DEPTH)
    return await custody.ask_erasure(await reading.row(incident), caller, body)


@router.post(
    "/v1/incidents/{incident}/erasures/{erasure}/confirmation",
    status_code=CREATED,
    openapi_extra=described_by(Reasoned),
)
async def confirm_erasure(
    request: Request,
    *,
    incident: Incident,
    erasure: ErasureId,
    caller: Person,
    reading: Reader,
    custody: Custody,
) -> ErasureShown:
    """Agree to an erasure as the second person; the custodian then destroys the keys."""
    body = parse_body(Reasoned, await _content(request), DEPTH)
    return await custody.confirm_erasure(await reading.row(incident), caller, erasure, body.reason)


async def _content(request: Request) -> bytes:
    return await read_body(request, BODY_BYTES, instead="A reason is 4000 characters at most.")
