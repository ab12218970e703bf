"""The page on which a person decides, and what follows."""

from __future__ import annotations

import secrets
from dataclasses import dataclass, replace
from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response
from fastapi.responses import RedirectResponse
from pydantic import ValidationError

from andon.api.problems import ProblemError
from andon.console.choosing import choices_for
from andon.console.models.decision import DecisionShown
from andon.console.models.incident import IncidentShown
from andon.console.models.response import ResponseBody
from andon.console.opening import GATE, Reviewed
from andon.console.pages import HEADERS, PageRoute, render
from andon.console.parts import Parts
from andon.console.reading import Reading as Incidents
from andon.console.responding import Desk, asked_of
from andon.console.review import ReviewDesk
from andon.console.routes.places import DecisionId, Incident, Noting, Reader, Stock, Taking, of_app
from andon.console.screens.decision import NEEDS_GATE, Typed, decision_screen
from andon.console.screens.moments import zone_key
from andon.console.screens.review import LEARNING, proposal_lines
from andon.console.screens.stopping import DECIDED_ON, stopping_box
from andon.console.sessions import Session
from andon.console.step_up import SENSITIVE, require_recent, typed_before
from andon.console.visitors import Answering, Reading, check_csrf, form_of
from andon.domain.errors import NotFoundError
from andon.domain.lessons import taken_over

FINDING = "finding."
PICKED = "pick."
LONGEST_KEY = 64

router = APIRouter(route_class=PageRoute, include_in_schema=False)


@dataclass(frozen=True, slots=True)
class Answers:
    """What both requests about a question stand on."""

    reading: Incidents
    desk: Desk
    reviewed: Reviewed
    parts: Parts
    reviews: ReviewDesk


def answers_of(
    reading: Reader,
    desk: Taking,
    reviewed: Noting,
    stock: Stock,
    reviews: Annotated[ReviewDesk, Depends(of_app("reviews"))],
) -> Answers:
    """Return what the requests about questions stand on."""
    return Answers(reading, desk, reviewed, stock, reviews)


On = Annotated[Answers, Depends(answers_of)]


@router.get("/incidents/{incident}/decisions/{decision}")
async def question(
    request: Request, *, incident: Incident, decision: DecisionId, session: Reading, on: On
) -> Response:
    """Show a question and what an answer to it does; `?propose=N` takes a proposed change over."""
    typed = await typed_before(request, session)
    if typed is None and (number := request.query_params.get("propose")):
        proposed = await on.reviews.proposals(await on.reading.row(incident))
        typed = {f"{FINDING}{name}": value for name, value in taken_over(proposed, number).items()}
    return await _page(on, incident, decision, session, form=typed)


@router.post("/incidents/{incident}/decisions/{decision}")
async def answer(
    request: Request, *, incident: Incident, decision: DecisionId, session: Answering, on: On
) -> Response:
    """Take an answer; a second click on the same page delivers nothing twice."""
    form = await form_of(request)
    check_csrf(form, session)
    row = await on.reading.row(incident)
    asked = asked_of(row, decision, session.caller, None)
    asked = replace(asked, role=await on.reading.acting(asked.record, session.caller) or asked.role)
    if asked.record is not None and asked.record.request.kind in SENSITIVE:
        await require_recent(request, session, form)
    try:
        await on.desk.take(asked, read_answer(form), key_of(form))
    except ProblemError as problem:
        if session.caller.bar is not None:
            raise
        return await _page(on, incident, decision, session, form=form, problem=problem)
    return RedirectResponse(f"/incidents/{incident}/decisions/{decision}#answer", 303, headers=HEADERS)


async def _page(
    on: Answers,
    incident: str,
    decision: str,
    session: Session,
    *,
    form: dict[str, str] | None = None,
    problem: ProblemError | None = None,
) -> Response:
    """Return the page; after a problem with what was typed, and the same key."""
    found = await on.reading.incident(incident, session.caller)
    shown = _decision(found, decision)
    row = await on.reading.row(incident)
    if shown.kind in NEEDS_GATE:
        await on.reviewed.note(row, session.caller.person, GATE)
    now = await on.reading.now_of(session.caller)
    asked = asked_of(row, decision, session.caller, None)
    screen = decision_screen(
        found,
        shown,
        session,
        now,
        shown_digest=on.desk.shown_digest(shown.request),
        opened=await on.reviewed.by(row, session.caller.person),
        acting=await on.reading.acting(asked.record, session.caller) or session.role,
        choices=await choices_for(on.parts, shown.request),
        typed=_typed(form, problem.detail if problem else "") if form is not None else None,
    )
    return render(
        "decision.html",
        session=session,
        status=problem.status if problem else 200,
        headers=problem.headers if problem else None,
        screen=screen,
        stopping=stopping_box(found, now) if shown.kind in DECIDED_ON else None,
        proposals=proposal_lines(await on.reviews.proposals(row)) if shown.kind in LEARNING else (),
        personal=shown.signing == "personal",
        key=key_of(form) if form is not None else secrets.token_urlsafe(24),
        zone=zone_key(now),
    )


def _decision(incident: IncidentShown, decision: str) -> DecisionShown:
    found = incident.decision(decision)
    if found is None:
        raise NotFoundError("question", decision)
    return found


def read_answer(form: dict[str, str]) -> ResponseBody:
    """Return the answer in a form.

    Raises:
        ProblemError: something is missing.
    """
    try:
        return ResponseBody(
            option=form.get("option", ""), reason=form.get("reason", ""), findings=dict(_findings(form))
        )
    except ValidationError as error:
        named = {str(one["loc"][0]): one for one in error.errors()}
        wanted = [_WANTED[name] for name in _WANTED if name in named]
        raise ProblemError(400, "invalid-input", " ".join(wanted) or "The form can't be read.") from error


_WANTED = {"option": "Choose one of the options.", "reason": "Give a reason, at most 4000 characters long."}


def _findings(form: dict[str, str]) -> tuple[tuple[str, str], ...]:
    """Return the findings in a form; boxes that were ticked for one finding are joined by commas."""
    found = {
        name.removeprefix(FINDING): value.strip()
        for name, value in form.items()
        if name.startswith(FINDING) and value.strip()
    }
    for name in form:
        finding, _, value = name.removeprefix(PICKED).partition(".")
        if name.startswith(PICKED) and value:
            found[finding] = f"{found[finding]},{value}" if finding in found else value
    return tuple(found.items())


def _typed(form: dict[str, str], problem: str) -> Typed:
    return Typed(
        option=form.get("option", ""),
        reason=form.get("reason", ""),
        findings=_findings(form),
        problem=problem,
    )


def key_of(form: dict[str, str]) -> str:
    """Return the key under which a form counts once, however often it is sent."""
    key = form.get("key", "")
    return key if 8 <= len(key) <= LONGEST_KEY else secrets.token_urlsafe(24)
