"""Access tokens: requests of the API, and the page."""

from __future__ import annotations

from typing import Annotated, Final

from fastapi import APIRouter, Depends, Path, Request, Response
from fastapi.responses import RedirectResponse
from pydantic import ValidationError

from andon.api.authentication import Caller, only
from andon.api.bodies import parse_body, read_body
from andon.api.problems import ProblemError
from andon.api.server import described_by
from andon.console.access import LISTING
from andon.console.models.tokens import NewToken, TokenList, TokenMade, TokenShown, token_made, token_shown
from andon.console.pages import HEADERS, PageRoute, render
from andon.console.parts import Parts
from andon.console.routes.places import Stock
from andon.console.screens.tokens import token_lines
from andon.console.sessions import Session
from andon.console.step_up import require_recent, typed_before
from andon.console.token_desk import TokenDesk
from andon.console.visitors import Listing, check_csrf, form_of
from andon.console.zones import now_here
from andon.domain.access import MEANING, Scope

BODY_BYTES: Final = 4 * 1024
DEPTH: Final = 3
PLACE: Final = "/tokens"

api = APIRouter(prefix="/v1/tokens", tags=["console"])
router = APIRouter(route_class=PageRoute, include_in_schema=False)

Keeper = Annotated[Caller, Depends(only(LISTING, Scope.ADMIN))]
TokenId = Annotated[str, Path(max_length=32, description="`tok-...`")]


@api.get("")
async def tokens(caller: Keeper, stock: Stock) -> TokenList:
    """List your tokens, those out of force too; an admin sees everybody's."""
    found = await TokenDesk(stock).listed(caller)
    return TokenList(tokens=tuple(token_shown(one, stock.now()) for one in found))


@api.post("", status_code=201, openapi_extra=described_by(NewToken))
async def make(request: Request, caller: Keeper, stock: Stock) -> TokenMade:
    """Make a token. The answer is the only place where it is ever shown."""
    body = await read_body(request, BODY_BYTES, instead="Give a short name.")
    secret, kept = await TokenDesk(stock).make(parse_body(NewToken, body, DEPTH), caller)
    return token_made(kept, stock.now(), secret)


@api.post("/{token}/revoke")
async def revoke(token: TokenId, caller: Keeper, stock: Stock) -> TokenShown:
    """Take a token out of force at once; a second time changes nothing."""
    return token_shown(await TokenDesk(stock).revoke(token, caller), stock.now())


@router.get(PLACE)
async def page(request: Request, session: Listing, stock: Stock) -> Response:
    """Show one's tokens."""
    return await _page(stock, session, typed=await typed_before(request, session) or {})


@router.post(PLACE)
async def make_here(request: Request, session: Listing, stock: Stock) -> Response:
    """Make a token for the visitor, and show it once."""
    form = await form_of(request)
    check_csrf(form, session)
    await require_recent(request, session, form)
    try:
        secret, _ = await TokenDesk(stock).make(_read(form), session.caller)
    except ProblemError as problem:
        return await _page(stock, session, typed=form, problem=problem)
    return await _page(stock, session, made=secret)


@router.post(PLACE + "/revoke")
async def revoke_here(request: Request, session: Listing, stock: Stock) -> Response:
    """Revoke a token."""
    form = await form_of(request)
    check_csrf(form, session)
    await require_recent(request, session, back=PLACE)
    await TokenDesk(stock).revoke(form.get("id", ""), session.caller)
    return RedirectResponse(PLACE, 303, headers=HEADERS)


def _read(form: dict[str, str]) -> NewToken:
    scopes = frozenset(one for one in Scope if form.get(f"scope.{one.value}"))
    try:
        return NewToken(name=form.get("name", ""), scopes=scopes or None, days=int(form.get("days") or 90))
    except (ValidationError, ValueError) as error:
        wanted = "Give a name of at most 80 characters, and from 1 to 366 days."
        raise ProblemError(400, "invalid-input", wanted) from error


async def _page(
    stock: Parts,
    session: Session,
    *,
    typed: dict[str, str] | None = None,
    made: str = "",
    problem: ProblemError | None = None,
) -> Response:
    given = typed or {}
    return render(
        "tokens.html",
        session=session,
        status=problem.status if problem else 200,
        here=PLACE,
        lines=token_lines(await TokenDesk(stock).listed(session.caller), now_here(stock, session)),
        made=made,
        problem=problem.detail if problem else "",
        name=given.get("name", ""),
        days=given.get("days", str(stock.sign_in.token_days)),
        scopes=[(one.value, MEANING[one], f"scope.{one.value}" in given) for one in Scope],
    )
