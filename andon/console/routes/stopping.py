"""The pages on which people pull the cord: what and why, a last look, and what became of it."""

from __future__ import annotations

import secrets
from typing import Annotated, Final

from fastapi import APIRouter, Depends, Request, Response
from fastapi.responses import RedirectResponse

from andon.api.problems import ProblemError
from andon.console.cord import CordDesk, reason_of
from andon.console.models.stop import Chosen, chosen_from
from andon.console.pages import HEADERS, PageRoute, render
from andon.console.reading import Reading
from andon.console.routes.answering import key_of
from andon.console.routes.places import Incident, Reader, of_app
from andon.console.screens.cord import choice_screen, look_screen
from andon.console.screens.moments import zone_key
from andon.console.screens.stopped import effect_screen
from andon.console.sessions import Session
from andon.console.visitors import Reading as ReadingSession
from andon.console.visitors import Visitor, check_csrf, form_of
from andon.domain.directory import STOPPING

NOT_CHOSEN: Final = "Choose what is to be stopped."
NOT_THERE: Final = "That can't be stopped any more: it is no longer registered. Choose again."

router = APIRouter(route_class=PageRoute, include_in_schema=False)

Pulling = Annotated[Session, Depends(Visitor(STOPPING))]
Cord = Annotated[CordDesk, Depends(of_app("cord"))]


@router.get("/stop")
async def choose(session: Pulling, cord: Cord, reading: Reader, system: str = "") -> Response:
    """Ask what is to be stopped, and why."""
    return await _choice(session, cord, reading, {"system": system[:64]})


@router.post("/stop")
async def look(request: Request, session: Pulling, cord: Cord, reading: Reader) -> Response:
    """Say exactly what would be held; nothing is yet."""
    form = await form_of(request)
    check_csrf(form, session)
    chosen = chosen_from(form.get("what", ""))
    if chosen is None:
        return await _choice(session, cord, reading, form, ProblemError(400, "invalid-input", NOT_CHOSEN))
    try:
        reason = reason_of(form.get("reason", ""))
    except ProblemError as problem:
        return await _choice(session, cord, reading, form, problem)
    return await _look(session, cord, reading, chosen, reason)


@router.post("/stop/now")
async def pull(request: Request, session: Pulling, cord: Cord, reading: Reader) -> Response:
    """Stop it. Pressed twice it is one stop.

    No proof of presence is asked for: to stop is the safe side, and each second counts.
    """
    form = await form_of(request)
    check_csrf(form, session)
    key, chosen = key_of(form), chosen_from(form.get("what", ""))
    if chosen is None:
        return await _choice(session, cord, reading, form, ProblemError(400, "invalid-input", NOT_CHOSEN))
    try:
        taken = await cord.pull(session.caller, chosen, form.get("reason", ""), key)
    except ProblemError as problem:
        return await _look(session, cord, reading, chosen, form.get("reason", ""), problem)
    if taken.incident is None or not await cord.known(taken.incident):
        now = await reading.now_of(session.caller)
        return render("stop_kept.html", session=session, status=202, taken=taken, zone=zone_key(now))
    return RedirectResponse(f"/stop/{taken.incident}", 303, headers=HEADERS)


@router.get("/stop/{incident}")
async def effect(incident: Incident, session: ReadingSession, cord: Cord, reading: Reader) -> Response:
    """Show what became of a stop: each lever with its proof, who was told, how to undo it."""
    stopped = await cord.stopped(incident)
    now = await reading.now_of(session.caller)
    screen = effect_screen(stopped, now)
    return render("stopped.html", session=session, screen=screen, zone=zone_key(now))


async def _choice(
    session: Session,
    cord: CordDesk,
    reading: Reading,
    typed: dict[str, str],
    problem: ProblemError | None = None,
) -> Response:
    now = await reading.now_of(session.caller)
    screen = choice_screen(await cord.stoppable(), typed, problem=problem.detail if problem else "")
    status = problem.status if problem else 200
    return render("stop.html", session=session, status=status, screen=screen, zone=zone_key(now))


async def _look(
    session: Session,
    cord: CordDesk,
    reading: Reading,
    chosen: Chosen,
    reason: str,
    problem: ProblemError | None = None,
) -> Response:
    found = next((one for one in await cord.stoppable() if one.system.id == chosen.system), None)
    lever = found.lever(chosen) if found else None
    if found is None or lever is None:
        return await _choice(
            session,
            cord,
            reading,
            {"reason": reason},
            problem or ProblemError(400, "invalid-input", NOT_THERE),
        )
    now = await reading.now_of(session.caller)
    told = problem.detail if problem else ""
    screen = look_screen(found, lever, await cord.asked_first(), reason, now, problem=told)
    return render(
        "stop_look.html",
        session=session,
        status=problem.status if problem else 200,
        screen=screen,
        key=secrets.token_urlsafe(24),
        zone=zone_key(now),
    )
