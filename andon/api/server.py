"""The shell of every HTTP server: security headers, request ids, access log, health, start."""

from __future__ import annotations

import logging
import re
import secrets
import socket
import time
from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager
from typing import Any, Final, Literal

import uvicorn
from fastapi import Depends, FastAPI
from pydantic import BaseModel
from pydantic.json_schema import models_json_schema
from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from andon.api.authentication import TokenBook, anyone
from andon.api.guards import OPEN
from andon.api.logs import set_up_logging
from andon.api.problems import ProblemError, install_problems
from andon.config import ListenSettings, settings
from andon.domain.errors import InvalidInputError

logger = logging.getLogger("andon.access")
faults = logging.getLogger("andon.faults")

SECURITY_HEADERS: Final = {
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
}
"""Set where the route set nothing itself; pages bring their own Content-Security-Policy."""
SANDBOXED: Final = "default-src 'none'; sandbox; frame-ancestors 'none'"
"""Set on every file that is handed out: should a browser open one after all, nothing in it runs or calls."""

ONE_TIME: Final = "/enter/"
"""Where one-time links lead."""
ORIGINALS: Final = "/originals/"
"""Where an original is downloaded, once."""

_REQUEST_ID: Final = re.compile(r"^[A-Za-z0-9._-]{8,64}$")
Lifespan = Callable[[FastAPI], AbstractAsyncContextManager[None]]


class Envelope:
    """Gives each response a request id, the security headers and a line in the log."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        request_id = _request_id(scope)
        scope.setdefault("state", {})["request_id"] = request_id
        began, status = time.monotonic(), 0

        async def send_with_headers(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                headers = MutableHeaders(scope=message)
                _dress(headers, request_id)
            await send(message)

        try:
            await self._app(scope, receive, send_with_headers)
        except Exception:  # the caller gets an answer whatever went wrong, and the log gets the cause
            faults.exception("a request failed", extra={"request_id": request_id})
            if status:
                raise
            await _fault(request_id)(scope, receive, send_with_headers)
        finally:
            level = logging.DEBUG if status < 400 else logging.INFO
            if logger.isEnabledFor(level):
                _log(scope, level, status, (time.monotonic() - began) * 1000)


class Server(uvicorn.Server):
    """A server that tells its application when it ends: an answer without an end would hold it up."""

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """End what the application keeps open, then wait for the requests under way."""
        app = self.config.app
        ending: Callable[[], None] | None = getattr(getattr(app, "state", None), "ending", None)
        if ending is not None:
            ending()
        await super().shutdown(sockets)


def new_app(
    title: str,
    tokens: TokenBook,
    lifespan: Lifespan | None = None,
    bodies: Sequence[type[BaseModel]] = (),
) -> FastAPI:
    """Return an application with health check, API description, problems and headers.

    `/healthz` is open and says nothing but that the server runs; the description in
    `/v1/openapi.json` needs a token like everything else. It names `bodies` too: models that
    routes read by themselves and describe with `described_by`.
    """
    app = FastAPI(
        title=title,
        version="1",
        docs_url=None,
        redoc_url=None,
        openapi_url=None,
        lifespan=lifespan,
        redirect_slashes=False,
    )
    app.state.tokens = tokens
    install_problems(app)

    @app.get("/healthz", include_in_schema=False, dependencies=[OPEN])
    async def healthz() -> dict[str, str]:
        return {"status": "ok"}

    @app.get("/v1/openapi.json", include_in_schema=False, dependencies=[Depends(anyone())])
    async def description() -> dict[str, Any]:
        described = app.openapi()
        models: list[tuple[type[BaseModel], Literal["validation"]]] = [(one, "validation") for one in bodies]
        _, found = models_json_schema(models, ref_template="#/components/schemas/{model}")
        parts: dict[str, Any] = described.setdefault("components", {}).setdefault("schemas", {})
        parts.update(found.get("$defs", {}))
        return described

    app.add_middleware(Envelope)
    return app


def described_by(model: type[BaseModel]) -> dict[str, Any]:
    """Return the `openapi_extra` of a route that reads `model` from its body by itself."""
    schema = {"$ref": f"#/components/schemas/{model.__name__}"}
    return {"requestBody": {"required": True, "content": {"application/json": {"schema": schema}}}}


def serve(app: FastAPI, listen: ListenSettings) -> None:
    """Serve `app` until SIGINT or SIGTERM; requests under way get five seconds to end.

    Raises:
        InvalidInputError: no port is set.
        SystemExit: it could not start; the log says why.
    """
    if not listen.port:
        raise InvalidInputError("this server has no port: set it in the settings file")
    set_up_logging(settings().log_level)
    server = Server(configuration(app, listen.host, listen.port))
    server.run()
    if not server.started:
        raise SystemExit(3)


def configuration(app: FastAPI, host: str, port: int) -> uvicorn.Config:
    """Return how every server of Andon is run."""
    return uvicorn.Config(
        app,
        host=host,
        port=port,
        loop="uvloop",
        http="httptools",
        ws="none",
        access_log=False,
        log_config=None,
        server_header=False,
        date_header=False,
        proxy_headers=False,
        timeout_graceful_shutdown=5,
        timeout_keep_alive=60,
    )


def _dress(headers: MutableHeaders, request_id: str) -> None:
    headers["X-Request-Id"] = request_id
    if headers.get("Content-Disposition", "").startswith("attachment"):
        headers["Content-Security-Policy"] = SANDBOXED
    for name, value in SECURITY_HEADERS.items():
        headers.setdefault(name, value)
    headers.setdefault("Cache-Control", "no-store")


def _fault(request_id: str) -> ASGIApp:
    detail = f"Andon failed on this request. Try again; if it lasts, report request {request_id}."
    return ProblemError(500, "internal", detail).response()


def _request_id(scope: Scope) -> str:
    given = next((value.decode("latin-1") for name, value in scope["headers"] if name == b"x-request-id"), "")
    return given if _REQUEST_ID.match(given) else secrets.token_urlsafe(12)


def _without_secrets(path: str) -> str:
    """Return a path as it may be logged: a one-time link is a secret while it is good."""
    return next((f"{place}..." for place in (ONE_TIME, ORIGINALS) if path.startswith(place)), path)


def _log(scope: Scope, level: int, status: int, milliseconds: float) -> None:
    state = scope["state"]
    logger.log(
        level,
        "request",
        extra={
            "request_id": state["request_id"],
            "method": scope["method"],
            "path": _without_secrets(scope["path"])[:200],
            "status": status,
            "ms": round(milliseconds, 2),
            "person": state.get("person", "-"),
        },
    )
