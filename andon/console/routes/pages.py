"""The pages people read."""

from __future__ import annotations

import asyncio
import secrets
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any, Final
from urllib.parse import urlencode

from fastapi import APIRouter, Depends, Query, Request, Response
from fastapi.responses import JSONResponse, RedirectResponse

from andon.api.authentication import Caller
from andon.api.guards import OPEN
from andon.api.problems import ProblemError
from andon.console.access import READING
from andon.console.asking import Asking
from andon.console.duties import Duties
from andon.console.explaining import Explaining
from andon.console.filters import Filters
from andon.console.models.incident import IncidentShown
from andon.console.models.log import overdue_since
from andon.console.opening import EVIDENCE, WHOLE
from andon.console.pages import PageRoute, problem_page, render
from andon.console.parts import Parts
from andon.console.reading import ME
from andon.console.reading import Reading as ReadingDesk
from andon.console.review import ReviewDesk
from andon.console.routes.explaining import Telling
from andon.console.routes.places import Incident, Noting, Petitions, Reader, Stock, ToDo
from andon.console.routes.releasing import ladder
from andon.console.routes.review import Reviews
from andon.console.screens.alarms import SHOWN_FOR, AlarmLine, alarm_lines, log_line
from andon.console.screens.contents import contents
from andon.console.screens.evidence import evidence_screen
from andon.console.screens.first_look import first_look
from andon.console.screens.incident import incident_screen
from andon.console.screens.moments import zone_key
from andon.console.screens.now import ASKED_AT_MOST, LINES_AT_MOST, now_screen
from andon.console.screens.parts import incident_line
from andon.console.screens.people import people_box
from andon.console.screens.stopping import stopping_box
from andon.console.screens.tasks import owner_box, task_lines
from andon.console.screens.timeline import LATEST
from andon.console.screens.watching import watch_box
from andon.console.screens.words import STAGES, plain
from andon.console.visitors import Listing, Reading, session_of
from andon.domain.detection import Category, IncidentType, Tag
from andon.domain.directory import APPROVING_ROLES, Role
from andon.domain.errors import UnknownTermError
from andon.domain.finding import FailureClass
from andon.domain.severity import Band, Classification
from andon.domain.stage import Stage
from andon.domain.values import IncidentId
from andon.register.checkpoints import CheckpointLog
from andon.register.codes import Sought
from andon.register.incidents import IncidentRow, Listed

LINES: Final = 50
ALARMS_AT_MOST: Final = 20
CAPTIONS: Final = {False: "Incidents, newest first", True: "Open incidents, what runs out first at the top"}

router = APIRouter(route_class=PageRoute, include_in_schema=False)


@dataclass(frozen=True, slots=True)
class Asked:
    """What the filters of the list say, as their form shows it."""

    filters: Filters
    query: dict[str, str]


def _asked(request: Request) -> Asked:
    given = {name: value for name, value in request.query_params.items() if value and name in _TERMS}
    for name, value in given.items():
        known = _TERMS[name]
        if known and value not in known:
            raise UnknownTermError(name, value[:40], known)
    filters = Filters(
        state=Listed(given.get("state", Listed.OPEN)),
        stage=Stage(given["stage"]) if "stage" in given else None,
        severity=Band(given["severity"]) if "severity" in given else None,
        system=given.get("system"),
        classification=Classification(given["classification"]) if "classification" in given else None,
        asked_of=given.get("asked_of"),
        first="due" if given.get("first") == "due" else "newest",
        failure=FailureClass(given["failure"]) if "failure" in given else None,
        sought=Sought(type=given.get("type"), category=given.get("category"), tag=given.get("tag")),
    )
    return Asked(filters, {"state": filters.state.value, "first": filters.first, **given})


