"""Reproductions over HTTP."""

from __future__ import annotations

from typing import Annotated, Final

from fastapi import APIRouter, Depends, Request

from andon.api.authentication import Caller, only
from andon.api.bodies import parse_body, read_body
from andon.api.server import described_by
from andon.console.access import REPRODUCING
from andon.console.models.reproduction import ReproductionBody, ReproductionShown
from andon.console.reproducing import Reproducing
from andon.console.routes.places import Incident, Reader, of_app
from andon.domain.access import Scope

BODY_BYTES: Final = 4096
DEPTH: Final = 2
CREATED: Final = 201

router = APIRouter(prefix="/v1/incidents", tags=["console"])

Copies = Annotated[Reproducing, Depends(of_app("reproducing"))]


@router.post("/{incident}/reproductions", status_code=CREATED, openapi_extra=described_by(ReproductionBody))
async def reproduce(
    request: Request,
    *,
    incident: Incident,
    caller: Annotated[Caller, Depends(only(REPRODUCING, Scope.RESPOND))],
    reading: Reader,
    copies: Copies,
) -> ReproductionShown:
    """Send the incident's failing input to the staging copy once; what comes back is evidence."""
    content = await read_body(request, BODY_BYTES, instead="Send no more than the target.")
    parse_body(ReproductionBody, content, DEPTH)
    return await copies.ask(await reading.row(incident), caller)
