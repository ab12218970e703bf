"""The page on which people state what they know of an incident: facts, and when what happened."""

from __future__ import annotations

import secrets
from datetime import UTC, tzinfo
from typing import Final

from fastapi import APIRouter, Request, Response
from fastapi.responses import RedirectResponse
from pydantic import ValidationError

from andon.api.problems import ProblemError
from andon.console.models.declaration import DeclarationBody
from andon.console.pages import HEADERS, PageRoute, render
from andon.console.reading import Reading as Incidents
from andon.console.reports import local_moment
from andon.console.routes.answering import key_of
from andon.console.routes.places import Incident, Reader, Stating
from andon.console.screens.known import known_screen
from andon.console.screens.moments import zone_key
from andon.console.sessions import Session
from andon.console.visitors import Answering, Reading, check_csrf, form_of
from andon.domain.declaration import Declared

FACT: Final = "fact."
PLACE: Final = "/incidents/{incident}/known"

router = APIRouter(route_class=PageRoute, include_in_schema=False)


@router.get(PLACE)
async def known(incident: Incident, session: Reading, reading: Reader) -> Response:
    """Show every fact with its question, and the times."""
    return await _page(reading, session, incident, {})


@router.post(PLACE)
async def state(
    request: Request,
    *,
    incident: Incident,
    session: Answering,
    reading: Reader,
    declaring: Stating,
) -> Response:
    """Take what somebody states; a second click on the same page states nothing twice."""
    fields = await form_of(request)
    check_csrf(fields, session)
    row = await reading.row(incident)
    now = await reading.now_of(session.caller)
    try:
        body = _read(fields, now.tzinfo or UTC)
        await declaring.take(row, session.caller, body, key_of(fields))
    except ProblemError as problem:
        if session.caller.bar is not None:
            raise
        return await _page(reading, session, incident, fields, problem)
    return RedirectResponse(f"/incidents/{incident}#why", 303, headers=HEADERS)


async def _page(
    reading: Incidents,
    session: Session,
    incident: str,
    typed: dict[str, str],
    problem: ProblemError | None = None,
) -> Response:
    found = await reading.incident(incident, session.caller)
    now = await reading.now_of(session.caller)
    return render(
        "known.html",
        session=session,
        status=problem.status if problem else 200,
        headers=problem.headers if problem else None,
        screen=known_screen(found, session, now, typed=typed, problem=problem.detail if problem else ""),
        key=typed.get("key", "").removesuffix("-times") or secrets.token_urlsafe(24),
        zone=zone_key(now),
    )


def _read(fields: dict[str, str], zone: tzinfo) -> DeclarationBody:
    try:
        if fields.get("what") == "times":
            at = local_moment(fields.get("at", ""), zone)
            about = {"which": fields.get("which", ""), "at": at}
            return DeclarationBody(kind=Declared.TIMES, about=about, reason=fields.get("reason", ""))
        about = {
            name.removeprefix(FACT): value.strip()
            for name, value in fields.items()
            if name.startswith(FACT) and value.strip()
        }
        if not about:
            raise ProblemError(400, "invalid-input", "State at least one fact.")
        return DeclarationBody(kind=Declared.FACTS, about=about, reason=fields.get("reason", ""))
    except ValidationError as error:
        raise ProblemError(
            400, "invalid-input", "Choose a time or a fact, and say how you know; at most 4000 characters."
        ) from error
