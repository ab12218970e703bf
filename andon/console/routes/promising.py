"""The page on which a person names a further change because of an open incident."""

from __future__ import annotations

import secrets
from typing import Final

from fastapi import APIRouter, Request, Response
from fastapi.responses import RedirectResponse
from pydantic import ValidationError

from andon.api.problems import ProblemError
from andon.console.choosing import people_to_name
from andon.console.models.declaration import DeclarationBody
from andon.console.pages import HEADERS, PageRoute, render
from andon.console.parts import Parts
from andon.console.routes.answering import key_of
from andon.console.routes.places import Incident, Reader, Stating, Stock
from andon.console.screens.promised import promise_fields
from andon.console.sessions import Session
from andon.console.visitors import Answering, Reading, check_csrf, form_of
from andon.domain.declaration import Declared

PLACE: Final = "/incidents/{incident}/changes"
CODES: Final = ("type", "owner", "due")
WANTED: Final = "Say what kind of thing is changed, who sees to it, by which day, and what it is."

router = APIRouter(route_class=PageRoute, include_in_schema=False)


@router.get(PLACE)
async def form(incident: Incident, session: Reading, reading: Reader, stock: Stock) -> Response:
    """Show the form."""
    await reading.row(incident)
    return await _page(stock, session, incident, {})


@router.post(PLACE)
async def add(
    request: Request,
    *,
    incident: Incident,
    session: Answering,
    reading: Reader,
    stock: Stock,
    declaring: Stating,
) -> Response:
    """Put a change on record; a second click on the same page adds nothing twice."""
    fields = await form_of(request)
    check_csrf(fields, session)
    row = await reading.row(incident)
    try:
        await declaring.take(row, session.caller, _read(fields), key_of(fields))
    except ProblemError as problem:
        if session.caller.bar is not None:
            raise
        return await _page(stock, session, incident, fields, problem)
    return RedirectResponse(f"/incidents/{incident}#changes", 303, headers=HEADERS)


async def _page(
    stock: Parts,
    session: Session,
    incident: str,
    typed: dict[str, str],
    problem: ProblemError | None = None,
) -> Response:
    return render(
        "promise.html",
        session=session,
        status=problem.status if problem else 200,
        headers=problem.headers if problem else None,
        incident=incident,
        fields=promise_fields(await people_to_name(stock), typed, problem.detail if problem else ""),
        key=key_of(typed) if typed else secrets.token_urlsafe(24),
    )


def _read(fields: dict[str, str]) -> DeclarationBody:
    about = {name: fields[name] for name in CODES if fields.get(name)}
    try:
        return DeclarationBody(kind=Declared.CHANGE, about=about, reason=fields.get("what", ""))
    except ValidationError as error:
        raise ProblemError(400, "invalid-input", WANTED) from error