_TERMS: Final[dict[str, tuple[str, ...]]] = {
    "state": tuple(Listed),
    "stage": tuple(Stage),
    "severity": tuple(Band),
    "system": (),
    "classification": tuple(Classification),
    "failure": tuple(FailureClass),
    "type": tuple(IncidentType),
    "category": tuple(Category),
    "tag": tuple(Tag),
    "asked_of": (ME, *Role),
    "first": ("newest", "due"),
}


@router.get("/")
async def now(session: Listing, reading: Reader, stock: Stock) -> Response:
    """Say what is on fire, whether it is contained, what is asked of the reader, and how long they have."""
    found = await reading.open_now(session.caller, lines=LINES_AT_MOST, asked=ASKED_AT_MOST)
    may_open = session.role in READING
    at = await reading.now_of(session.caller)
    screen = now_screen(found, at, linked=may_open)
    raised = await asyncio.to_thread(lambda: stock.alarms.list(since=at - SHOWN_FOR, limit=ALARMS_AT_MOST))
    signed = await asyncio.to_thread(CheckpointLog(stock.databases.register).newest)
    since = overdue_since(signed[0], at, stock.checkpoints.overdue) if signed else None
    unsigned = (log_line(since, at),) if since else ()
    return render(
        "now.html",
        session=session,
        screen=screen,
        alarms=(*unsigned, *alarm_lines(raised, at)) if may_open else (),
        name_them=True,
        zone=zone_key(at),
    )


@router.get("/incidents")
async def incidents(
    session: Listing,
    reading: Reader,
    asked: Annotated[Asked, Depends(_asked)],
    before: IncidentId | None = None,
) -> Response:
    """List incidents, newest first."""
    found, onward = await reading.listed(asked.filters, session.caller, limit=LINES, before=before)
    at, linked = await reading.now_of(session.caller), session.role in READING
    known, over = await reading.system_ids(), await reading.overdue()
    return render(
        "incidents.html",
        session=session,
        caption=CAPTIONS[asked.filters.first == "due" or asked.filters.asked_of is not None],
        lines=[incident_line(one, at, linked=linked, overdue=over.get(one.id, 0)) for one in found],
        query={name: asked.query.get(name, "") for name in _TERMS},
        choices={
            "state": [("open", "Open"), ("closed", "Closed"), ("all", "All")],
            "severity": [("", "Any"), *((band.value, plain(band)) for band in reversed(Band))],
            "stage": [("", "Any"), *((stage.value, STAGES[stage]) for stage in Stage)],
            "system": [("", "Any"), *((one, one) for one in known)],
            "classification": [("", "Any"), *((one.value, plain(one)) for one in Classification)],
            "failure": [("", "Any"), *((one.value, plain(one)) for one in FailureClass)],
            "type": [("", "Any"), *((one.value, plain(one)) for one in IncidentType)],
            "category": [("", "Any"), *((one.value, plain(one)) for one in Category)],
            "tag": [("", "Any"), *((one.value, plain(one)) for one in Tag)],
            "asked_of": [
                ("", "Anybody"),
                (ME, "Me"),
                *((one.value, plain(one)) for one in sorted(APPROVING_ROLES)),
            ],
            "first": [("newest", "Newest"), ("due", "What runs out first")],
        },
        onward=f"/incidents?{urlencode({**asked.query, 'before': onward})}" if onward else None,
        first_page=before is None,
        zone=zone_key(at),
    )


async def _alarms(stock: Stock, incident: str, at: datetime) -> tuple[AlarmLine, ...]:
    found = await asyncio.to_thread(lambda: stock.alarms.list(incident=incident, limit=ALARMS_AT_MOST))
    return alarm_lines(found, at)


@dataclass(frozen=True, slots=True)
class Desks:
    """Those who know what an incident's page shows."""

    reading: ReadingDesk
    stock: Parts
    asking: Asking
    duties: Duties
    explaining: Explaining
    reviews: ReviewDesk


