"""What people state on record without being asked."""

from __future__ import annotations

from fastapi import APIRouter, Request

from andon.api.bodies import parse_body, read_body
from andon.api.problems import ProblemError
from andon.api.server import described_by
from andon.console.models.declaration import DeclarationBody, DeclarationNoted
from andon.console.routes.places import Incident, Reader, RepeatKey, Speaker, Stating
from andon.domain.declaration import Declared

BODY_BYTES = 32 * 1024
DEPTH = 2
CREATED = 201

router = APIRouter(prefix="/v1/incidents", tags=["console"])


@router.post("/{incident}/declarations", status_code=CREATED, openapi_extra=described_by(DeclarationBody))
async def declare(
    request: Request,
    *,
    incident: Incident,
    caller: Speaker,
    reading: Reader,
    declaring: Stating,
    idempotency_key: RepeatKey = None,
) -> DeclarationNoted:
    """State something on record. Whether it counts is judged by the incident's workflow."""
    content = await read_body(request, BODY_BYTES, instead="A reason is 4000 characters at most.")
    body = parse_body(DeclarationBody, content, DEPTH)
    if body.kind is Declared.AFFECTED:
        raise ProblemError(422, "not-here", "Send changes of the list to its own place: POST .../affected.")
    return await declaring.take(await reading.row(incident), caller, body, idempotency_key)
