"""The page on which a person decides, and what follows."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Annotated, Final

from fastapi import APIRouter, Depends, Request, Response
from fastapi.responses import RedirectResponse
from pydantic import ValidationError

from andon.api.problems import ProblemError
from andon.console.access import READING
from andon.console.deciding import FINDING, Deciding, Sent, findings_in, key_of, wants_text
from andon.console.models.response import ResponseBody
from andon.console.pages import HEADERS, PageRoute
from andon.console.reading import Reading as Incidents
from andon.console.responding import Desk, asked_of
from andon.console.review import ReviewDesk
from andon.console.routes.places import DecisionId, Incident, Reader, Taking, of_app
from andon.console.step_up import SENSITIVE, require_recent, typed_before
from andon.console.visitors import Answering, Reading, Visitor, check_csrf, form_of
from andon.domain.lessons import taken_over

__all__ = ["key_of", "read_answer", "router"]

AGAIN: Final = "again"
SHOWN_TO = Visitor(READING)

router = APIRouter(route_class=PageRoute, include_in_schema=False)


Asked = Annotated[Deciding, Depends(of_app("deciding"))]


@dataclass(frozen=True, slots=True)
class Answers:
    """What both requests about a question stand on."""

    reading: Incidents
    desk: Desk
    deciding: Deciding
    reviews: ReviewDesk


def answers_of(
    reading: Reader,
    desk: Taking,
    deciding: Asked,
    reviews: Annotated[ReviewDesk, Depends(of_app("reviews"))],
) -> Answers:
    """Return what the requests about questions stand on."""
    return Answers(reading, desk, deciding, reviews)


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
    sent = Sent(typed) if typed is not None else None
    return await on.deciding.page(incident, decision, session, sent=sent, text=wants_text(request))


@router.post("/incidents/{incident}/decisions/{decision}")
async def answer(
    request: Request, *, incident: Incident, decision: DecisionId, session: Answering, on: On
) -> Response:
    """Take an answer; a second click on the same page delivers nothing twice.

    With `again` nothing is taken: what was typed on another page is shown on this one.
    """
    form = await form_of(request)
    check_csrf(form, session)
    if form.get(AGAIN):
        await SHOWN_TO(request)
        return await on.deciding.page(incident, decision, session, sent=Sent(form))
    row = await on.reading.row(incident)
    asked = asked_of(row, decision, session.caller, None)
    asked = replace(asked, role=await on.reading.acting(asked.record, session.caller) or asked.role)
    if asked.record is not None and asked.record.request.kind in SENSITIVE:
        await require_recent(request, session, form)
    try:
        await on.deciding.check(incident, decision, session, form)
        await on.desk.take(asked, read_answer(form), key_of(form))
    except ProblemError as problem:
        if session.caller.bar is not None:
            raise
        return await on.deciding.page(incident, decision, session, sent=Sent(form, problem))
    return RedirectResponse(f"/incidents/{incident}/decisions/{decision}#answer", 303, headers=HEADERS)


def read_answer(form: dict[str, str]) -> ResponseBody:
    """Return the answer in a form.

    Raises:
        ProblemError: something is missing.
    """
    try:
        return ResponseBody(
            option=form.get("option", ""), reason=form.get("reason", ""), findings=dict(findings_in(form))
        )
    except ValidationError as error:
        named = {str(one["loc"][0]): one for one in error.errors()}
        wanted = [_WANTED[name] for name in _WANTED if name in named]
        raise ProblemError(400, "invalid-input", " ".join(wanted) or "The form can't be read.") from error


_WANTED = {"option": "Choose one of the options.", "reason": "Give a reason, at most 4000 characters long."}
