"""Results of evaluations that the flight recorder found in traces, handed on by its own account."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Request
from fastapi.responses import JSONResponse

from andon.api.authentication import Caller
from andon.api.bodies import read_json
from andon.domain.source import SourceKind
from andon.door.senders.callers import sender, sent_by
from andon.door.senders.cloudevents import DEEPER
from andon.door.senders.described import JSON, RESULT, foreign
from andon.door.senders.reception import Handled, Reception

router = APIRouter(prefix="/v1", tags=["senders"])


@router.post(
    "/evaluation-results", status_code=202, response_model=Handled, openapi_extra=foreign({JSON: RESULT})
)
async def take(
    request: Request, caller: Annotated[Caller, Depends(sender(SourceKind.OTEL_EVALUATION))]
) -> JSONResponse:
    """Take one result; the same again, as after a crash of the recorder, is taken once."""
    sent = await sent_by(caller, request, SourceKind.OTEL_EVALUATION)
    result = read_json(sent.body, request.app.state.depth + DEEPER)
    reception: Reception = request.app.state.reception
    handled = await reception.take(sent, result, pinned=str(result.get("id", ""))[:200])
    return JSONResponse(handled.model_dump(mode="json"), 202)
