"""The pages of changes: what is open and overdue, and where one is proven or dropped."""

from __future__ import annotations

import asyncio
import secrets
from typing import Annotated, Final

from fastapi import APIRouter, Depends, Query, Request, Response
from fastapi.responses import RedirectResponse
from pydantic import ValidationError

from andon.api.problems import ProblemError
from andon.console.following import Following
from andon.console.models.change import DropBody, ProofBody
from andon.console.pages import HEADERS, PageRoute, render
from andon.console.reading import Reading as Incidents
from andon.console.routes.answering import key_of
from andon.console.routes.changes import ChangeName, Kept
from andon.console.routes.places import Incident, Reader, Stock
from andon.console.screens.changes import change_lines, change_screen, choices
from andon.console.screens.moments import zone_key
from andon.console.sessions import Session
from andon.console.visitors import Answering, Listing, Reading, check_csrf, form_of
from andon.domain.change import ChangeState, ChangeType
from andon.domain.errors import InvalidInputError
from andon.register.changes import Wanted

LINES: Final = 100
WORDS: Final = (
    "Say in a sentence, or with a link, what proves it or why it is dropped; at most 4000 characters."
)

router = APIRouter(route_class=PageRoute, include_in_schema=False)


async def _chosen(
    *,
    stock: Stock,
    overdue: Annotated[str, Query(max_length=8)] = "",
    state: Annotated[str, Query(max_length=16)] = "",
    type: Annotated[str, Query(max_length=32)] = "",  # noqa: A002 - the name of the field
    system: Annotated[str, Query(max_length=64)] = "",
) -> Wanted:
    """Return what a form asks for; an empty field asks for any."""
    try:
        return Wanted(
            state=ChangeState(state) if state else None,
            overdue_at=stock.now() if overdue else None,
            system=system or None,
            kind=ChangeType(type) if type else None,
        )
    except ValueError as error:
        raise InvalidInputError("There is no such state or type of change. Choose from the lists.") from error


@router.get("/changes")
async def changes(
    *,
    session: Listing,
    reading: Reader,
    stock: Stock,
    kept: Kept,
    wanted: Annotated[Wanted, Depends(_chosen)],
) -> Response:
    """List what was promised after incidents."""
    found = await kept.listed(wanted, session.caller, limit=LINES)
    systems = await asyncio.to_thread(stock.systems.systems)
    now = await reading.now_of(session.caller)
    return render(
        "changes.html",
        session=session,
        lines=change_lines(found, now),
        sums=found.sums,
        more=found.more,
        choices=choices(wanted, tuple(sorted(one.id for one in systems))),
        zone=zone_key(now),
    )


@router.get("/changes/{incident}/{change}")
async def change(
    *, incident: Incident, change: ChangeName, session: Reading, reading: Reader, kept: Kept
) -> Response:
    """Show one change."""
    return await _page(reading, kept, session, incident, change)


@router.post("/changes/{incident}/{change}")
async def settle(
    request: Request,
    *,
    incident: Incident,
    change: ChangeName,
    session: Answering,
    reading: Reader,
    kept: Kept,
) -> Response:
    """Prove or drop a change; a second click on the same page settles nothing twice."""
    form = await form_of(request)
    check_csrf(form, session)
    row = await reading.row(incident)
    try:
        said = _read(form)
        if isinstance(said, ProofBody):
            await kept.prove(row, session.caller, change, said, key_of(form))
        else:
            await kept.drop(row, session.caller, change, said, key_of(form))
    except ProblemError as problem:
        if session.caller.bar is not None:
            raise
        return await _page(reading, kept, session, incident, change, form=form, problem=problem)
    return RedirectResponse(f"/changes/{incident}/{change}", 303, headers=HEADERS)


async def _page(
    reading: Incidents,
    kept: Following,
    session: Session,
    incident: str,
    change: str,
    *,
    form: dict[str, str] | None = None,
    problem: ProblemError | None = None,
) -> Response:
    """Return the page; after a problem with what was typed, and the same key."""
    found = await kept.one(incident, change, session.caller)
    now = await reading.now_of(session.caller)
    return render(
        "change.html",
        session=session,
        status=problem.status if problem else 200,
        headers=problem.headers if problem else None,
        screen=change_screen(found, now),
        typed=(form or {}).get("words", ""),
        problem=problem.detail if problem else "",
        key=key_of(form) if form is not None else secrets.token_urlsafe(24),
        zone=zone_key(now),
    )


def _read(form: dict[str, str]) -> ProofBody | DropBody:
    words = form.get("words", "")
    try:
        return DropBody(reason=words) if form.get("say") == "drop" else ProofBody(proof=words)
    except ValidationError as error:
        raise ProblemError(400, "invalid-input", WORDS) from error
