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
from google.protobuf.message import Message
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import (
    ExportLogsPartialSuccess,
    ExportLogsServiceResponse,
)
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
    ExportTracePartialSuccess,
    ExportTraceServiceResponse,
)
from sqlalchemy.exc import OperationalError

from andon.api.authentication import Caller, only, token_book
from andon.api.bodies import read_body
from andon.api.guards import refuse_unguarded
from andon.api.problems import ProblemError
from andon.api.server import new_app
from andon.config import RecorderSettings, Settings, settings
from andon.domain.access import Scope
from andon.domain.directory import Role
from andon.recorder.otlp import TooLargeError, unfolded
from andon.recorder.results import LOOK_EVERY, ResultPost, WantedResults
from andon.recorder.taking_in import JSON, PROTOBUF, TakingIn
from andon.register.engine import open_databases
from andon.register.migrate import migrate
from andon.register.results import Results
from andon.register.traces import Traces

logger = logging.getLogger(__name__)

TRIM_EVERY: Final = timedelta(seconds=10)
RETRY_AFTER: Final = "2"
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
    app.add_exception_handler(OperationalError, _busy)
    refuse_unguarded(app.router)
    return app


@router.post("/v1/traces", tags=["OTLP"])
async def traces(request: Request, _: Sender) -> Response:
    """Take spans; the same span again changes nothing."""
    kind = _media_type(request)
    body = await _content(request)
    refused = await asyncio.to_thread(request.app.state.taking_in.spans, body, kind)
    why = "spans need a 16-byte trace id, an 8-byte span id and a start time" if refused else ""
    told = ExportTracePartialSuccess(rejected_spans=refused, error_message=why) if refused else None
    return _answer(kind, ExportTraceServiceResponse(partial_success=told))


@router.post("/v1/logs", tags=["OTLP"])
async def logs(request: Request, _: Sender) -> Response:
    """Take log records; the same record again changes nothing."""
    kind = _media_type(request)
    body = await _content(request)
    refused = await asyncio.to_thread(request.app.state.taking_in.logs, body, kind)
    why = "log records need a time, and ids that are whole or left out" if refused else ""
    told = ExportLogsPartialSuccess(rejected_log_records=refused, error_message=why) if refused else None
    return _answer(kind, ExportLogsServiceResponse(partial_success=told))


@router.get("/v1/stats", tags=["recorder"])
async def stats(request: Request, _: Known) -> dict[str, Any]:
    """Count what is kept."""
    kept = request.app.state.traces
    counts = await asyncio.to_thread(kept.spans.counts)
    oldest = counts.oldest.isoformat() if counts.oldest else None
    waiting = await asyncio.to_thread(request.app.state.results.count_untold)
    return {
        "spans": counts.spans,
        "size_bytes": counts.size_bytes,
        "oldest": oldest,
        "log_records": await asyncio.to_thread(kept.logs.count),
        "evaluation_results_waiting": waiting,
    }


@asynccontextmanager
async def _recording(app: FastAPI, chosen: Settings) -> AsyncIterator[None]:
    """Open the databases and keep what runs beside requests going, until the server ends."""
    await asyncio.to_thread(migrate, chosen.databases)
    databases = open_databases(chosen.databases)
    kept, results = Traces(databases.recorder), Results(databases.recorder)
    app.state.traces, app.state.results = kept, results
    app.state.taking_in = taking_in = TakingIn(kept, results)
    app.state.tokens.look_in(databases.register)
    post = ResultPost(results, chosen)
    beside = [_keep_trimmed(kept, results, chosen.recorder)]
    if post.can_send:
        taking_in.wanted = wanted = await asyncio.to_thread(WantedResults, chosen.policy)
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


async def _busy(_: Request, error: Exception) -> Response:
    # Exporters send again what got a 503 (OTLP/HTTP, "Retryable Response Codes"), and drop what got a 500.
    logger.warning("nothing was kept: %s", type(error).__name__)
    told = "Nothing was kept: the recorder is busy. Send it again."
    return ProblemError(503, "busy", told, headers={"Retry-After": RETRY_AFTER}).response()


def _media_type(request: Request) -> str:
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind not in (PROTOBUF, JSON):
        raise ProblemError(415, "media-type", f"Send OTLP as {PROTOBUF} or {JSON}.")
    return kind


def _answer(kind: str, answer: Message) -> Response:
    content = MessageToJson(answer).encode() if kind == JSON else answer.SerializeToString()
    return Response(content, media_type=kind)


async def _keep_looking(wanted: WantedResults) -> None:
    while True:
        await asyncio.sleep(LOOK_EVERY.total_seconds())
        await asyncio.to_thread(wanted.look)


async def _keep_trimmed(kept: Traces, results: Results, bounds: RecorderSettings) -> None:
    while True:
        try:
            dropped = await asyncio.to_thread(
                kept.trim, bounds.max_age, bounds.max_bytes, now=datetime.now(UTC)
            )
            await asyncio.to_thread(results.trim, datetime.now(UTC) - bounds.max_age)
            if dropped:
                logger.info("old spans and log records were dropped", extra={"count": dropped})
        except OperationalError:
            logger.exception("the recorder could not be trimmed; it is tried again")
        await asyncio.sleep(TRIM_EVERY.total_seconds())
