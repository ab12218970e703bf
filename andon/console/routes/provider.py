"""Signing in, and proving again who one is, with the organisation's OpenID Connect provider.

The provider's answer comes from another site, so a browser withholds the SameSite=Strict session cookie
from it. A cookie of its own, Lax and good for minutes, binds the answer to the browser that asked.
"""

from __future__ import annotations

import asyncio
import logging
from datetime import timedelta
from typing import Final
from urllib.parse import quote

from fastapi import APIRouter, Request, Response
from fastapi.responses import RedirectResponse

from andon.api.authentication import Caller
from andon.api.guards import OPEN
from andon.api.problems import ProblemError
from andon.console.entering import hand_out, let_in, put_cookie
from andon.console.oidc import Asked, Identified, NotProvenError, Provider
from andon.console.pages import HEADERS, PageRoute, local_path, render
from andon.console.parts import Parts
from andon.console.routes.places import Stock
from andon.console.screens.parts import role_name
from andon.console.sessions import Sessions
from andon.console.slips import SealedSlips
from andon.console.step_up import Held, way_back
from andon.console.visitors import Listing, form_of
from andon.domain.access import EXPLAINED, Bar
from andon.domain.directory import Person, Role
from andon.domain.errors import NotFoundError
from andon.domain.values import Frozen, PersonId, Sha256Hex
from andon.register.sessions import How
from andon.register.slips import Slip

logger = logging.getLogger(__name__)
router = APIRouter(route_class=PageRoute, include_in_schema=False)

CALLBACK: Final = "/sign-in/answer"
FLOW: Final = "andon_sign_in"
IN_ADDRESSES: Final = ":/%#?=@[]!$&'()*+,"
GOOD_FOR: Final = timedelta(minutes=10)
TOO_LATE: Final = "This sign-in took too long, was finished already, or was begun in another browser."


class Flow(Frozen):
    """A sign-in that is under way at the provider."""

    asked: Asked
    next: str
    proving: PersonId | None = None
    session: Sha256Hex | None = None


class Choice(Frozen):
    """Somebody the provider identified, who has yet to say in which role they act."""

    person: PersonId
    roles: tuple[Role, ...]
    next: str


@router.get("/sign-in/with-provider", dependencies=[OPEN])
async def begin(request: Request, stock: Stock, next: str = "/") -> Response:  # noqa: A002 - the name people see in the address
    """Send the browser to the provider."""
    url, asked = await _provider(stock).ask(fresh=False)
    return await _away(request, stock, url, Flow(asked=asked, next=local_path(next)))


@router.get("/prove/with-provider")
async def begin_proof(request: Request, session: Listing, stock: Stock, held: str = "") -> Response:
    """Have the provider ask again who is there."""
    url, asked = await _provider(stock).ask(fresh=True)
    waiting = await _slips(request).look(Slip.HELD, held, Held)
    onward = way_back(waiting, held) if waiting else "/"
    flow = Flow(asked=asked, next=onward, proving=session.caller.person, session=session.id)
    return await _away(request, stock, url, flow)


@router.get(CALLBACK, dependencies=[OPEN])
async def finish(request: Request, stock: Stock) -> Response:
    """Take the provider's answer."""
    flow = await _slips(request).take(Slip.FLOW, request.cookies.get(_flow_cookie(stock), ""), Flow)
    if flow is None:
        raise NotProvenError(TOO_LATE)
    identified = await _provider(stock).answered(dict(request.query_params), flow.asked)
    person = await _known(stock, identified)
    if flow.session is not None:
        return await _proven(request, stock, person, flow)
    roles = tuple(role for role in person.roles if role is not Role.DETECTOR)
    if not roles:
        raise ProblemError(403, "forbidden", "The directory gives you no role here. Ask an admin.")
    if len(roles) == 1:
        caller = Caller(person.id, roles[0])
        return await let_in(request, stock, caller, How.OIDC, _onward(flow.next))
    secret = await _slips(request).put(
        Slip.CHOICE, Choice(person=person.id, roles=roles, next=flow.next), GOOD_FOR
    )
    choices = [(role.value, role_name(role)) for role in roles]
    page = render("choose_role.html", person=person.name, roles=choices)
    return put_cookie(stock, _flow_cookie(stock), secret, GOOD_FOR, page, strict=False)


@router.post("/sign-in/role", dependencies=[OPEN])
async def choose(request: Request, stock: Stock) -> Response:
    """Begin a session in the role a person chose among those they hold."""
    form = await form_of(request)
    choice = await _slips(request).take(Slip.CHOICE, request.cookies.get(_flow_cookie(stock), ""), Choice)
    if choice is None or form.get("role") not in choice.roles:
        raise NotProvenError(TOO_LATE)
    role = Role(form["role"])
    if bar := await stock.tokens.bar(choice.person, role):
        raise _barred(choice.person, bar)
    onward = RedirectResponse(choice.next, 303, headers=HEADERS)
    return await let_in(request, stock, Caller(choice.person, role), How.OIDC, onward)


async def _proven(request: Request, stock: Parts, person: Person, flow: Flow) -> Response:
    sessions: Sessions = request.app.state.sessions
    if person.id != flow.proving:
        raise NotProvenError("You proved to be somebody else than who is signed in here.")
    cookie = await sessions.prove(flow.session or "", How.OIDC)
    if cookie is None:
        raise NotProvenError(TOO_LATE)
    return hand_out(stock, cookie, _onward(flow.next))


async def _known(stock: Parts, identified: Identified) -> Person:
    now = stock.now()
    try:
        directory = await asyncio.to_thread(stock.people.directory_at, now)
    except NotFoundError:
        directory = None
    person = directory.identified(identified.issuer, identified.subject) if directory else None
    if person is None:
        named = {"issuer": identified.issuer, "subject": identified.subject}
        logger.warning("somebody the directory does not know tried to sign in", extra=named)
        raise ProblemError(
            403,
            "unknown-person",
            "Your account is good, but the directory does not know it. Ask an admin to add this identity: "
            f"{identified.subject[:255]} of {identified.issuer}.",
        )
    if person.suspended_at(now):
        raise _barred(person.id, Bar.SUSPENDED)
    return person


def _barred(person: PersonId, bar: Bar) -> ProblemError:
    logger.warning("somebody who is barred tried to sign in", extra={"person": person, "bar": bar.value})
    return ProblemError(403, bar.value.replace("_", "-"), EXPLAINED[bar])


async def _away(request: Request, stock: Parts, url: str, flow: Flow) -> Response:
    secret = await _slips(request).put(Slip.FLOW, flow, GOOD_FOR)
    leaving = RedirectResponse(url, 303, headers=HEADERS)
    return put_cookie(stock, _flow_cookie(stock), secret, GOOD_FOR, leaving, strict=False)


def _onward(wanted: str) -> Response:
    """Go on by a page of our own: a redirect would still count as coming from the provider's site."""
    return render(
        "onward.html", next=wanted, headers={"Refresh": f"0; url={quote(wanted, safe=IN_ADDRESSES)}"}
    )


def _provider(stock: Parts) -> Provider:
    if not stock.oidc.issuer:
        raise ProblemError(404, "not-found", "No OpenID Connect provider is named in the settings.")
    return Provider(stock.oidc, f"{stock.url}{CALLBACK}", stock.now)


def _slips(request: Request) -> SealedSlips:
    slips: SealedSlips = request.app.state.slips
    return slips


def _flow_cookie(stock: Parts) -> str:
    return f"__Host-{FLOW}" if stock.url.startswith("https://") else FLOW
