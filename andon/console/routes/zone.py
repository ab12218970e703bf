"""Choosing the zone of times, and getting back what was typed when a session ended."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response
from fastapi.responses import RedirectResponse

from andon.api.problems import ProblemError
from andon.console.entering import put_cookie
from andon.console.keeping import KEPT
from andon.console.pages import HEADERS, PageRoute, came_from, local_path, render
from andon.console.routes.places import Reader, Stock
from andon.console.screens.kept import kept_screen
from andon.console.step_up import held_for
from andon.console.visitors import Listing, check_csrf, form_of
from andon.console.zones import ZONE_COOKIE, ZONE_KEPT, chosen_zone, zone_names

router = APIRouter(route_class=PageRoute, include_in_schema=False)

GONE = (
    "What was typed is kept for half an hour, for whoever typed it. It is not here, or not yours. "
    "Nothing of it was sent."
)


@router.get("/zone")
async def zones(request: Request, session: Listing, reading: Reader) -> Response:
    """Show in which zone times are, and which there are."""
    return render(
        "zone.html",
        session=session,
        chosen=chosen_zone(request),
        own=await reading.own_zone(session.caller),
        names=zone_names(),
        back=came_from(request),
    )


@router.post("/zone")
async def choose(request: Request, session: Listing, stock: Stock) -> Response:
    """Show times in a zone from now on, in this browser."""
    form = await form_of(request)
    check_csrf(form, session)
    answer = RedirectResponse(local_path(form.get("back", "/")), 303, headers=HEADERS)
    wanted = form.get("zone", "")
    if not wanted:
        answer.delete_cookie(ZONE_COOKIE)
        return answer
    if wanted not in zone_names():
        raise ProblemError(422, "unknown-zone", "There is no such zone. Choose one from the list.")
    return put_cookie(stock, ZONE_COOKIE, wanted, ZONE_KEPT, answer, strict=False)


@router.get(KEPT + "{secret}")
async def kept(request: Request, secret: str, session: Listing) -> Response:
    """Give back what somebody typed in a session that had ended."""
    held = await held_for(request, session, secret)
    if held is None:
        raise ProblemError(404, "not-found", GONE)
    return render("kept.html", session=session, screen=kept_screen(held, secret))
