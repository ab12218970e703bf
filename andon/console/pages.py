"""Rendering pages: one template environment, one set of headers, errors as pages that say what to do."""

from __future__ import annotations

import logging
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, Final
from urllib.parse import quote, urlsplit

from fastapi import Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import HTMLResponse, RedirectResponse
from fastapi.routing import APIRoute
from jinja2 import Environment, PackageLoader, StrictUndefined
from sqlalchemy.exc import OperationalError
from starlette.exceptions import HTTPException

from andon.api.problems import ProblemError
from andon.console.access import READING, SPEAKING
from andon.console.live import visited
from andon.console.live_visit import visit
from andon.console.screens.parts import role_name
from andon.console.screens.problems import problem_screen
from andon.console.sessions import Session
from andon.domain.directory import STOPPING
from andon.domain.errors import ErasedError, EvidenceStoreError, InvalidInputError, NotFoundError

logger = logging.getLogger("andon.faults")

HEADERS: Final = {
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'self'; img-src 'self'; script-src 'self'; connect-src 'self'; "
        "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    ),
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
}

TEMPLATES: Final = Environment(
    loader=PackageLoader("andon.console", "templates"),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)


class SignInNeededError(Exception):
    """A page was asked for by somebody who is not signed in.

    Args:
        kept: the page that gives back what they typed; empty if there is nothing to give back.
    """

    def __init__(self, kept: str = "") -> None:
        self.kept = kept
        super().__init__("signing in is needed")


class ProofNeededError(Exception):
    """Something sensitive was asked for by somebody who proved too long ago who they are."""

    def __init__(self, held: str) -> None:
        self.held = held
        super().__init__("a recent proof of presence is needed")


class ForgedFormError(ProblemError):
    """A form that was not sent from a page of this session."""

    def __init__(self) -> None:
        super().__init__(
            403, "forged-form", "This form was not sent from a page of this session. Open the page again."
        )


@dataclass(frozen=True, slots=True)
class Reader:
    """Who reads a page, as its head shows it."""

    person: str
    role: str
    csrf: str
    may_open: bool
    may_report: bool
    may_stop: bool


def render(
    template: str,
    *,
    session: Session | None = None,
    status: int = 200,
    headers: dict[str, str] | None = None,
    **values: object,
) -> HTMLResponse:
    """Return a page; everything in it is escaped."""
    reader = (
        Reader(
            session.caller.person,
            role_name(session.role),
            session.csrf,
            may_open=session.role in READING,
            may_report=session.role in SPEAKING,
            may_stop=session.role in STOPPING,
        )
        if session
        else None
    )
    values.setdefault("zone", (session.caller.zone if session else "") or "UTC")
    seen = visit()
    living = seen.token if session is not None and status == HTTPStatus.OK else None
    text = TEMPLATES.get_template(template).render(reader=reader, live=living, now_ms=seen.now_ms, **values)
    return HTMLResponse(text, status, headers={**HEADERS, **(headers or {})})


def problem_page(
    status: int, detail: str, session: Session | None = None, *, headers: dict[str, str] | None = None
) -> HTMLResponse:
    """Return an error as a page that says what to do."""
    screen = problem_screen(
        status,
        detail,
        signed_in=session is not None,
        may_report=session is not None and session.role in SPEAKING,
    )
    return render("problem.html", session=session, status=status, headers=headers, screen=screen)


class PageRoute(APIRoute):
    """A route whose errors are pages."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """Return the route's own work, wrapped."""
        respond = super().get_route_handler()

        async def respond_with_pages(request: Request) -> Response:
            async with visited(request):
                return await answered(request)

        async def answered(request: Request) -> Response:
            try:
                return await respond(request)
            except SignInNeededError as needed:
                return _to_sign_in(request, needed.kept)
            except ProofNeededError as needed:
                return RedirectResponse(f"/prove?held={needed.held}", 303, headers=HEADERS)
            except Exception as error:  # noqa: BLE001 - told to the reader, and logged where it is a fault
                status, detail = told(error, request)
                headers = error.headers if isinstance(error, ProblemError) else None
                return problem_page(status, detail, getattr(request.state, "session", None), headers=headers)

        return respond_with_pages


def came_from(request: Request, otherwise: str = "/") -> str:
    """Return the page of this console that a request came from, as far as the browser says so."""
    came = urlsplit(request.headers.get("referer", ""))
    return local_path(came.path) if came.netloc == request.headers.get("host") else otherwise


def local_path(wanted: str) -> str:
    """Return a path of this console to go on to; anything else leads to the first page."""
    parts = urlsplit(wanted)
    elsewhere = parts.scheme or parts.netloc or not wanted.startswith("/") or wanted.startswith(("//", "/\\"))
    return "/" if elsewhere or not wanted.isprintable() else wanted


def _to_sign_in(request: Request, kept: str) -> Response:
    # A form's address is that of the page it was on.
    wanted = kept or request.url.path
    return RedirectResponse(f"/sign-in?next={quote(wanted, safe='/')}", 303, headers=HEADERS)


AWAY: Final = {
    OperationalError: "The register, Andon's database of incidents, does not answer.",
    EvidenceStoreError: "The store of the evidence does not answer, or not with what was asked for.",
}
"""Parts that come back by themselves, by the error that says that they are away."""


def told(error: Exception, request: Request) -> tuple[int, str]:
    """Return the status of a page that failed, and what happened; a fault is logged."""
    if isinstance(error, ProblemError):
        return error.status, error.detail
    if isinstance(error, ErasedError):
        return 410, f"{error}. Its digest still stands."
    if isinstance(error, NotFoundError):
        return 404, f"There is no {error.kind} {error.name[:64]!r}. It may be mistyped."
    if isinstance(error, InvalidInputError):
        return 400, str(error)
    if isinstance(error, RequestValidationError):
        named = ", ".join(str(one["loc"][-1]) for one in error.errors())
        return 400, f"These values can't be used: {named}."
    if isinstance(error, HTTPException):
        return error.status_code, str(error.detail)
    if away := next((said for kind, said in AWAY.items() if isinstance(error, kind)), ""):
        logger.warning("a page could not be shown: a part is away", exc_info=error)
        return 503, away
    logger.error("a page failed", exc_info=error)
    request_id = getattr(request.state, "request_id", "unknown")
    return 500, f"Try again. If it lasts, report request {request_id}."
