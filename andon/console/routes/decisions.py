"""Requests about questions: what is asked of the caller, and their answers."""

from __future__ import annotations

from typing import Annotated, Any, Final

from fastapi import APIRouter, Depends, Query, Request

from andon.api.authentication import Caller, only
from andon.api.bodies import parse_body, read_body, read_json
from andon.console.access import READING
from andon.console.differing import Differing
from andon.console.models.difference import DifferenceShown
from andon.console.models.response import Prepared, ResponseBody, ResponseTaken, SignedBody
from andon.console.models.waiting import Waiting
from andon.console.responding import asked_of
from andon.console.routes.places import DecisionId, Incident, Reader, RepeatKey, Speaker, Taking, of_app
from andon.domain.errors import NotFoundError
from andon.domain.signing import Envelope
from andon.domain.values import Frozen

BODY_BYTES = 64 * 1024
DEPTH = 4

EITHER: Final = {
    "requestBody": {
        "required": True,
        "content": {
            "application/json": {
                "schema": {
                    "oneOf": [
                        {"$ref": f"#/components/schemas/{one.__name__}"} for one in (ResponseBody, SignedBody)
                    ]
                }
            }
        },
    }
}

router = APIRouter(prefix="/v1", tags=["console"])


class WaitingList(Frozen):
    """Questions that wait for the caller, what runs out first at the top."""

    decisions: tuple[Waiting, ...]


@router.get("/decisions")
async def decisions(caller: Annotated[Caller, Depends(only(READING))], reading: Reader) -> WaitingList:
    """List the questions that your role may answer and you have not."""
    return WaitingList(decisions=tuple(await reading.asked_of(caller)))


@router.get("/incidents/{incident}/decisions/{decision}/difference")
async def difference(
    incident: Incident,
    decision: DecisionId,
    caller: Annotated[Caller, Depends(only(READING))],
    reading: Reader,
    differing: Annotated[Differing, Depends(of_app("differing"))],
    *,
    text: Annotated[
        bool, Query(description="with the difference of long texts; that you looked is on record")
    ] = False,
) -> DifferenceShown:
    """Tell what an answer would change: versions then and now, and what each option does to levers.

    What is not known is never called unchanged.
    """
    row = await reading.row(incident)
    asked = asked_of(row, decision, caller, None)
    if asked.record is None:
        raise NotFoundError("question", decision)
    return await differing.of(row, asked.record, caller, text=text)


@router.post(
    "/incidents/{incident}/decisions/{decision}/responses",
    response_model=ResponseTaken | Prepared | Envelope,
    openapi_extra=EITHER,
)
async def respond(
    request: Request,
    *,
    incident: Incident,
    decision: DecisionId,
    caller: Speaker,
    reading: Reader,
    desk: Taking,
    idempotency_key: RepeatKey = None,
) -> Any:
    """Answer a question. Whether the answer counts is judged by the incident's workflow.

    To sign it with a key of your own, send it with `prepare` first; then send `said`, as it came
    back, together with the signature.
    """
    content = await read_body(request, BODY_BYTES, instead="A reason is 4000 characters at most.")
    row = await reading.row(incident)
    if "said" in read_json(content, DEPTH):
        signed = parse_body(SignedBody, content, DEPTH)
        return await desk.take_signed(asked_of(row, decision, caller, signed.said.role), signed)
    body = parse_body(ResponseBody, content, DEPTH)
    asked = asked_of(row, decision, caller, body.role)
    return await (desk.prepare(asked, body) if body.prepare else desk.take(asked, body, idempotency_key))
