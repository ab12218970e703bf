"""Signing in with a token, and signing out."""

from __future__ import annotations

import logging

from fastapi import APIRouter, Request, Response
from fastapi.responses import RedirectResponse

from andon.api.guards import OPEN
from andon.api.problems import ProblemError
from andon.console.entering import let_in, take_back, takes_tokens
from andon.console.pages import HEADERS, PageRoute, local_path, render
from andon.console.parts import Parts
from andon.console.routes.places import Stock
from andon.console.sessions import Sessions
from andon.console.visitors import check_csrf, form_of, from_elsewhere, session_of
from andon.domain.access import EXPLAINED
from andon.register.sessions import How

logger = logging.getLogger(__name__)
router = APIRouter(route_class=PageRoute, include_in_schema=False)

WRONG = (
    "This token is not in force, is limited, or belongs to a monitoring account. "
    "Check that you copied all of it."
)


@router.get("/sign-in", dependencies=[OPEN])
async def sign_in_page(request: Request, stock: Stock, next: str = "/") -> Response:  # noqa: A002 - the name people see in the address
    """Show where to sign in."""
    wanted = local_path(next)
    session = await session_of(request)
    if session is not None and session.caller.bar is None:
        return RedirectResponse(wanted, 303, headers=HEADERS)
    return _page(stock, wanted, came_from_elsewhere=from_elsewhere(request))


@router.post("/sign-in", dependencies=[OPEN])
async def sign_in(request: Request, stock: Stock) -> Response:
    """Begin a session with a token."""
    form = await form_of(request)
    if not takes_tokens(stock):
        raise ProblemError(403, "forbidden", "Sign in with your organisation's account, not with a token.")
    wanted = local_path(form.get("next", "/"))
    sessions: Sessions = request.app.state.sessions
    found = await sessions.whose(form.get("token", "").strip())
    if found is None:
        return _page(stock, wanted, problem=WRONG)
    if found.bar is not None:
        logger.warning(
            "somebody who is barred tried to sign in",
            extra={"person": found.person, "bar": found.bar.value},
        )
        return _page(stock, wanted, problem=EXPLAINED[found.bar])
    onward = RedirectResponse(wanted, 303, headers=HEADERS)
    return await let_in(request, stock, found, How.TOKEN, onward)


@router.post("/sign-out", dependencies=[OPEN])
async def sign_out(request: Request, stock: Stock) -> Response:
    """End the session."""
    form = await form_of(request)
    session = await session_of(request)
    if session is not None:
        check_csrf(form, session)
        sessions: Sessions = request.app.state.sessions
        await sessions.end(session)
    return take_back(stock, RedirectResponse("/sign-in", 303, headers=HEADERS))


def _page(stock: Parts, wanted: str, *, problem: str = "", came_from_elsewhere: bool = False) -> Response:
    return render(
        "sign_in.html",
        status=401 if problem else 200,
        next=wanted,
        problem=problem,
        came_from_elsewhere=came_from_elsewhere,
        tokens=takes_tokens(stock),
        provider=bool(stock.oidc.issuer),
    )
