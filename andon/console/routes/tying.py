"""Links that people make, over HTTP and as a page: merge, part, split, link, decline what looks alike."""

from __future__ import annotations

from typing import Annotated, Final

from fastapi import APIRouter, Depends, Request, Response
from fastapi.responses import RedirectResponse
from pydantic import ValidationError

from andon.api.authentication import Caller, only
from andon.api.bodies import parse_body, read_body
from andon.api.problems import ProblemError
from andon.api.server import described_by
from andon.console.access import READING, TYING
from andon.console.deciding import key_of
from andon.console.declaring import Declaring
from andon.console.models.declaration import DeclarationBody
from andon.console.pages import HEADERS, PageRoute, render
from andon.console.reading import Reading as Incidents
from andon.console.routes.places import Incident, Reader, Stating, of_app
from andon.console.screens.moments import zone_key
from andon.console.screens.tying import WAYS, Sure, merge_sure, split_sure, tying_screen
from andon.console.sessions import Session
from andon.console.tying import LinkBody, LinksNow, Tie, Tying
from andon.console.visitors import Answering, Reading, Visitor, check_csrf, form_of
from andon.domain.access import Scope

BODY_BYTES: Final = 32 * 1024
DEPTH: Final = 1
PLACE: Final = "/incidents/{incident}/links"
WANTED: Final = "Choose what it is about, and say why in at most 4000 characters."
SHOWN_TO = Visitor(READING)
TIES = Visitor(TYING)

api = APIRouter(prefix="/v1", tags=["console"])
screens = APIRouter(route_class=PageRoute, include_in_schema=False)

Tied = Annotated[Tying, Depends(of_app("tying"))]


@api.post(PLACE, openapi_extra=described_by(LinkBody))
async def tie(
    request: Request,
    incident: Incident,
    caller: Annotated[Caller, Depends(only(TYING, Scope.RESPOND))],
    reading: Reader,
    tying: Tied,
) -> LinksNow:
    """Link two that belong together, end that, or say that two which look the same are not one.

    Merging, parting and splitting are declarations: POST .../declarations.
    """
    content = await read_body(request, BODY_BYTES, instead="A reason is 4000 characters at most.")
    return await tying.take(await reading.row(incident), caller, parse_body(LinkBody, content, DEPTH))


@screens.get(PLACE)
async def page(incident: Incident, session: Reading, reading: Reader, tying: Tied) -> Response:
    """Show what an incident belongs together with, and offer what this reader may say of it."""
    return await _page(reading, tying, session, incident, {})


@screens.post(PLACE)
async def take(
    request: Request,
    *,
    incident: Incident,
    session: Answering,
    reading: Reader,
    tying: Tied,
    declaring: Stating,
) -> Response:
    """Take what somebody says; a merge and a split are asked about once more before they are taken."""
    form = await form_of(request)
    check_csrf(form, session)
    way = form.get("way", "")
    try:
        if way in WAYS:
            declared = _declared(form)
            if (sure := _sure(incident, form)) is not None:
                await SHOWN_TO(request)
                return await _ask_again(reading, session, sure)
            await _declare(reading, declaring, session, incident, declared, form)
        else:
            await TIES(request)
            await tying.take(await reading.row(incident), session.caller, _linked(form))
    except ProblemError as problem:
        if session.caller.bar is not None:
            raise
        return await _page(reading, tying, session, incident, form, problem)
    return RedirectResponse(f"/incidents/{incident}/links", 303, headers=HEADERS)


async def _declare(
    reading: Incidents,
    declaring: Declaring,
    session: Session,
    incident: str,
    declared: DeclarationBody,
    form: dict[str, str],
) -> None:
    await declaring.take(await reading.row(incident), session.caller, declared, key_of(form))


async def _page(
    reading: Incidents,
    tying: Tying,
    session: Session,
    incident: str,
    typed: dict[str, str],
    problem: ProblemError | None = None,
) -> Response:
    found = await reading.incident(incident, session.caller)
    row = await reading.row(incident)
    now = await reading.now_of(session.caller)
    return render(
        "tie.html",
        session=session,
        status=problem.status if problem else 200,
        headers=problem.headers if problem else None,
        screen=tying_screen(
            found,
            await tying.offered(row),
            row.opening.plan if row.opening else None,
            session,
            now,
            typed=typed,
            problem=problem.detail if problem else "",
        ),
        key=key_of(typed),
        zone=zone_key(now),
    )


async def _ask_again(reading: Incidents, session: Session, sure: Sure) -> Response:
    now = await reading.now_of(session.caller)
    return render("sure.html", session=session, sure=sure, zone=zone_key(now))


def _sure(incident: str, form: dict[str, str]) -> Sure | None:
    """Return what is to be confirmed first; None: it was, or need not be."""
    if form.get("sure") or form.get("way") == "unmerge":
        return None
    if form.get("way") == "merge":
        return merge_sure(incident, form.get("into", ""), form)
    return split_sure(incident, form.get("detection", ""), form)


def _declared(form: dict[str, str]) -> DeclarationBody:
    about = {"merge": "into", "split": "detection"}.get(form.get("way", ""))
    try:
        return DeclarationBody(
            kind=WAYS[form.get("way", "")],
            about={about: form.get(about, "").strip()} if about else {},
            reason=form.get("reason", ""),
        )
    except ValidationError as error:
        raise ProblemError(400, "invalid-input", WANTED) from error


def _linked(form: dict[str, str]) -> LinkBody:
    try:
        return LinkBody(
            tie=Tie(form.get("way", "")), other=form.get("other", ""), reason=form.get("reason", "")
        )
    except (ValidationError, ValueError) as error:
        raise ProblemError(400, "invalid-input", WANTED) from error