def desks_of(
    *, reading: Reader, stock: Stock, asking: Petitions, duties: ToDo, explaining: Telling, reviews: Reviews
) -> Desks:
    """Return those who know what an incident's page shows."""
    return Desks(reading, stock, asking, duties, explaining, reviews)


@router.get("/incidents/{incident}")
async def incident(
    *,
    incident: Incident,
    session: Reading,
    reviewed: Noting,
    desks: Annotated[Desks, Depends(desks_of)],
    own: Annotated[bool, Query()] = False,
) -> Response:
    """Show one incident; one that was merged leads to the other, unless its `own` page is asked for."""
    row = await desks.reading.row(incident)
    await reviewed.note(row, session.caller.person, WHOLE)
    shown = await desks.reading.whole(row, session.caller)
    if shown.merged_into is not None and not own:
        return RedirectResponse(f"/incidents/{shown.merged_into}", 303)
    at = await desks.reading.now_of(session.caller)
    found = await _whole(row, shown, session.caller, desks, at)
    return render("incident.html", session=session, name_them=False, zone=zone_key(at), **found)


async def _whole(
    row: IncidentRow, shown: IncidentShown, caller: Caller, desks: Desks, at: datetime
) -> dict[str, Any]:
    stock, duties = desks.stock, desks.duties
    screen = incident_screen(
        shown,
        await asyncio.to_thread(stock.ledger.latest, row.incident, limit=LATEST),
        at,
        mine=frozenset(one.decision.id for one in await desks.reading.waiting([row], caller)),
        askable=await desks.asking.askable(row, caller),
    )
    todo = task_lines(await duties.of(row, caller), at)
    leaderless = await duties.leaderless(row)
    lacking = await desks.reviews.lacking(row)
    people = people_box(shown, await asyncio.to_thread(stock.deliveries.of, row.incident), at)
    speaks = await duties.speaks_as(caller, Role.BUSINESS_OWNER)
    return {
        "screen": screen,
        "look": first_look(shown, screen.questions.open, todo, screen.course.stages, leaderless=leaderless),
        "parts": contents(shown, screen, todo, people, lacking=len(lacking.words)),
        "people": people,
        "lacking": lacking,
        "todo": todo,
        "leaderless": leaderless,
        "owner": owner_box(shown.owner, at, closed=shown.closed_at is not None, speaks=speaks),
        "stopping": stopping_box(shown, at),
        "release": await ladder(row, shown, caller, duties, at),
        "watched": watch_box(await desks.explaining.watch(row), at),
        "alarms": await _alarms(stock, row.incident, at),
        "owner_key": secrets.token_urlsafe(24),
    }


@router.get("/incidents/{incident}/evidence")
async def evidence(incident: Incident, session: Reading, reading: Reader, reviewed: Noting) -> Response:
    """Show all evidence of one incident, item by item; from then on the reader has opened it."""
    shown = await reading.incident(incident, session.caller)
    preserved = await reading.evidence(incident)
    await reviewed.note(await reading.row(incident), session.caller.person, EVIDENCE)
    at = await reading.now_of(session.caller)
    screen = evidence_screen(shown, preserved, at)
    return render("evidence.html", session=session, screen=screen, zone=zone_key(at))


@router.get("/incidents/{incident}/file.json", dependencies=[])
async def file(incident: Incident, session: Reading, reading: Reader) -> Response:  # noqa: ARG001 - lets in
    """Hand out the incident file."""
    return JSONResponse(
        await reading.file(incident),
        headers={"Content-Disposition": f'attachment; filename="{incident}.json"'},
    )


elsewhere = APIRouter(route_class=PageRoute, include_in_schema=False)


@elsewhere.get("/{path:path}", dependencies=[OPEN])
async def nowhere(request: Request, path: str) -> Response:
    """Say that there is no such page."""
    if path.startswith("v1/"):
        return ProblemError(404, "not-found", "There is no such request; see /v1/openapi.json.").response()
    return problem_page(
        404, "Check the address, or start again from the first page.", await session_of(request)
    )
