"""The pages on which people report what they saw, and see what became of it."""

from __future__ import annotations

import asyncio
import secrets
from datetime import UTC
from typing import Annotated, Final

from fastapi import APIRouter, Depends, Path, Request, Response
from fastapi.responses import RedirectResponse

from andon.api.problems import ProblemError
from andon.console.access import SPEAKING
from andon.console.pages import HEADERS, PageRoute, render
from andon.console.reading import Reading
from andon.console.reports import Reports
from andon.console.routes.answering import key_of
from andon.console.routes.places import Reader, Stock, of_app
from andon.console.screens.moments import zone_key
from andon.console.screens.report import OPTIONAL, received_screen, report_screen, waiting_screen
from andon.console.sessions import Session
from andon.console.step_up import typed_before
from andon.console.visitors import Visitor, check_csrf, form_of
from andon.domain.detection import Outcome

PREFILLED_AT_MOST: Final = 200
ReceiptId = Annotated[str, Path(max_length=64, description="`DET-...`")]
Speaking = Annotated[Session, Depends(Visitor(SPEAKING))]


Sending = Annotated[Reports, Depends(of_app("reports"))]

router = APIRouter(route_class=PageRoute, include_in_schema=False)


@router.get("/report")
async def form(request: Request, session: Speaking, reading: Reader, stock: Stock) -> Response:
    """Show the form. A link from an AI system may fill in what it is about: `?system=...&trace=...`."""
    given = request.query_params
    before = await typed_before(request, session)
    if before is not None:
        return await _page(session, reading, stock.meanings, before, key_of(before))
    typed = {name: given[name][:PREFILLED_AT_MOST] for name in (*OPTIONAL, "flag") if name in given}
    return await _page(session, reading, stock.meanings, typed, secrets.token_urlsafe(24))


@router.post("/report")
async def send(
    request: Request, *, session: Speaking, reading: Reader, stock: Stock, reports: Sending
) -> Response:
    """Take a report; a second click on the same page reports nothing twice."""
    fields = await form_of(request)
    check_csrf(fields, session)
    key, now = key_of(fields), await reading.now_of(session.caller)
    try:
        taken = await reports.send(session.caller, fields, now.tzinfo or UTC, key)
    except ProblemError as problem:
        return await _page(session, reading, stock.meanings, fields, key, problem=problem)
    if taken.outcome is Outcome.SPOOLED and not await reports.known(taken.receipt):
        screen = waiting_screen(taken, now)
        return render("reported.html", session=session, status=202, screen=screen, zone=zone_key(now))
    return RedirectResponse(f"/report/{taken.receipt}", 303, headers=HEADERS)


@router.get("/report/{receipt}")
async def receipt(receipt: ReceiptId, session: Speaking, reading: Reader, reports: Sending) -> Response:
    """Say what happens now."""
    found = await reports.find(receipt, session.caller)
    now = await reading.now_of(session.caller)
    screen = received_screen(found, session, now)
    return render("reported.html", session=session, screen=screen, zone=zone_key(now))


async def _page(
    session: Session,
    reading: Reading,
    meanings: dict[str, str],
    typed: dict[str, str],
    key: str,
    *,
    problem: ProblemError | None = None,
) -> Response:
    systems, now = await asyncio.gather(reading.systems(), reading.now_of(session.caller))
    screen = report_screen(
        meanings, systems, session, now, typed=typed, problem=problem.detail if problem else ""
    )
    status = problem.status if problem else 200
    return render(
        "report.html",
        session=session,
        status=status,
        screen=screen,
        key=key,
        zone=screen.zone,
        definitions=await reading.definitions(),
    )
