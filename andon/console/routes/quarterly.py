"""The quarterly review over HTTP: as JSON, page, HTML file, PDF and CSV, and the decisions on use."""

from __future__ import annotations

import asyncio
from datetime import UTC, date, datetime, time
from typing import Annotated, Final
from urllib.parse import urlencode

from fastapi import APIRouter, Depends, Path, Query, Request, Response
from fastapi.responses import RedirectResponse
from pydantic import AwareDatetime, ValidationError

from andon.adapters.print.paper import body_of, html_of, pdf_of, sheets_of
from andon.api.authentication import Caller, only
from andon.api.bodies import parse_body, read_body
from andon.api.problems import ProblemError
from andon.api.server import described_by
from andon.console.access import APPROVING_USE, READING
from andon.console.models.quarterly import UseBody
from andon.console.pages import HEADERS, PageRoute, render
from andon.console.quarterly import Quarterly
from andon.console.routes.places import Stock, of_app
from andon.console.sessions import Session
from andon.console.visitors import Reading, Visitor, check_csrf, form_of
from andon.domain.access import Scope
from andon.domain.errors import NotFoundError
from andon.domain.paper import Paper
from andon.domain.quarter import Answer, Quarter, UseDecision, quarter_around
from andon.domain.quarter_paper import laid_out

BODY_BYTES: Final = 16 * 1024
DEPTH: Final = 3
CREATED: Final = 201

api = APIRouter(prefix="/v1/quarterly", tags=["console"])
router = APIRouter(route_class=PageRoute, include_in_schema=False)

Reviewing = Annotated[Quarterly, Depends(of_app("quarterly"))]
Decider = Annotated[Caller, Depends(only(APPROVING_USE, Scope.RESPOND))]
Deciding = Annotated[Session, Depends(Visitor(APPROVING_USE))]
Day = Annotated[date | None, Query()]


@api.get("", dependencies=[Depends(only(READING))])
async def review(
    *,
    stock: Stock,
    quarterly: Reviewing,
    since: Annotated[AwareDatetime | None, Query(description="this calendar quarter's, in UTC")] = None,
    until: Annotated[AwareDatetime | None, Query(description="its end, which is not part of it")] = None,
) -> Quarter:
    """Return the review of a period in its six parts, with the trends of the three aims beside them."""
    begun, ended = quarter_around(stock.now())
    return await quarterly.review(since or begun, until or ended)


@api.post("/uses", status_code=CREATED, openapi_extra=described_by(UseBody))
async def decide(request: Request, caller: Decider, quarterly: Reviewing) -> UseDecision:
    """Put on record whether an AI system stays in use; a later answer for the same period takes its place."""
    body = await read_body(request, BODY_BYTES, instead="Give a shorter reason.")
    return await quarterly.decide(caller, parse_body(UseBody, body, DEPTH))


async def _asked_paper(
    stock: Stock,
    quarterly: Reviewing,
    since: Annotated[Day, Query(alias="from")] = None,
    until: Annotated[Day, Query(alias="to")] = None,
) -> tuple[Quarter, Paper]:
    begun, ended = quarter_around(stock.now())
    found = await quarterly.review(_moment(since) or begun, _moment(until) or ended)
    return found, await asyncio.to_thread(laid_out, found)


Asked = Annotated[tuple[Quarter, Paper], Depends(_asked_paper)]


@router.get("/quarterly")
async def page(session: Reading, asked: Asked) -> Response:
    """Show the review, with what waits to be decided."""
    quarter, paper = asked
    asked_for = _query(quarter)
    return render(
        "quarterly.html",
        session=session,
        paper=paper,
        body=body_of(paper, sheets=f"/quarterly/{{}}.csv?{asked_for}"),
        query=asked_for,
        since=quarter.period.since.astimezone(UTC).date().isoformat(),
        until=quarter.period.until.astimezone(UTC).date().isoformat(),
        systems=[one.system for one in quarter.uses if one.registered],
        answers=list(Answer),
        may_decide=session.role in APPROVING_USE,
    )


@router.get("/quarterly.html")
async def as_html(session: Reading, asked: Asked) -> Response:  # noqa: ARG001 - lets in
    """Hand out the review as one HTML file."""
    return _file(html_of(asked[1]), "text/html; charset=utf-8", "quarterly.html")


@router.get("/quarterly.pdf")
async def as_pdf(session: Reading, asked: Asked) -> Response:  # noqa: ARG001 - lets in
    """Hand out the review as a PDF."""
    content = await asyncio.to_thread(pdf_of, asked[1])
    return _file(content, "application/pdf", "quarterly.pdf")


@router.get("/quarterly/{sheet}.csv")
async def as_sheet(
    session: Reading,  # noqa: ARG001 - lets in
    asked: Asked,
    sheet: Annotated[str, Path(max_length=64)],
) -> Response:
    """Hand out what is behind one figure or table."""
    found = dict(sheets_of(asked[1])).get(sheet)
    if found is None:
        raise NotFoundError("sheet", sheet)
    return _file(found.encode(), "text/csv; charset=utf-8", f"quarterly-{sheet}.csv")


@router.post("/quarterly/uses")
async def decide_here(request: Request, session: Deciding, quarterly: Reviewing) -> Response:
    """Take a decision on use from the page."""
    form = await form_of(request)
    check_csrf(form, session)
    try:
        body = UseBody.model_validate(
            {name: form.get(name, "") for name in ("system", "answer", "owner", "reason")}
            | {"since": _day(form.get("since", "")), "until": _day(form.get("until", ""))}
        )
    except (ValidationError, ValueError) as error:
        wanted = "Choose an AI system and an answer, and say who answers for it and why."
        raise ProblemError(400, "invalid-input", wanted) from error
    decision = await quarterly.decide(session.caller, body)
    query = urlencode({"from": _named(decision.since), "to": _named(decision.until)})
    return RedirectResponse(f"/quarterly?{query}#part-uses", 303, headers=HEADERS)


def _query(quarter: Quarter) -> str:
    return urlencode({"from": _named(quarter.period.since), "to": _named(quarter.period.until)})


def _named(at: datetime) -> str:
    return at.astimezone(UTC).date().isoformat()


def _day(text: str) -> datetime:
    return datetime.combine(date.fromisoformat(text), time(), UTC)


def _moment(day: date | None) -> datetime | None:
    return None if day is None else datetime.combine(day, time(), UTC)


def _file(content: bytes, kind: str, name: str) -> Response:
    headers = {
        "Content-Disposition": f'attachment; filename="{name}"',
        "Cache-Control": "no-store",
        "X-Content-Type-Options": "nosniff",
    }
    return Response(content, media_type=kind, headers=headers)
