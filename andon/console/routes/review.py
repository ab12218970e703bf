"""The post-incident review over HTTP and as a page, and findings over near misses."""

from __future__ import annotations

import asyncio
from typing import Annotated, Final

from fastapi import APIRouter, Depends, Path, Query, Request, Response
from fastapi.responses import RedirectResponse
from pydantic import ValidationError

from andon.adapters.print.incident_file import pdf_of
from andon.api.authentication import Caller, only
from andon.api.bodies import parse_body, read_body
from andon.api.problems import ProblemError
from andon.api.server import described_by
from andon.console.access import READING, REVIEWING
from andon.console.models.review import DurableControlList, ReviewShown, WordsBody, WordsNoted
from andon.console.pages import HEADERS, PageRoute, render
from andon.console.review import ReviewDesk
from andon.console.routes.places import Incident, Reader, of_app
from andon.console.screens.moments import zone_key
from andon.console.screens.review import review_screen
from andon.console.sessions import Session
from andon.console.visitors import Reading, Visitor, check_csrf, form_of
from andon.domain.access import Scope
from andon.domain.readable_review import readable_review

BODY_BYTES: Final = 64 * 1024
DEPTH: Final = 1
PLACE: Final = "/incidents/{incident}/review"

api = APIRouter(prefix="/v1", tags=["console"])
screens = APIRouter(route_class=PageRoute, include_in_schema=False)

Reviews = Annotated[ReviewDesk, Depends(of_app("reviews"))]
Writer = Annotated[Caller, Depends(only(REVIEWING, Scope.RESPOND))]
Writing = Annotated[Session, Depends(Visitor(REVIEWING))]
Part = Annotated[str, Path(max_length=32, description="one of the five parts")]


@api.get(PLACE, dependencies=[Depends(only(READING))])
async def review(incident: Incident, reading: Reader, reviews: Reviews) -> ReviewShown:
    """Return the post-incident review as it stands: what the record tells, open questions, people's words."""
    return await reviews.shown(await reading.row(incident))


@api.post(PLACE + "/{part}", status_code=201, openapi_extra=described_by(WordsBody))
async def write(
    request: Request, *, incident: Incident, part: Part, caller: Writer, reading: Reader, reviews: Reviews
) -> WordsNoted:
    """Write for one part of the review; what was there stays as an earlier version."""
    content = await read_body(request, BODY_BYTES, instead="A part is 8000 characters at most.")
    body = parse_body(WordsBody, content, DEPTH)
    return await reviews.write(await reading.row(incident), caller, part, body)


@api.get("/durable-controls", dependencies=[Depends(only(READING))])
async def durable_controls(
    reviews: Reviews, system: Annotated[str | None, Query(max_length=64)] = None
) -> DurableControlList:
    """List causes of which people have caught more than one near miss, and nothing else has."""
    return DurableControlList(needed=await reviews.needed(system))


@screens.get(PLACE)
async def page(incident: Incident, session: Reading, reading: Reader, reviews: Reviews) -> Response:
    """Show the review, with a form for each part."""
    return await _page(reading, reviews, session, incident, {})


@screens.post(PLACE)
async def take(
    request: Request, *, incident: Incident, session: Writing, reading: Reader, reviews: Reviews
) -> Response:
    """Take what somebody wrote for one part."""
    fields = await form_of(request)
    check_csrf(fields, session)
    part = fields.get("part", "")
    try:
        body = _body(fields)
        await reviews.write(await reading.row(incident), session.caller, part, body)
    except ProblemError as problem:
        return await _page(reading, reviews, session, incident, fields, problem)
    return RedirectResponse(f"/incidents/{incident}/review#part-{part}", 303, headers=HEADERS)


@screens.get(PLACE + ".pdf")
async def pdf(
    incident: Incident,
    session: Reading,  # noqa: ARG001 - lets in
    reading: Reader,
    reviews: Reviews,
) -> Response:
    """Hand out the review as a PDF."""
    shown = await reviews.shown(await reading.row(incident))
    content = await asyncio.to_thread(pdf_of, readable_review(shown.model_dump(mode="json")))
    return Response(
        content,
        media_type="application/pdf",
        headers={"Content-Disposition": f'attachment; filename="{incident}-review.pdf"'},
    )


async def _page(
    reading: Reader,
    reviews: Reviews,
    session: Session,
    incident: str,
    typed: dict[str, str],
    problem: ProblemError | None = None,
) -> Response:
    found = await reading.incident(incident, session.caller)
    shown = await reviews.shown(await reading.row(incident))
    now = await reading.now_of(session.caller)
    return render(
        "review.html",
        session=session,
        status=problem.status if problem else 200,
        screen=review_screen(
            found, shown, session, now, typed=typed, problem=problem.detail if problem else ""
        ),
        zone=zone_key(now),
    )


def _body(fields: dict[str, str]) -> WordsBody:
    try:
        return WordsBody(text=fields.get("text", ""), after=int(fields.get("after", "0")))
    except (ValidationError, ValueError) as error:
        raise ProblemError(400, "invalid-input", "Write something, 8000 characters at most.") from error
