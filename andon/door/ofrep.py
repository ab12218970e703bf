"""Flags over OFREP 0.3: what AI systems may do right now, read from the switch store on each request.

Flags are permissions, so whatever goes wrong here (401, 404, 500, no answer) leaves an OpenFeature
client with its code default, and that is the contained side.
"""

from __future__ import annotations

import asyncio
import json
from typing import Annotated, Any, Final

from fastapi import APIRouter, Depends, Request, Response
from fastapi.responses import JSONResponse

from andon.api.authentication import Caller, anyone
from andon.api.bodies import check_depth, read_body
from andon.api.problems import ProblemError
from andon.domain.containment import FlagAnswer
from andon.domain.denial import title_of
from andon.domain.system import Unreachable
from andon.domain.values import sha256
from andon.door.flags import DENY, Flags, NobodyNamedError
from andon.door.streams import Streams

BODY_BYTES: Final = 64 * 1024
DEPTH: Final = 8
NOBODY_NAMED: Final = ("TARGETING_KEY_MISSING", "send the session's id as `targetingKey`")

router = APIRouter(prefix="/ofrep/v1/evaluate", tags=["OFREP"])
Known = Annotated[Caller, Depends(anyone())]


@router.post("/flags/{key}")
async def evaluate(key: str, request: Request, _: Known) -> Response:
    """Evaluate one flag."""
    context = await _context(request)
    if isinstance(context, tuple):
        return _error(400, context, key)
    flags: Flags = request.app.state.flags
    try:
        answer = await asyncio.get_running_loop().run_in_executor(flags.threads, flags.answer, key, context)
    except NobodyNamedError:
        return _error(400, NOBODY_NAMED, key)
    if answer is None:
        return _error(404, ("FLAG_NOT_FOUND", f"no registered AI system has a flag {key[:200]!r}"), key)
    return JSONResponse(evaluation(answer, flags.unreachable(key)))


@router.post("/flags")
async def evaluate_all(request: Request, caller: Known) -> Response:
    """Evaluate every flag of every registered AI system; 304 when nothing changed since the ETag.

    `eventStreams` says where changes are told as they happen (`GET /ofrep/v1/stream`).
    """
    context = await _context(request)
    if isinstance(context, tuple):
        return _error(400, context)
    flags: Flags = request.app.state.flags
    answers = await asyncio.get_running_loop().run_in_executor(flags.threads, flags.answers, context)
    told: dict[str, Any] = {"flags": [_in_bulk(answer, flags) for answer in answers]}
    streams: Streams = request.app.state.streams
    if (where := streams.place_for(caller)) is not None:
        told["eventStreams"] = [where]
    # The place of the stream is part of what the tag stands for: a client that is told nothing changed
    # would go on with a place whose ticket has run out.
    body = json.dumps(told, separators=(",", ":")).encode()
    tag = f'"{sha256(body)[:32]}"'
    asked = [one.strip().removeprefix("W/") for one in request.headers.get("if-none-match", "").split(",")]
    if tag in asked:
        return Response(status_code=304, headers={"ETag": tag})
    return Response(body, media_type="application/json", headers={"ETag": tag})


def evaluation(answer: FlagAnswer, unreachable: Unreachable = DENY) -> dict[str, Any]:
    """Return a flag's answer in OFREP's form; a denial says which incident, why, and whom to ask."""
    metadata: dict[str, str | int] = {"on_unreachable": unreachable.then}
    if unreachable.seconds:
        metadata["last_known_seconds"] = unreachable.seconds
    if answer.holds:
        first = answer.holds[0]
        metadata |= {
            "incident": first.incident,
            "reason": first.reason,
            "title": title_of(first),
            "contact": first.contact,
            "since": first.since.isoformat(),
        }
    # The Python provider looks `reason` up in the SDK's enum and reads `variant` without a default; without
    # either it falls back to the code default of its caller (FACTS: openfeature-provider-ofrep 0.3.0).
    return {
        "key": answer.key,
        "value": answer.value,
        "reason": answer.reason,
        "variant": "held" if answer.holds else "normal",
        "metadata": metadata,
    }


def _in_bulk(answer: FlagAnswer | str, flags: Flags) -> dict[str, Any]:
    if isinstance(answer, str):
        code, details = NOBODY_NAMED
        return {"key": answer, "errorCode": code, "errorDetails": details}
    return evaluation(answer, flags.unreachable(answer.key))


async def _context(request: Request) -> dict[str, Any] | tuple[str, str]:
    """Return the evaluation context, or the problem with what was sent."""
    body = await read_body(request, BODY_BYTES, instead="Send a smaller evaluation context.")
    try:
        check_depth(body, DEPTH)
        sent = json.loads(body) if body.strip() else {}
    except (ValueError, ProblemError):
        return "PARSE_ERROR", "the body is not JSON, or nests too deep"
    if not isinstance(sent, dict) or not isinstance(sent.get("context", {}), dict):
        return "INVALID_CONTEXT", "send a JSON object whose `context` is an object"
    return dict(sent.get("context", {}))


def _error(status: int, problem: tuple[str, str], key: str | None = None) -> JSONResponse:
    code, details = problem
    body = {"errorCode": code, "errorDetails": details}
    return JSONResponse({"key": key, **body} if key is not None else body, status)
