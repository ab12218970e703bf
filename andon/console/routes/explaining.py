"""What is watched after a restart, and what users are told of it: for programs, and as a page."""

from __future__ import annotations

import secrets
from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response
from fastapi.responses import RedirectResponse
from pydantic import ValidationError

from andon.api.authentication import only
from andon.api.problems import ProblemError
from andon.console.access import READING as READERS
from andon.console.explaining import Explaining
from andon.console.models.declaration import DeclarationBody
from andon.console.models.watch import ExplanationShown, WatchShown
from andon.console.pages import HEADERS, PageRoute, render
from andon.console.routes.answering import key_of
from andon.console.routes.places import Incident, Reader, Stating, ToDo, of_app
from andon.console.routes.releasing import acting
from andon.console.screens.moments import maybe, zone_key
from andon.console.visitors import Answering, Reading, check_csrf, form_of
from andon.domain.declaration import Declared

router = APIRouter(prefix="/v1/incidents", tags=["console"], dependencies=[Depends(only(READERS))])
screens = APIRouter(route_class=PageRoute, include_in_schema=False)
Telling = Annotated[Explaining, Depends(of_app("explaining"))]


@router.get("/{incident}/watch")
async def watch(incident: Incident, reading: Reader, explaining: Telling) -> WatchShown:
    """Say what is watched after the restart, until when, and what was seen at the last look."""
    return await explaining.watch(await reading.row(incident))


@router.get("/{incident}/explanation")
async def explanation(incident: Incident, reading: Reader, explaining: Telling) -> ExplanationShown:
    """Return what users are told of the restart, and a draft made from the record.

    To publish, state a declaration of kind `explained`, whose reason is the text.
    """
    return await explaining.explanation(await reading.row(incident))


@screens.get("/incidents/{incident}/explain")
async def explain_page(
    incident: Incident, session: Reading, reading: Reader, explaining: Telling, duties: ToDo
) -> Response:
    """Show what users are told, and let whoever may do so publish it."""
    row = await reading.row(incident)
    at = await reading.now_of(session.caller)
    told = await explaining.explanation(row)
    role = await acting(row, session.caller, duties, Declared.EXPLAINED)
    return render(
        "explain.html",
        session=session,
        incident=row.incident,
        system=row.system,
        told=told,
        published_at=maybe(told.published_at, at),
        may=role is not None and row.closed_at is None,
        key=secrets.token_urlsafe(24),
        zone=zone_key(at),
    )


@screens.post("/incidents/{incident}/explain")
async def publish(
    request: Request,
    *,
    incident: Incident,
    session: Answering,
    reading: Reader,
    duties: ToDo,
    declaring: Stating,
) -> Response:
    """Publish what was written; a second click on the same page publishes nothing more."""
    form = await form_of(request)
    check_csrf(form, session)
    row = await reading.row(incident)
    role = await acting(row, session.caller, duties, Declared.EXPLAINED)
    try:
        body = DeclarationBody(kind=Declared.EXPLAINED, reason=form.get("text", ""), role=role)
    except ValidationError as error:
        raise ProblemError(400, "invalid-input", "Write 1 to 4000 characters.") from error
    await declaring.take(row, session.caller, body, key_of(form))
    return RedirectResponse(f"/incidents/{row.incident}/explain", 303, headers=HEADERS)
