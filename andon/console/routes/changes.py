"""Changes that incidents caused: listed with what is overdue, proven, and dropped."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Depends, Path, Query, Request

from andon.api.authentication import Caller, only
from andon.api.bodies import parse_body, read_body
from andon.api.server import described_by
from andon.console.access import LISTING, READING
from andon.console.following import Following
from andon.console.models.change import ChangeList, ChangeShown, DropBody, ProofBody
from andon.console.routes.places import Incident, Reader, RepeatKey, Speaker, Stock, of_app
from andon.domain.change import ChangeState, ChangeType
from andon.register.changes import LISTED_AT_MOST, Wanted

BODY_BYTES = 32 * 1024
DEPTH = 1

router = APIRouter(prefix="/v1", tags=["console"])

Kept = Annotated[Following, Depends(of_app("following"))]
ChangeName = Annotated[str, Path(max_length=32, description="`change-<n>`")]


async def wanted_of(
    *,
    stock: Stock,
    overdue: Annotated[bool, Query(description="only those that should have been made by now")] = False,
    state: ChangeState | None = None,
    system: Annotated[str | None, Query(max_length=64)] = None,
    owner: Annotated[str | None, Query(max_length=64)] = None,
    type: ChangeType | None = None,  # noqa: A002 - the name of the query
    incident: Annotated[str | None, Query(max_length=64)] = None,
) -> Wanted:
    """Return which changes are asked for."""
    at: datetime | None = stock.now() if overdue else None
    return Wanted(state=state, overdue_at=at, system=system, owner=owner, kind=type, incident=incident)


Asked = Annotated[Wanted, Depends(wanted_of)]


@router.get("/changes")
async def changes(
    caller: Annotated[Caller, Depends(only(LISTING))],
    kept: Kept,
    wanted: Asked,
    limit: Annotated[int, Query(ge=1, le=LISTED_AT_MOST)] = 100,
) -> ChangeList:
    """List changes that incidents caused: open ones first, what is due first at the top."""
    return await kept.listed(wanted, caller, limit=limit)


@router.get("/incidents/{incident}/changes/{change}")
async def change(
    incident: Incident, change: ChangeName, caller: Annotated[Caller, Depends(only(READING))], kept: Kept
) -> ChangeShown:
    """Return one change, with what it is and what proves it."""
    return await kept.one(incident, change, caller)


@router.post("/incidents/{incident}/changes/{change}/proof", openapi_extra=described_by(ProofBody))
async def prove(
    request: Request,
    *,
    incident: Incident,
    change: ChangeName,
    caller: Speaker,
    reading: Reader,
    kept: Kept,
    idempotency_key: RepeatKey = None,
) -> ChangeShown:
    """Say that a change is made, and what proves it. Whether that counts is judged by the follow-up."""
    content = await read_body(request, BODY_BYTES, instead="A proof is 4000 characters at most.")
    body = parse_body(ProofBody, content, DEPTH)
    return await kept.prove(await reading.row(incident), caller, change, body, idempotency_key)


@router.post("/incidents/{incident}/changes/{change}/drop", openapi_extra=described_by(DropBody))
async def drop(
    request: Request,
    *,
    incident: Incident,
    change: ChangeName,
    caller: Speaker,
    reading: Reader,
    kept: Kept,
    idempotency_key: RepeatKey = None,
) -> ChangeShown:
    """Say that a change will not be made, and why. Whether that counts is judged by the follow-up."""
    content = await read_body(request, BODY_BYTES, instead="A reason is 4000 characters at most.")
    body = parse_body(DropBody, content, DEPTH)
    return await kept.drop(await reading.row(incident), caller, change, body, idempotency_key)
