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
from andon.domain.values import sha256
from andon.door.flags import Flags

BODY_BYTES: Final = 64 * 1024
DEPTH: Final = 8

# The Python provider looks `reason` up in the SDK's enum and reads `variant` without a default; without
# either it falls back to the code default of its caller (FACTS: openfeature-provider-ofrep 0.3.0).
REASON: Final = "STATIC"

router = APIRouter(prefix="/ofrep/v1/evaluate", tags=["OFREP"])
Known = Annotated[Caller, Depends(anyone())]


@router.post("/flags/{key}")
async def evaluate(key: str, request: Request, _: Known) -> Response:
    """Evaluate one flag."""
    problem = await _context_problem(request)
    if problem:
        return _error(400, problem, key)
    flags: Flags = request.app.state.flags
    answer = await asyncio.get_running_loop().run_in_executor(flags.threads, flags.answer, key)
    if answer is None:
        return _error(404, ("FLAG_NOT_FOUND", f"no registered AI system has a flag {key[:200]!r}"), key)
    return JSONResponse(evaluation(answer))


@router.post("/flags")
async def evaluate_all(request: Request, _: Known) -> Response:
    """Evaluate every flag of every registered AI system; 304 when nothing changed since the ETag."""
    problem = await _context_problem(request)
    if problem:
        return _error(400, problem)
    flags: Flags = request.app.state.flags
    answers = await asyncio.get_running_loop().run_in_executor(flags.threads, flags.answers)
    body = json.dumps({"flags": [evaluation(answer) for answer in answers]}, separators=(",", ":")).encode()
    tag = f'"{sha256(body)[:32]}"'
    asked = [one.strip().removeprefix("W/") for one in request.headers.get("if-none-match", "").split(",")]
    if tag in asked:
        return Response(status_code=304, headers={"ETag": tag})
    return Response(body, media_type="application/json", headers={"ETag": tag})


def evaluation(answer: FlagAnswer) -> dict[str, Any]:
    """Return a flag's answer in OFREP's form; a denial says which incident, why, and whom to ask."""
    metadata: dict[str, str] = {}
    if answer.holds:
        first = answer.holds[0]
        metadata = {
            "incident": first.incident,
            "reason": first.reason,
            "contact": first.contact,
            "since": first.since.isoformat(),
        }
    return {
        "key": answer.key,
        "value": answer.value,
        "reason": REASON,
        "variant": "held" if answer.holds else "normal",
        "metadata": metadata,
    }


async def _context_problem(request: Request) -> tuple[str, str] | None:
    body = await read_body(request, BODY_BYTES, instead="Send a smaller evaluation context.")
    try:
        check_depth(body, DEPTH)
        sent = json.loads(body) if body.strip() else {}
    except (ValueError, ProblemError):
        return "PARSE_ERROR", "the body is not JSON, or nests too deep"
    if not isinstance(sent, dict) or not isinstance(sent.get("context", {}), dict):
        return "INVALID_CONTEXT", "send a JSON object whose `context` is an object"
    return None


def _error(status: int, problem: tuple[str, str], key: str | None = None) -> JSONResponse:
    code, details = problem
    body = {"errorCode": code, "errorDetails": details}
    return JSONResponse({"key": key, **body} if key is not None else body, status)
