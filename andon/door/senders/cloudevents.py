"""CloudEvents 1.0 over HTTP: structured, binary and in batches (CloudEvents HTTP binding 1.0.2, section 3).

An event is known by its source and id, so one without them is refused: an id made up here would let the
same event in twice.
"""

from __future__ import annotations

from typing import Annotated, Any, Final
from urllib.parse import unquote

from fastapi import APIRouter, Depends, Request
from fastapi.responses import JSONResponse

from andon.api.authentication import Caller
from andon.api.bodies import read_json, read_value
from andon.api.problems import ProblemError
from andon.domain.source import SourceKind
from andon.domain.values import Frozen
from andon.door.senders.callers import Sent, sender, sent_by
from andon.door.senders.described import EVENT, foreign
from andon.door.senders.reception import Handled, Reception

STRUCTURED: Final = "application/cloudevents+json"
BATCH: Final = "application/cloudevents-batch+json"
MOST: Final = 100
"""Events of one batch."""
DEEPER: Final = 8
"""Foreign forms may nest so much deeper than a detection."""
REQUIRED: Final = ("id", "source", "type")

router = APIRouter(prefix="/v1", tags=["senders"])


class HandledEvents(Frozen):
    """What became of each event of a batch, in their order."""

    events: tuple[Handled, ...]


@router.post(
    "/cloudevents",
    status_code=202,
    response_model=Handled | HandledEvents,
    openapi_extra=foreign({STRUCTURED: EVENT, BATCH: {"type": "array", "items": EVENT, "maxItems": MOST}}),
)
async def take(
    request: Request, caller: Annotated[Caller, Depends(sender(SourceKind.CLOUDEVENTS))]
) -> JSONResponse:
    """Take an event, or a batch of them; the same event again is taken once."""
    sent = await sent_by(caller, request, SourceKind.CLOUDEVENTS)
    events, batch = _events(request, sent.body, request.app.state.depth + DEEPER)
    handled = [await _taken(request, sent, event) for event in events]
    answer = HandledEvents(events=tuple(handled)) if batch else handled[0]
    return JSONResponse(answer.model_dump(mode="json"), 202)


async def _taken(request: Request, sent: Sent, event: dict[str, Any]) -> Handled:
    reception: Reception = request.app.state.reception
    return await reception.take(sent, event, pinned=f"{event['source']} {event['id']}")


def _events(request: Request, body: bytes, depth: int) -> tuple[list[dict[str, Any]], bool]:
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind == BATCH:
        return [_checked(one, f"{number}: ") for number, one in enumerate(_batch(body, depth))], True
    if kind == STRUCTURED:
        return [_checked(read_json(body, depth))], False
    if "ce-specversion" in request.headers:
        return [_checked(_binary(request, body, kind, depth))], False
    raise ProblemError(
        415,
        "media-type",
        f"Send a CloudEvent as {STRUCTURED}, {BATCH}, or with ce- headers (ce-specversion: 1.0).",
    )


def _batch(body: bytes, depth: int) -> list[Any]:
    events = read_value(body, depth)
    if not isinstance(events, list) or len(events) > MOST:
        raise ProblemError(400, "not-cloudevents", f"A batch is a JSON array of at most {MOST} events.")
    return events


def _binary(request: Request, body: bytes, kind: str, depth: int) -> dict[str, Any]:
    event: dict[str, Any] = {
        name.removeprefix("ce-"): unquote(value)
        for name, value in request.headers.items()
        if name.startswith("ce-")
    }
    if not body:
        return event
    if not kind and body.lstrip()[:1] == b"{":
        # Senders that leave the content type out mean JSON, which is the specification's default.
        kind = "application/json"
    json = kind.endswith(("/json", "+json"))
    data = read_value(body, depth) if json else body.decode(errors="replace")
    return {**event, "datacontenttype": kind, "data": data}


def _checked(event: Any, where: str = "") -> dict[str, Any]:
    if not isinstance(event, dict):
        raise ProblemError(400, "not-cloudevents", f"{where}An event is a JSON object.")
    if event.get("specversion") != "1.0":
        raise ProblemError(400, "not-cloudevents", f"{where}specversion: must be 1.0.")
    for name in REQUIRED:
        if not isinstance(event.get(name), str) or not event[name].strip():
            raise ProblemError(
                400,
                "not-cloudevents",
                f"{where}{name}: is missing. Events are told apart by it, so none is made up here: set it.",
            )
    return event
