"""Signing in and out, and the files every page needs."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response
from fastapi.responses import RedirectResponse

from andon.console.pages import HEADERS, PageRoute, local_path, render
from andon.console.routes.places import Stock
from andon.console.sessions import COOKIE, LIFETIME, Sessions
from andon.console.visitors import check_csrf, form_of, from_elsewhere, session_of

router = APIRouter(route_class=PageRoute, include_in_schema=False)

WRONG = "This token is not in force, or belongs to a monitoring account. Check that you copied all of it."


@router.get("/sign-in")
async def sign_in_page(request: Request, next: str = "/") -> Response:  # noqa: A002 - the name people see in the address
    """Show where to sign in."""
    wanted = local_path(next)
    if session_of(request) is not None:
        return RedirectResponse(wanted, 303, headers=HEADERS)
    return render("sign_in.html", next=wanted, problem="", came_from_elsewhere=from_elsewhere(request))


@router.post("/sign-in")
async def sign_in(request: Request, stock: Stock) -> Response:
    """Begin a session with a token."""
    form = await form_of(request)
    wanted = local_path(form.get("next", "/"))
    sessions: Sessions = request.app.state.sessions
    cookie = sessions.begin(form.get("token", "").strip())
    if cookie is None:
        return render("sign_in.html", status=401, next=wanted, problem=WRONG, came_from_elsewhere=False)
    answer = RedirectResponse(wanted, 303, headers=HEADERS)
    answer.set_cookie(
        COOKIE,
        cookie,
        max_age=int(LIFETIME.total_seconds()),
        httponly=True,
        samesite="strict",
        secure=stock.url.startswith("https://"),
    )
    return answer


@router.post("/sign-out")
async def sign_out(request: Request) -> Response:
    """End the session."""
    form = await form_of(request)
    session = session_of(request)
    if session is not None:
        check_csrf(form, session)
        sessions: Sessions = request.app.state.sessions
        sessions.end(session)
    answer = RedirectResponse("/sign-in", 303, headers=HEADERS)
    answer.delete_cookie(COOKIE, httponly=True, samesite="strict")
    return answer
