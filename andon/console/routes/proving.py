"""Proving again who one is, before something sensitive."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response
from fastapi.responses import RedirectResponse

from andon.console.entering import hand_out, takes_tokens
from andon.console.pages import HEADERS, PageRoute, SignInNeededError, render
from andon.console.parts import Parts
from andon.console.routes.places import Stock
from andon.console.sessions import Session, Sessions
from andon.console.step_up import held_for, way_back
from andon.console.visitors import Listing, check_csrf, form_of
from andon.register.sessions import How

router = APIRouter(prefix="/prove", route_class=PageRoute, include_in_schema=False)

WRONG = "This token is not in force, or is not yours."


@router.get("")
async def ask(request: Request, session: Listing, stock: Stock, held: str = "") -> Response:
    """Ask who is there."""
    sessions: Sessions = request.app.state.sessions
    if sessions.recent(session):
        return await _back(request, session, held)
    return _page(stock, session, held)


@router.post("")
async def prove(request: Request, session: Listing, stock: Stock) -> Response:
    """Take a token as the proof, and go back to where the person was."""
    form = await form_of(request)
    check_csrf(form, session)
    held = form.get("held", "")
    sessions: Sessions = request.app.state.sessions
    found = await sessions.whose(form.get("token", "").strip()) if takes_tokens(stock) else None
    if found is None or found.person != session.caller.person:
        return _page(stock, session, held, WRONG)
    return await proven(request, stock, session, How.TOKEN, held)


async def proven(request: Request, stock: Parts, session: Session, how: How, held: str) -> Response:
    """Renew a session whose person just proved to be there, and lead them back.

    Args:
        request: the request with which they did.
        stock: the console's parts.
        session: theirs.
        how: by what they proved it.
        held: the secret of the form that waits for it; empty if none does.

    Raises:
        SignInNeededError: the session ended meanwhile.
    """
    sessions: Sessions = request.app.state.sessions
    cookie = await sessions.prove(session.id, how)
    if cookie is None:
        raise SignInNeededError
    return hand_out(stock, cookie, await _back(request, session, held))


async def _back(request: Request, session: Session, held: str) -> Response:
    waiting = await held_for(request, session, held)
    return RedirectResponse(way_back(waiting, held) if waiting else "/", 303, headers=HEADERS)


def _page(stock: Parts, session: Session, held: str, problem: str = "") -> Response:
    return render(
        "prove.html",
        session=session,
        status=401 if problem else 200,
        held=held,
        problem=problem,
        tokens=takes_tokens(stock),
        provider=bool(stock.oidc.issuer),
        minutes=int(stock.sign_in.recent.total_seconds() // 60),
        role=session.role.value,
    )
