"""The flight recorder's server: OTLP/HTTP in, counts out, trimming in the background."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any, Final

from fastapi import APIRouter, Depends, FastAPI, Request, Response
from google.protobuf.json_format import MessageToJson
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
    ExportTracePartialSuccess,
    ExportTraceServiceRequest,
    ExportTraceServiceResponse,
)
from sqlalchemy.exc import OperationalError

from andon.api.authentication import Caller, only, token_book
from andon.api.bodies import check_depth, read_body
from andon.api.guards import refuse_unguarded
from andon.api.problems import ProblemError
from andon.api.server import new_app
from andon.config import RecorderSettings, Settings, settings
from andon.domain.access import Scope
from andon.domain.directory import Role
from andon.recorder.otlp import TooLargeError, from_json, from_protobuf, spans_of, unfolded
from andon.recorder.results import LOOK_EVERY, ResultPost, WantedResults
from andon.register.engine import open_databases
from andon.register.migrate import migrate
from andon.register.results import Results
from andon.register.spans import Spans

logger = logging.getLogger(__name__)

TRIM_EVERY: Final = timedelta(seconds=10)
DEPTH: Final = 40
PROTOBUF: Final = "application/x-protobuf"
JSON: Final = "application/json"
SMALLER: Final = "Set a smaller batch size in the exporter."

Sender = Annotated[Caller, Depends(only(Role, Scope.INTAKE))]
Known = Annotated[Caller, Depends(only(Role, Scope.READ))]


router = APIRouter()


def create_app(given: Settings | None = None) -> FastAPI:
    """Return the flight recorder on the settings' recorder database."""
    chosen = given or settings()

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        async with _recording(app, chosen):
            yield

    app = new_app("Andon flight recorder", token_book(chosen), lifespan)
    app.state.limit = chosen.recorder.body_bytes
    app.include_router(router)
    refuse_unguarded(app.router)
    return app


@router.post("/v1/traces", tags=["OTLP"])
async def traces(request: Request, _: Sender) -> Response:
    """Take spans; the same span again changes nothing."""
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind not in (PROTOBUF, JSON):
        raise ProblemError(415, "media-type", f"Send OTLP as {PROTOBUF} or {JSON}.")
    body = await _content(request)
    state = request.app.state
    refused = await asyncio.to_thread(_keep, state.spans, state.results, state.wanted, body, kind)
    return _answer(kind, refused)


@router.get("/v1/stats", tags=["recorder"])
async def stats(request: Request, _: Known) -> dict[str, Any]:
    """Count what is kept."""
    counts = await asyncio.to_thread(request.app.state.spans.counts)
    oldest = counts.oldest.isoformat() if counts.oldest else None
    waiting = await asyncio.to_thread(request.app.state.results.count_untold)
    return {
        "spans": counts.spans,
        "size_bytes": counts.size_bytes,
        "oldest": oldest,
        "evaluation_results_waiting": waiting,
    }


@asynccontextmanager
async def _recording(app: FastAPI, chosen: Settings) -> AsyncIterator[None]:
    """Open the databases and keep what runs beside requests going, until the server ends."""
    await asyncio.to_thread(migrate, chosen.databases)
    databases = open_databases(chosen.databases)
    spans, results = Spans(databases.recorder), Results(databases.recorder)
    app.state.spans, app.state.results, app.state.wanted = spans, results, None
    app.state.tokens.look_in(databases.register)
    post = ResultPost(results, chosen)
    beside = [_keep_trimmed(spans, results, chosen.recorder)]
    if post.can_send:
        app.state.wanted = wanted = await asyncio.to_thread(WantedResults, chosen.policy)
        beside += [post.keep_sending(), _keep_looking(wanted)]
    running = [asyncio.create_task(one) for one in beside]
    try:
        yield
    finally:
        for task in running:
            task.cancel()
        for task in running:
            with suppress(asyncio.CancelledError):
                await task
        app.state.tokens.close()
        databases.close()


async def _content(request: Request) -> bytes:
    limit: int = request.app.state.limit
    body = await read_body(request, limit, instead=SMALLER)
    encoding = request.headers.get("content-encoding", "identity").strip().lower()
    if encoding in ("", "identity"):
        return body
    if encoding != "gzip":
        raise ProblemError(415, "content-encoding", "Send the body as it is, or with gzip.")
    try:
        return await asyncio.to_thread(unfolded, body, limit)
    except TooLargeError as error:
        raise ProblemError(413, "body-too-large", f"{error}. {SMALLER}") from error


def _keep(spans: Spans, results: Results, wanted: WantedResults | None, body: bytes, kind: str) -> int:
    if kind == JSON:
        check_depth(body, DEPTH)
        taken: ExportTraceServiceRequest = from_json(body)
    else:
        taken = from_protobuf(body)
    rows, refused = spans_of(taken, datetime.now(UTC))
    found = wanted.among(rows) if wanted is not None else []
    if rows:
        with results.together():
            spans.add(rows)
            results.add(found)
    return refused


def _answer(kind: str, refused: int) -> Response:
    answer = ExportTraceServiceResponse()
    if refused:
        why = "spans need a 16-byte trace id, an 8-byte span id and a start time"
        answer.partial_success.CopyFrom(ExportTracePartialSuccess(rejected_spans=refused, error_message=why))
    content = MessageToJson(answer).encode() if kind == JSON else answer.SerializeToString()
    return Response(content, media_type=kind)


async def _keep_looking(wanted: WantedResults) -> None:
    while True:
        await asyncio.sleep(LOOK_EVERY.total_seconds())
        await asyncio.to_thread(wanted.look)


async def _keep_trimmed(spans: Spans, results: Results, bounds: RecorderSettings) -> None:
    while True:
        try:
            dropped = await asyncio.to_thread(
                spans.trim, bounds.max_age, bounds.max_bytes, now=datetime.now(UTC)
            )
            await asyncio.to_thread(results.trim, datetime.now(UTC) - bounds.max_age)
            if dropped:
                logger.info("old spans were dropped", extra={"count": dropped})
        except OperationalError:
            logger.exception("spans could not be trimmed; it is tried again")
        await asyncio.sleep(TRIM_EVERY.total_seconds())
