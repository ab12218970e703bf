"""Pages on which people see and state how far an incident reaches, and work affected records off."""

from __future__ import annotations

import asyncio
import secrets
from datetime import UTC, tzinfo
from typing import Annotated, Final

from fastapi import APIRouter, Depends, Request, Response
from fastapi.responses import RedirectResponse
from pydantic import ValidationError

from andon.api.problems import ProblemError
from andon.console.access import RECORDS
from andon.console.affected import Affected
from andon.console.models.affected import AffectedBody
from andon.console.models.declaration import DeclarationBody
from andon.console.pages import HEADERS, PageRoute, render
from andon.console.parts import Parts
from andon.console.reach import Reaching
from andon.console.reading import Reading as Incidents
from andon.console.reports import local_moment
from andon.console.routes.affected import Counting, Lists, as_file
from andon.console.routes.answering import key_of
from andon.console.routes.places import Incident, Reader, Stating, Stock
from andon.console.screens.moments import zone_key
from andon.console.screens.reach import affected_screen, reach_screen
from andon.console.sessions import Session
from andon.console.visitors import Answering, Reading, Visitor, check_csrf, form_of
from andon.domain.custody import AccessKind
from andon.domain.declaration import Declared
from andon.domain.errors import InvalidInputError
from andon.domain.impact import COUNTS, UNKNOWN
from andon.domain.sheet import read

PLACE: Final = "/incidents/{incident}/reach"
LIST: Final = "/incidents/{incident}/affected"
UNUSABLE: Final = "Fill in what is asked for; a reason is a sentence of at most 4000 characters."

router = APIRouter(route_class=PageRoute, include_in_schema=False)
RecordReading = Annotated[Session, Depends(Visitor(RECORDS))]


@router.get(PLACE)
async def reach(
    incident: Incident, session: Reading, reading: Reader, reaching: Counting, stock: Stock
) -> Response:
    """Show counts with their basis, and the hypotheses of the pattern question."""
    return await _reach_page(reading, reaching, stock, session, incident)


@router.post(PLACE)
async def state(
    request: Request,
    *,
    incident: Incident,
    session: Answering,
    reading: Reader,
    reaching: Counting,
    declaring: Stating,
    stock: Stock,
) -> Response:
    """Take counts, or close a hypothesis; a second click on the same page states nothing twice."""
    form = await form_of(request)
    check_csrf(form, session)
    now = await reading.now_of(session.caller)
    try:
        body = _stated(form, now.tzinfo or UTC)
        await declaring.take(await reading.row(incident), session.caller, body, key_of(form))
    except ProblemError as problem:
        if session.caller.bar is not None:
            raise
        return await _reach_page(reading, reaching, stock, session, incident, form=form, problem=problem)
    return RedirectResponse(f"/incidents/{incident}/reach", 303, headers=HEADERS)


@router.get(LIST)
async def affected_records(
    incident: Incident, session: RecordReading, reading: Reader, affected: Lists, reaching: Counting
) -> Response:
    """Show affected records, what is to correct first; that the reader looked is on record."""
    return await _list_page(reading, affected, reaching, session, incident)


@router.get(LIST + ".csv")
async def sheet(incident: Incident, session: RecordReading, reading: Reader, affected: Lists) -> Response:
    """Hand out the list for a spreadsheet; that the reader took it is on record."""
    row = await reading.row(incident)
    await affected.looked(incident, session.caller, AccessKind.EXPORTED)
    return await as_file(row, await affected.records(row), "csv")


@router.post(LIST)
async def work_off(
    request: Request,
    *,
    incident: Incident,
    session: Answering,
    reading: Reader,
    affected: Lists,
    reaching: Counting,
) -> Response:
    """Add records, or say what became of some."""
    form = await form_of(request)
    check_csrf(form, session)
    try:
        body = _changed(form)
        named = await reaching.in_evidence(await reading.row(incident)) if body.from_evidence else ()
        await affected.change(incident, session.caller, body, named)
    except ProblemError as problem:
        if session.caller.bar is not None or session.role not in RECORDS:
            raise
        return await _list_page(reading, affected, reaching, session, incident, form=form, problem=problem)
    return RedirectResponse(f"/incidents/{incident}/affected", 303, headers=HEADERS)


async def _reach_page(
    reading: Incidents,
    reaching: Reaching,
    stock: Parts,
    session: Session,
    incident: str,
    *,
    form: dict[str, str] | None = None,
    problem: ProblemError | None = None,
) -> Response:
    shown = await reading.incident(incident, session.caller)
    found = await reaching.of(await reading.row(incident))
    items = await asyncio.to_thread(stock.evidence.items, incident)
    now = await reading.now_of(session.caller)
    told = problem.detail if problem else ""
    return render(
        "reach.html",
        session=session,
        status=problem.status if problem else 200,
        screen=reach_screen(shown, found, items, now, typed=form or {}, problem=told),
        key=key_of(form) if form else secrets.token_urlsafe(24),
        closed=shown.closed_at is not None,
        may_see_records=session.role in RECORDS,
        zone=zone_key(now),
    )


async def _list_page(
    reading: Incidents,
    affected: Affected,
    reaching: Reaching,
    session: Session,
    incident: str,
    *,
    form: dict[str, str] | None = None,
    problem: ProblemError | None = None,
) -> Response:
    row = await reading.row(incident)
    await affected.looked(incident, session.caller, AccessKind.VIEWED)
    shown = await reading.incident(incident, session.caller)
    found = await reaching.of(row)
    records = await affected.records(row)
    now = await reading.now_of(session.caller)
    told = problem.detail if problem else ""
    return render(
        "affected.html",
        session=session,
        status=problem.status if problem else 200,
        screen=affected_screen(
            shown, records, now, not_listed=found.not_listed, typed=form or {}, problem=told
        ),
        closed=shown.closed_at is not None,
        zone=zone_key(now),
    )


def _stated(form: dict[str, str], zone: tzinfo) -> DeclarationBody:
    reason = form.get("reason", "")
    try:
        if form.get("what") == "counts":
            said = {**form, "since": local_moment(form.get("since", ""), zone)}
            about = {name: said.get(name, "").strip() or UNKNOWN for name in (*COUNTS, "since", "basis")}
            return DeclarationBody(kind=Declared.IMPACT_COUNTED, about=about, reason=reason)
        about = {name: form.get(name, "").strip() for name in ("hypothesis", "finding", "evidence")}
        return DeclarationBody(kind=Declared.HYPOTHESIS, about=about, reason=reason)
    except ValidationError as error:
        raise ProblemError(400, "invalid-input", UNUSABLE) from error


def _changed(form: dict[str, str]) -> AffectedBody:
    reason = form.get("reason", "")
    try:
        if form.get("what") == "settle":
            numbers = [int(one) for one in form.get("numbers", "").replace(",", " ").split()]
            settle = {
                "state": form.get("state", ""),
                "numbers": numbers,
                "all_open": form.get("all_open") == "yes",
                "because": reason,
            }
            return AffectedBody.model_validate({"settle": settle, "reason": reason})
        if form.get("what") == "evidence":
            return AffectedBody(from_evidence=True, reason=reason)
        return AffectedBody(add=tuple(read(form.get("sheet", ""))), reason=reason)
    except InvalidInputError as error:
        raise ProblemError(400, "invalid-input", str(error)) from error
    except ValueError as error:
        raise ProblemError(400, "invalid-input", UNUSABLE) from error
