"""The page on which a person asks for a decision, and what follows."""

from __future__ import annotations

import secrets
from typing import Annotated

from fastapi import APIRouter, Path, Request, Response
from fastapi.responses import RedirectResponse
from pydantic import ValidationError

from andon.api.problems import ProblemError
from andon.console.asking import Asking
from andon.console.models.proposal import ProposalBody
from andon.console.pages import HEADERS, PageRoute, render
from andon.console.reading import Reading as Incidents
from andon.console.routes.answering import key_of
from andon.console.routes.places import Incident, Petitions, Reader
from andon.console.screens.asking import TypedBefore, asking_screen
from andon.console.screens.moments import zone_key
from andon.console.sessions import Session
from andon.console.visitors import Answering, Reading, check_csrf, form_of
from andon.domain.decision import DecisionKind
from andon.domain.errors import NotFoundError

ABOUT = "about."
PLACE = "/incidents/{incident}/ask/{kind}"
Kind = Annotated[str, Path(max_length=64, description="kind of decision")]

router = APIRouter(route_class=PageRoute, include_in_schema=False)


@router.get(PLACE)
async def form(
    incident: Incident, kind: Kind, session: Reading, reading: Reader, asking: Petitions
) -> Response:
    """Show what asking for this takes, and what may come of it."""
    return await _page(reading, asking, session, incident, kind)


@router.post(PLACE)
async def ask(
    request: Request,
    *,
    incident: Incident,
    kind: Kind,
    session: Answering,
    reading: Reader,
    asking: Petitions,
) -> Response:
    """Ask for a decision; a second click on the same page asks for nothing twice."""
    fields = await form_of(request)
    check_csrf(fields, session)
    row = await reading.row(incident)
    try:
        taken = await asking.take(row, session.caller, _read(kind, fields), key_of(fields))
    except ProblemError as problem:
        if session.caller.bar is not None:
            raise
        return await _page(reading, asking, session, incident, kind, fields=fields, problem=problem)
    return RedirectResponse(f"/incidents/{incident}/decisions/{taken.decision}", 303, headers=HEADERS)


async def _page(
    reading: Incidents,
    asking: Asking,
    session: Session,
    incident: str,
    kind: str,
    *,
    fields: dict[str, str] | None = None,
    problem: ProblemError | None = None,
) -> Response:
    found = await reading.incident(incident, session.caller)
    askable = await asking.askable(await reading.row(incident), session.caller)
    wanted = next((one for one in askable if one.kind.value == kind), None)
    if wanted is None:
        raise problem or NotFoundError("decision that you may ask for here", kind)
    now = await reading.now_of(session.caller)
    before = TypedBefore(fields or {}, problem.detail if problem else "")
    return render(
        "ask.html",
        session=session,
        status=problem.status if problem else 200,
        headers=problem.headers if problem else None,
        screen=asking_screen(found, wanted, session, now, before),
        key=key_of(fields) if fields is not None else secrets.token_urlsafe(24),
        zone=zone_key(now),
    )


def _read(kind: str, fields: dict[str, str]) -> ProposalBody:
    about = {
        name.removeprefix(ABOUT): value for name, value in fields.items() if name.startswith(ABOUT) and value
    }
    try:
        return ProposalBody(
            kind=DecisionKind(kind),
            about=about,
            reason=fields.get("reason", ""),
            text=fields.get("text", "").strip() or None,
        )
    except ValidationError as error:
        wanted = [_WANTED[name] for name in _WANTED if name in {str(one["loc"][0]) for one in error.errors()}]
        raise ProblemError(400, "invalid-input", " ".join(wanted) or "The form can't be read.") from error
    except ValueError as error:
        raise NotFoundError("kind of decision", kind) from error


_WANTED = {
    "reason": "Give a reason, at most 4000 characters long.",
    "text": "The text is 20000 characters at most.",
}
