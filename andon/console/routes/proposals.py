"""Requests to have something decided."""

from __future__ import annotations

from functools import partial
from typing import Annotated

from fastapi import APIRouter, Depends, Request

from andon.api.authentication import Caller, only
from andon.api.bodies import parse_body, read_body
from andon.api.server import described_by
from andon.console.access import READING
from andon.console.asking import check_kind
from andon.console.models.proposal import AskableList, ProposalBody, ProposalTaken
from andon.console.routes.places import Incident, Petitions, Reader, RepeatKey, Speaker

BODY_BYTES = 128 * 1024
DEPTH = 2
CREATED = 201

router = APIRouter(prefix="/v1/incidents", tags=["console"])


@router.get("/{incident}/proposals")
async def proposals(
    incident: Incident,
    caller: Annotated[Caller, Depends(only(READING))],
    reading: Reader,
    asking: Petitions,
) -> AskableList:
    """List the decisions that your role may ask for now, with what each takes."""
    row = await reading.row(incident)
    return AskableList(incident=row.incident, proposals=await asking.askable(row, caller))


@router.post("/{incident}/proposals", status_code=CREATED, openapi_extra=described_by(ProposalBody))
async def propose(
    request: Request,
    *,
    incident: Incident,
    caller: Speaker,
    reading: Reader,
    asking: Petitions,
    idempotency_key: RepeatKey = None,
) -> ProposalTaken:
    """Ask for a decision. Whether its question is put is judged by the incident's workflow."""
    content = await read_body(request, BODY_BYTES, instead="A text is 20000 characters at most.")
    row = await reading.row(incident)
    body = parse_body(ProposalBody, content, DEPTH, check=partial(check_kind, row))
    return await asking.take(row, caller, body, idempotency_key)
