"""The door's requests: detections and stops."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Annotated, Final

from fastapi import APIRouter, Depends, Header, Query, Request
from fastapi.responses import JSONResponse

from andon.api.authentication import Caller, only
from andon.api.bodies import parse_body
from andon.api.problems import ProblemError
from andon.api.server import described_by
from andon.domain.access import Scope
from andon.domain.detection import DetectionReport
from andon.domain.directory import STOPPING, Role
from andon.domain.source import SourceKind
from andon.domain.values import sha256
from andon.door.answers import Answer
from andon.door.intake import Intake
from andon.door.opening import Arrived, new_receipt
from andon.door.repeats import Repeats, receipt_of
from andon.door.senders.callers import body_of, call_of, limits_of, sender
from andon.door.stop import Cord, StopRequest

REPORTING: Final = frozenset(Role) - {Role.AUDITOR, Role.CUSTODIAN}
"""Anybody who sees harm may report it; those who keep or check the evidence stay out of it."""
LONGEST_WAIT: Final = 30.0
EVIDENCE_ELSEWHERE: Final = (
    "Large evidence is uploaded first: send each file as the body of POST {door}/v1/uploads, then name the "
    "upload in evidence. Traces go to the flight recorder (OTLP/HTTP), named in trace_ids."
)

router = APIRouter(prefix="/v1", tags=["door"])


def _patience(
    wait: Annotated[str | None, Query(description="`contained`: answer once containment is proven")] = None,
    timeout: Annotated[float, Query(ge=0, le=LONGEST_WAIT, description="seconds to wait at most")] = 5.0,
) -> timedelta:
    if wait not in (None, "contained"):
        raise ProblemError(400, "invalid-input", f"wait: {wait[:40]!r} is not known; use: contained")
    return timedelta(seconds=timeout if wait else 0)


Patience = Annotated[timedelta, Depends(_patience)]
IdempotencyKey = Annotated[str | None, Header(min_length=8, max_length=200)]


@router.post(
    "/detections", status_code=202, response_model=Answer, openapi_extra=described_by(DetectionReport)
)
async def detect(
    request: Request,
    *,
    caller: Annotated[Caller, Depends(sender(SourceKind.NATIVE, REPORTING))],
    patience: Patience,
    idempotency_key: IdempotencyKey = None,
) -> JSONResponse:
    """Take a detection; the same dedupe key joins the open incident.

    Sent again under the same `Idempotency-Key`, or `webhook-id` if it is signed, the same report has the
    same receipt and counts once.
    """
    body = await _json_body(request)
    intake: Intake = request.app.state.intake
    report = parse_body(DetectionReport, body, request.app.state.depth, check=intake.check_severity)
    key = call_of(request) or idempotency_key
    arrived = replace(arrived_from(caller, body, key), limits=limits_of(request, caller.person))
    take = partial(intake.take, report, arrived, wait=patience)
    repeats: Repeats = request.app.state.repeats
    return _accepted(await (repeats.once(arrived.receipt, take) if key else take()))


@router.post("/stop", status_code=202, response_model=Answer, openapi_extra=described_by(StopRequest))
async def stop(
    request: Request,
    *,
    caller: Annotated[Caller, Depends(only(STOPPING, Scope.INTAKE))],
    patience: Patience,
    idempotency_key: IdempotencyKey = None,
) -> JSONResponse:
    """Stop an AI system at once and open an incident for it.

    Sent again under the same `Idempotency-Key`, the same stop has the same receipt and counts once.
    """
    body = await _json_body(request)
    asked = parse_body(StopRequest, body, request.app.state.depth)
    cord: Cord = request.app.state.cord
    arrived = arrived_from(caller, body, idempotency_key)
    pull = partial(cord.pull, asked, arrived, patience)
    repeats: Repeats = request.app.state.repeats
    if idempotency_key is None:
        return _accepted(await pull())
    return _accepted(cord.check(await repeats.once(arrived.receipt, pull), asked.system))


def source_of(caller: Caller) -> str:
    """Return who a caller is to the register: detectors are programs, all others are people."""
    kind = "source" if caller.role is Role.DETECTOR else "person"
    return f"{kind}:{caller.person}"


def arrived_from(caller: Caller, body: bytes, key: str | None = None) -> Arrived:
    """Return a receipt for a caller."""
    source = source_of(caller)
    receipt = receipt_of(source, key, body) if key else new_receipt()
    return Arrived(receipt, source, datetime.now(UTC), sha256(body))


def _accepted(answer: Answer) -> JSONResponse:
    return JSONResponse(answer.model_dump(mode="json"), 202)


async def _json_body(request: Request) -> bytes:
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != "application/json":
        raise ProblemError(415, "media-type", "Send JSON with 'Content-Type: application/json'.")
    return await body_of(request, 1, request.app.state.elsewhere)
