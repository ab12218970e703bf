"""One-time links: made by whoever holds a token, good for one sign-in within minutes."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Path, Request, Response
from fastapi.responses import RedirectResponse

from andon.api.authentication import Caller, only
from andon.api.guards import OPEN
from andon.api.problems import ProblemError
from andon.api.server import ONE_TIME
from andon.console.access import LISTING
from andon.console.entering import hand_out, let_in, takes_tokens
from andon.console.pages import HEADERS, PageRoute, render
from andon.console.routes.places import Stock
from andon.console.screens.parts import role_name
from andon.console.sessions import Sessions
from andon.console.slips import SealedSlips
from andon.console.visitors import form_of, session_of
from andon.domain.access import Scope
from andon.domain.directory import Role
from andon.domain.values import Frozen, Instant, PersonId, Sha256Hex
from andon.register.sessions import How
from andon.register.slips import Slip

api = APIRouter(prefix="/v1", tags=["console"])
router = APIRouter(route_class=PageRoute, include_in_schema=False)

Secret = Annotated[str, Path(max_length=128)]
SPENT = "This link was used, is too old, or is mistyped. Make a new one with `andon login`."


class Ticket(Frozen):
    """What a link stands for: the token it was made with."""

    person: PersonId
    role: Role
    token: Sha256Hex


class LoginLink(Frozen):
    """A link that signs its maker in once."""

    url: str
    person: PersonId
    role: Role
    expires_at: Instant


@api.post("/links", status_code=201)
async def make_link(
    request: Request, caller: Annotated[Caller, Depends(only(LISTING, Scope.ADMIN))], stock: Stock
) -> LoginLink:
    """Make a link that signs you in to the pages, once and within minutes."""
    if not takes_tokens(stock):
        raise ProblemError(
            403, "forbidden", "Here people sign in to pages with their organisation's account."
        )
    if caller.scopes is not None or caller.role is None:
        raise ProblemError(
            403, "forbidden", "This token is limited; a session would have more rights than it."
        )
    ticket = Ticket(person=caller.person, role=caller.role, token=caller.token)
    slips: SealedSlips = request.app.state.slips
    secret = await slips.put(Slip.LINK, ticket, stock.sign_in.link)
    return LoginLink(
        url=f"{stock.url}{ONE_TIME}{secret}",
        person=caller.person,
        role=caller.role,
        expires_at=stock.now() + stock.sign_in.link,
    )


@router.get(ONE_TIME + "{secret}", dependencies=[OPEN])
async def confirm(request: Request, secret: Secret) -> Response:
    """Ask for a click: a program that follows links to look at them does not use this one up."""
    slips: SealedSlips = request.app.state.slips
    ticket = await slips.look(Slip.LINK, secret, Ticket)
    if ticket is None:
        raise ProblemError(404, "not-found", SPENT)
    return render("enter.html", person=ticket.person, role=role_name(ticket.role), secret=secret)


@router.post(ONE_TIME + "{secret}", dependencies=[OPEN])
async def enter(request: Request, secret: Secret, stock: Stock) -> Response:
    """Use the link up and sign in; whoever is signed in as the same person has proved it anew."""
    await form_of(request)
    slips: SealedSlips = request.app.state.slips
    ticket = await slips.take(Slip.LINK, secret, Ticket) if takes_tokens(stock) else None
    found = await stock.tokens.in_force(ticket.token) if ticket else None
    if ticket is None or found is None or found.bar is not None:
        raise ProblemError(404, "not-found", SPENT)
    session = await session_of(request)
    onward = RedirectResponse("/", 303, headers=HEADERS)
    if session is not None and (session.caller.person, session.role) == (ticket.person, ticket.role):
        sessions: Sessions = request.app.state.sessions
        if cookie := await sessions.prove(session.id, How.LINK):
            return hand_out(stock, cookie, onward)
    return await let_in(request, stock, found, How.LINK, onward)
