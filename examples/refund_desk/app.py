"""The refund desk's HTTP surface: tickets, versions, health and deployment."""

from __future__ import annotations

import hmac
import json
from collections.abc import AsyncIterator, Callable
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
from examples.refund_desk.lever_routes import lever_refusals, lever_routes
from examples.refund_desk.levers import DeskLevers
from examples.refund_desk.publications import IndexName, Publication, Texts, built
from examples.refund_desk.refunds import RefundBook
from examples.refund_desk.releases import ReleaseError, ReleaseFile, versions_of
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


class NewIndex(Wire):
    """An index to publish: the name of a shipped one, and its texts if it is another."""

    index: IndexName
    texts: Texts | None = None

    def publication(self) -> Publication:
        """Return what this asks to publish."""
        if self.texts is None:
            return built(self.index)
        return Publication(index=self.index, texts=self.texts)


@dataclass(frozen=True)
class Parts:
    """What a running desk is made of."""

    release_file: ReleaseFile
    levers: DeskLevers
    model: ModelClient
    switches: Switches
    book: RefundBook
    tracing: Tracing
    deploy_token: str | None
    lever_token: str | None
    """A token of its own: whoever contains the desk need not be able to deploy to it."""


def build(parts: Parts) -> FastAPI:
    """Return the app over `parts`; it closes them when it stops."""
    assistant = Assistant(
        current_release=parts.release_file.current,
        levers=parts.levers,
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
    lever_refusals(app)
    _routes(app, parts, assistant)
    _guarded_routes(app, parts)
    return app


def _routes(app: FastAPI, parts: Parts, assistant: Assistant) -> None:
    @app.post("/tickets")
    def answer_ticket(ticket: Ticket) -> Reply:
        return assistant.answer(ticket)

    @app.get("/versions")
    def tell_versions() -> dict[str, Any]:
        return _versions(parts)

    @app.get("/healthz")
    async def tell_health() -> dict[str, str]:
        return {"status": "ok", "release": parts.release_file.current().release}


def _guarded_routes(app: FastAPI, parts: Parts) -> None:
    guard = [Depends(_bearer(parts.deploy_token))]

    @app.post("/admin/deploy", dependencies=guard)
    def deploy(deployment: Deployment) -> dict[str, Any]:
        parts.release_file.deploy(deployment.written())
        return _versions(parts)

    @app.post("/admin/index", dependencies=guard)
    def publish(wanted: NewIndex) -> dict[str, Any]:
        parts.levers.source.publish(wanted.publication())
        return _versions(parts)

    app.include_router(lever_routes(parts.levers), dependencies=[Depends(_bearer(parts.lever_token))])


def _bearer(token: str | None) -> Callable[[str], None]:
    """Return a check that lets through whoever has the token; without a token nobody."""

    def authorised(authorization: Annotated[str, Header()] = "") -> None:
        expected = f"Bearer {token}"
        if token is None or not hmac.compare_digest(authorization.encode(), expected.encode()):
            raise HTTPException(401, "this needs one of the desk's bearer tokens")

    return authorised


def _versions(parts: Parts) -> dict[str, Any]:
    return versions_of(parts.release_file.current(), parts.levers.source.version)


def _refusals(app: FastAPI) -> None:
    @app.exception_handler(TicketConflictError)
    async def conflicting(_: Request, error: TicketConflictError) -> JSONResponse:
        return JSONResponse({"detail": str(error)}, status_code=409)

    @app.exception_handler(ReleaseError)
    async def unusable(request: Request, error: ReleaseError) -> JSONResponse:
        status = 422 if request.url.path == "/admin/deploy" else 503
        return JSONResponse({"detail": str(error)}, status_code=status)
