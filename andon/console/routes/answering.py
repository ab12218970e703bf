"""The page on which a person decides, and what follows."""

from __future__ import annotations

import secrets
from dataclasses import dataclass

from fastapi import APIRouter, Request, Response
from fastapi.responses import RedirectResponse
from pydantic import ValidationError

from andon.api.problems import ProblemError
from andon.console.models.decision import DecisionShown
from andon.console.models.incident import IncidentShown
from andon.console.models.response import ResponseBody
from andon.console.pages import HEADERS, PageRoute, render
from andon.console.parts import Parts
from andon.console.responding import Desk, asked_of
from andon.console.routes.places import DecisionId, Incident, Reader, Stock, Taking
from andon.console.screens.decision import Typed, decision_screen
from andon.console.sessions import Session
from andon.console.step_up import SENSITIVE, require_recent, typed_before
from andon.console.visitors import Answering, Reading, check_csrf, form_of
from andon.domain.errors import NotFoundError

FINDING = "finding."
LONGEST_KEY = 64

router = APIRouter(route_class=PageRoute, include_in_schema=False)


@router.get("/incidents/{incident}/decisions/{decision}")
async def question(
    request: Request,
    *,
    incident: Incident,
    decision: DecisionId,
    session: Reading,
    reading: Reader,
    desk: Taking,
    stock: Stock,
) -> Response:
    """Show a question and what an answer to it does."""
    found = await reading.incident(incident, session.caller)
    typed = await typed_before(request, session)
    return _Page(found, _decision(found, decision), session, desk, stock).render(typed)


@router.post("/incidents/{incident}/decisions/{decision}")
async def answer(
    request: Request,
    *,
    incident: Incident,
    decision: DecisionId,
    session: Answering,
    reading: Reader,
    desk: Taking,
    stock: Stock,
) -> Response:
    """Take an answer; a second click on the same page delivers nothing twice."""
    form = await form_of(request)
    check_csrf(form, session)
    row = await reading.row(incident)
    asked = asked_of(row, decision, session.caller, None)
    if asked.record is not None and asked.record.request.kind in SENSITIVE:
        await require_recent(request, session, form)
    try:
        await desk.take(asked, read_answer(form), _key(form))
    except ProblemError as problem:
        if session.caller.bar is not None:
            raise
        found = await reading.incident(incident, session.caller)
        page = _Page(found, _decision(found, decision), session, desk, stock)
        return page.render(form, problem)
    return RedirectResponse(f"/incidents/{incident}/decisions/{decision}#answer", 303, headers=HEADERS)


@dataclass(frozen=True, slots=True)
class _Page:
    incident: IncidentShown
    decision: DecisionShown
    session: Session
    desk: Desk
    stock: Parts

    def render(self, form: dict[str, str] | None = None, problem: ProblemError | None = None) -> Response:
        """Return the page; after a problem with what was typed, and the same key."""
        screen = decision_screen(
            self.incident,
            self.decision,
            self.session,
            self.stock.now(),
            shown_digest=self.desk.shown_digest(self.decision.request),
            typed=_typed(form, problem.detail if problem else "") if form is not None else None,
        )
        return render(
            "decision.html",
            session=self.session,
            status=problem.status if problem else 200,
            headers=problem.headers if problem else None,
            screen=screen,
            personal=self.decision.request.signing == "personal",
            key=_key(form) if form is not None else secrets.token_urlsafe(24),
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
    return tuple(
        (name.removeprefix(FINDING), value)
        for name, value in form.items()
        if name.startswith(FINDING) and value
    )


def _typed(form: dict[str, str], problem: str) -> Typed:
    return Typed(
        option=form.get("option", ""),
        reason=form.get("reason", ""),
        findings=_findings(form),
        problem=problem,
    )


def _key(form: dict[str, str]) -> str:
    key = form.get("key", "")
    return key if 8 <= len(key) <= LONGEST_KEY else secrets.token_urlsafe(24)
