"""Verifying a bundle by upload: for programs, and as a form that works without script."""

from __future__ import annotations

from typing import Annotated, Final

from fastapi import APIRouter, Depends, Request, Response

from andon.api.authentication import Caller, only
from andon.api.problems import ProblemError
from andon.console.access import READING
from andon.console.models.verifying import VerificationShown
from andon.console.pages import ForgedFormError, PageRoute, render
from andon.console.routes.places import Reader, of_app
from andon.console.screens.moments import zone_key
from andon.console.screens.verified import upload_screen, verified_screen
from andon.console.verifying import Verifying
from andon.console.verifying_form import SENT_AS
from andon.console.visitors import Reading, check_csrf, check_origin
from andon.domain.access import Scope

_FILE: Final = {"type": "string", "format": "binary"}
_FIELDS: Final = {
    "bundle": {**_FILE, "description": "the zip of a bundle"},
    "trust": {**_FILE, "description": "a trust file; none: this console's own keys count"},
    "replay": {"type": "string", "enum": ["yes"], "description": "run the histories again as well"},
}
_SCHEMA: Final = {"type": "object", "required": ["bundle"], "properties": _FIELDS}
FORM: Final = {"requestBody": {"required": True, "content": {SENT_AS: {"schema": _SCHEMA}}}}

router = APIRouter(tags=["console"])
screens = APIRouter(route_class=PageRoute, include_in_schema=False)

Verifier = Annotated[Verifying, Depends(of_app("verifying"))]
Person = Annotated[Caller, Depends(only(READING, Scope.READ))]


@router.post("/v1/audit/verifications", openapi_extra=FORM)
async def verify(request: Request, caller: Person, verifying: Verifier) -> VerificationShown:
    """Verify a bundle: its numbered steps, what each detects, and what it found. Nothing of it is kept."""
    return await verifying.verify(request, caller.person, before_file=lambda _: None)


@screens.get("/audit/verify")
async def form(session: Reading, reading: Reader, verifying: Verifier) -> Response:
    """Show the form."""
    at = await reading.now_of(session.caller)
    screen = upload_screen(verifying.most)
    return render("verify.html", session=session, screen=screen, zone=zone_key(at))


@screens.post("/audit/verify")
async def take(request: Request, session: Reading, reading: Reader, verifying: Verifier) -> Response:
    """Verify what was sent, and show what was found."""
    check_origin(request)
    at = await reading.now_of(session.caller)
    try:
        found = await verifying.verify(
            request, session.caller.person, before_file=lambda fields: check_csrf(fields, session)
        )
    except ForgedFormError:
        raise
    except ProblemError as problem:
        return render(
            "verify.html",
            session=session,
            status=problem.status,
            screen=upload_screen(verifying.most, problem.detail),
            zone=zone_key(at),
            headers=problem.headers,
        )
    return render(
        "verified.html",
        session=session,
        screen=verified_screen(found, verifying.most),
        zone=zone_key(at),
        headers={"Cache-Control": "no-store"},
    )
