"""The refund desk's HTTP surface: tickets, versions, health and deployment."""

from __future__ import annotations

import hmac
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Annotated, Any, Final

import anyio.to_thread
from fastapi import Depends, FastAPI, Header, HTTPException, Request
from fastapi.responses import JSONResponse
from pydantic import model_validator

from examples.refund_desk import releases
from examples.refund_desk.assistant import Assistant
from examples.refund_desk.chat import ModelClient
from examples.refund_desk.refunds import RefundBook
from examples.refund_desk.releases import ReleaseError, ReleaseFile, versions_of
from examples.refund_desk.retrieval import PolicyIndex
from examples.refund_desk.switches import Switches
from examples.refund_desk.telemetry import Tracing
from examples.refund_desk.tickets import Reply, Ticket, TicketConflictError, Wire

# The OFREP provider keeps ten connections; more threads than that would only wait for them.
TICKETS_AT_ONCE: Final = 10


class Deployment(Wire):
    """A release to deploy: the name of a shipped one, or the whole content of one."""

    release: str | None = None
    content: dict[str, Any] | None = None

    @model_validator(mode="after")
    def _one_of_both(self) -> Deployment:
        if (self.release is None) == (self.content is None):
            raise ValueError("give either release (a shipped name) or content (a whole release)")
        return self

    def written(self) -> bytes:
        """Return the release file this deployment asks for."""
        if self.release is not None:
            return releases.shipped(self.release)
        return json.dumps(self.content, indent=2).encode() + b"\n"


@dataclass(frozen=True)
class Parts:
    """What a running desk is made of."""

    release_file: ReleaseFile
    index: PolicyIndex
    model: ModelClient
    switches: Switches
    book: RefundBook
    tracing: Tracing
    deploy_token: str | None


def build(parts: Parts) -> FastAPI:
    """Return the app over `parts`; it closes them when it stops."""
    assistant = Assistant(
        current_release=parts.release_file.current,
        index=parts.index,
        model=parts.model,
        desk_switches=parts.switches,
        book=parts.book,
        tracing=parts.tracing,
    )

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        anyio.to_thread.current_default_thread_limiter().total_tokens = TICKETS_AT_ONCE
        yield
        parts.model.close()
        await anyio.to_thread.run_sync(parts.tracing.close)

    app = FastAPI(title="Refund desk", lifespan=lifespan)
    _refusals(app)
    _routes(app, parts, assistant)
    return app


def _routes(app: FastAPI, parts: Parts, assistant: Assistant) -> None:
    def versions() -> dict[str, Any]:
        return versions_of(parts.release_file.current(), parts.index.version)

    def authorised(authorization: Annotated[str, Header()] = "") -> None:
        expected = f"Bearer {parts.deploy_token}"
        if parts.deploy_token is None or not hmac.compare_digest(authorization.encode(), expected.encode()):
            raise HTTPException(401, "a deployment needs the desk's bearer token")

    @app.post("/tickets")
    def answer_ticket(ticket: Ticket) -> Reply:
        return assistant.answer(ticket)

    @app.get("/versions")
    async def tell_versions() -> dict[str, Any]:
        return versions()

    @app.get("/healthz")
    async def tell_health() -> dict[str, str]:
        return {"status": "ok", "release": parts.release_file.current().release}

    @app.post("/admin/deploy", dependencies=[Depends(authorised)])
    def deploy(deployment: Deployment) -> dict[str, Any]:
        parts.release_file.deploy(deployment.written())
        return versions()


def _refusals(app: FastAPI) -> None:
    @app.exception_handler(TicketConflictError)
    async def conflicting(_: Request, error: TicketConflictError) -> JSONResponse:
        return JSONResponse({"detail": str(error)}, status_code=409)

    @app.exception_handler(ReleaseError)
    async def unusable(request: Request, error: ReleaseError) -> JSONResponse:
        status = 422 if request.url.path == "/admin/deploy" else 503
        return JSONResponse({"detail": str(error)}, status_code=status)
