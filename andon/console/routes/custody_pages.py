"""Pages on which originals are asked for, evidence is held, and erasures are agreed to."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any, Final, TypeVar

from fastapi import APIRouter, Request, Response
from fastapi.responses import RedirectResponse
from pydantic import BaseModel, ValidationError

from andon.api.problems import ProblemError
from andon.console.custody import CustodyDesk
from andon.console.models.custody import ErasureBody, HoldBody, OriginalBody, Reasoned, erasure_shown
from andon.console.pages import HEADERS, PageRoute, render
from andon.console.parts import Parts
from andon.console.reading import Reading as Incidents
from andon.console.routes.custody import Custody, ErasureId
from andon.console.routes.places import Incident, Reader, Stock
from andon.console.screens.custody import custody_screen, may_do, offer_screen
from andon.console.screens.moments import zone_key
from andon.console.sessions import Session
from andon.console.step_up import require_recent, typed_before
from andon.console.visitors import Reading, check_csrf, form_of
from andon.domain.decision import DecisionKind

EVERYTHING: Final = "everything"

router = APIRouter(route_class=PageRoute, include_in_schema=False)
Body = TypeVar("Body", bound=BaseModel)


@router.get("/incidents/{incident}/custody")
async def custody(
    request: Request, *, incident: Incident, session: Reading, reading: Reader, stock: Stock, desk: Custody
) -> Response:
    """Show what is held and erased, and offer what this reader may ask for."""
    typed = await typed_before(request, session) or {}
    return await _page(incident, session, reading, stock, desk, typed)


async def _page(
    incident: str,
    session: Session,
    reading: Incidents,
    stock: Parts,
    desk: CustodyDesk,
    typed: Mapping[str, str],
    *,
    problem: ProblemError | None = None,
) -> Response:
    at = await reading.now_of(session.caller)
    row = await reading.row(incident)
    erasures = await asyncio.to_thread(stock.custody.erasures.of, incident)
    granted = row.view.granted if row.view else {}
    policy, person = stock.custody.policy, session.caller.person
    right = row.opening.plan.rights.get(DecisionKind.RAW_EVIDENCE) if row.opening else None
    asking = right.asked_by if right and row.closed_at is None else ()
    screen = custody_screen(
        await reading.incident(incident, session.caller),
        await reading.evidence(incident),
        await desk.held(row),
        tuple(map(erasure_shown, erasures)),
        at,
        may=may_do(policy, row.severity, session.role, person, granted, at, asking=asking),
        typed=typed,
        problem=problem.detail if problem else "",
    )
    status = problem.status if problem else 200
    return render("custody.html", session=session, status=status, screen=screen, zone=zone_key(at))


@router.post("/incidents/{incident}/originals")
async def original(
    request: Request, *, incident: Incident, session: Reading, reading: Reader, stock: Stock, desk: Custody
) -> Response:
    """Offer an original for one download."""
    form = await form_of(request)
    check_csrf(form, session)
    await require_recent(request, session, form, back=_place(incident))
    try:
        offered = await desk.offer(await reading.row(incident), session.caller, _read(OriginalBody, form))
    except ProblemError as problem:
        return await _page(incident, session, reading, stock, desk, form, problem=problem)
    at = await reading.now_of(session.caller)
    screen = offer_screen(await reading.incident(incident, session.caller), offered, at)
    return render("original.html", session=session, screen=screen, zone=zone_key(at))


@router.post("/incidents/{incident}/hold")
async def hold(
    request: Request, *, incident: Incident, session: Reading, reading: Reader, stock: Stock, desk: Custody
) -> Response:
    """Hold the evidence, or lift that."""
    form = await form_of(request)
    check_csrf(form, session)
    await require_recent(request, session, form, back=_place(incident))
    try:
        body = _read(HoldBody, form, hold=form.get("way") == "hold")
        await desk.hold(await reading.row(incident), session.caller, body)
    except ProblemError as problem:
        return await _page(incident, session, reading, stock, desk, form, problem=problem)
    return _back(incident)


@router.post("/incidents/{incident}/erasures")
async def ask_erasure(
    request: Request, *, incident: Incident, session: Reading, reading: Reader, stock: Stock, desk: Custody
) -> Response:
    """Ask that something be erased."""
    form = await form_of(request)
    check_csrf(form, session)
    await require_recent(request, session, form, back=_place(incident))
    named = tuple(form.get("items", "").split())
    whole = form.get("what") == EVERYTHING
    try:
        body = _read(ErasureBody, form, items=() if whole else named, everything=whole)
        await desk.ask_erasure(await reading.row(incident), session.caller, body)
    except ProblemError as problem:
        return await _page(incident, session, reading, stock, desk, form, problem=problem)
    return _back(incident)


@router.post("/incidents/{incident}/erasures/{erasure}")
async def confirm_erasure(
    request: Request,
    *,
    incident: Incident,
    erasure: ErasureId,
    session: Reading,
    reading: Reader,
    stock: Stock,
    desk: Custody,
) -> Response:
    """Agree to an erasure."""
    form = await form_of(request)
    check_csrf(form, session)
    await require_recent(request, session, form, back=_place(incident))
    try:
        reason = _read(Reasoned, form).reason
        await desk.confirm_erasure(await reading.row(incident), session.caller, erasure, reason)
    except ProblemError as problem:
        return await _page(
            incident, session, reading, stock, desk, {**form, "agreed": erasure}, problem=problem
        )
    return _back(incident)


def _read(model: type[Body], form: Mapping[str, str], **more: Any) -> Body:
    given = {name: text for name, text in form.items() if name in model.model_fields and name not in more}
    try:
        return model.model_validate({**given, **more})
    except ValidationError as error:
        detail = "Say why, in at most 4000 characters, and name what it is about."
        raise ProblemError(400, "invalid-input", detail) from error


def _place(incident: str) -> str:
    return f"/incidents/{incident}/custody"


def _back(incident: str) -> Response:
    return RedirectResponse(_place(incident), 303, headers=HEADERS)
