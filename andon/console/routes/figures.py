"""The figures of a period over HTTP: as JSON, as a page with plots, and each as CSV."""

from __future__ import annotations

import asyncio
from datetime import UTC, date, datetime, time, timedelta
from typing import Annotated, Final
from urllib.parse import urlencode

from fastapi import APIRouter, Depends, Path, Query, Request, Response
from pydantic import AwareDatetime

from andon.adapters.print.paper import body_of, sheets_of
from andon.api.authentication import only
from andon.api.problems import ProblemError
from andon.console.access import READING
from andon.console.figures import FiguresDesk
from andon.console.pages import PageRoute, render
from andon.console.routes.places import Reader, of_app
from andon.console.screens.moments import zone_key
from andon.console.screens.words import plain
from andon.console.visitors import Reading
from andon.domain.detection import IncidentType
from andon.domain.errors import NotFoundError, UnknownTermError
from andon.domain.figures import Asked, Figures
from andon.domain.figures_paper import laid_out
from andon.domain.quarter import quarter_around
from andon.domain.severity import Band
from andon.domain.values import Slug

DAYS: Final = {"30": 30, "90": 90}
QUARTER: Final = "quarter"
CHOSEN: Final = "chosen"
PERIODS: Final = (
    ("30", "The last 30 days"),
    ("90", "The last 90 days"),
    (QUARTER, "This quarter"),
    (CHOSEN, "From and until, below"),
)
FIELDS: Final = ("period", "from", "to", "system", "severity", "type")

api = APIRouter(prefix="/v1/figures", tags=["console"])
router = APIRouter(route_class=PageRoute, include_in_schema=False)

Desk = Annotated[FiguresDesk, Depends(of_app("figures"))]


@api.get("", dependencies=[Depends(only(READING))])
async def figures(
    *,
    desk: Desk,
    since: Annotated[AwareDatetime | None, Query(description="30 days before the end if not given")] = None,
    until: Annotated[AwareDatetime | None, Query(description="now if not given")] = None,
    system: Annotated[Slug | None, Query(description="one AI system only")] = None,
    severity: Annotated[Band | None, Query(description="as it stands now")] = None,
    kind: Annotated[IncidentType | None, Query(alias="type", description="type of incident")] = None,
) -> Figures:
    """Return how the response to the incidents of a period went; exercises are left out."""
    end = until or desk.now()
    begin = since or end - timedelta(days=30)
    return await desk.figures(Asked(since=begin, until=end, system=system, severity=severity, type=kind))


@router.get("/figures")
async def page(request: Request, session: Reading, desk: Desk, reading: Reader) -> Response:
    """Show the figures, each as a plot with its table."""
    given = _given(request)
    now = await reading.now_of(session.caller)
    asked = _asked(given, desk.now())
    paper = await asyncio.to_thread(laid_out, await desk.figures(asked))
    known = sorted(one.id for one in await reading.systems())
    return render(
        "figures.html",
        session=session,
        paper=paper,
        body=body_of(paper, sheets=f"/figures/{{}}.csv?{urlencode(given)}"),
        given={"period": "30", **given},
        since=given.get("from") or asked.since.astimezone(UTC).date().isoformat(),
        until=given.get("to") or asked.until.astimezone(UTC).date().isoformat(),
        choices={
            "period": PERIODS,
            "system": [("", "All"), *((one, one) for one in known)],
            "severity": [("", "Any"), *((one.value, plain(one)) for one in reversed(Band))],
            "type": [("", "Any"), *((one.value, plain(one)) for one in IncidentType)],
        },
        zone=zone_key(now),
    )


@router.get("/figures/{sheet}.csv")
async def as_sheet(
    request: Request,
    session: Reading,  # noqa: ARG001 - lets in
    desk: Desk,
    sheet: Annotated[str, Path(max_length=64)],
) -> Response:
    """Hand out what is behind one figure or table."""
    figures = await desk.figures(_asked(_given(request), desk.now()))
    paper = await asyncio.to_thread(laid_out, figures)
    found = dict(sheets_of(paper)).get(sheet)
    if found is None:
        raise NotFoundError("sheet", sheet)
    headers = {
        "Content-Disposition": f'attachment; filename="figures-{sheet}.csv"',
        "Cache-Control": "no-store",
        "X-Content-Type-Options": "nosniff",
    }
    return Response(found, media_type="text/csv; charset=utf-8", headers=headers)


def _given(request: Request) -> dict[str, str]:
    return {name: text for name, text in request.query_params.items() if text and name in FIELDS}


def _asked(given: dict[str, str], now: datetime) -> Asked:
    """Return what the form asks for.

    Raises:
        UnknownTermError: a period, severity or type there is not.
        ProblemError: 400, a day that is none.
    """
    for name, known in (
        ("period", (*DAYS, QUARTER, CHOSEN)),
        ("severity", tuple(Band)),
        ("type", tuple(IncidentType)),
    ):
        if name in given and given[name] not in known:
            raise UnknownTermError(name, given[name][:40], known)
    since, until = _period(given, now)
    return Asked(
        since=since,
        until=until,
        system=given.get("system", "")[:64] or None,
        severity=Band(given["severity"]) if "severity" in given else None,
        type=IncidentType(given["type"]) if "type" in given else None,
    )


def _period(given: dict[str, str], now: datetime) -> tuple[datetime, datetime]:
    period = given.get("period", CHOSEN if "from" in given and "to" in given else "30")
    if period == QUARTER:
        begun, ended = quarter_around(now)
        return begun, min(ended, _tomorrow(now))
    if period in DAYS:
        return _tomorrow(now) - timedelta(days=DAYS[period]), _tomorrow(now)
    try:
        return _day(given.get("from", "")), _day(given.get("to", ""))
    except ValueError as error:
        raise ProblemError(400, "invalid-input", "Give the first day, and the day after the last.") from error


def _tomorrow(now: datetime) -> datetime:
    """Return the end of today in UTC, so that what is opened today counts."""
    return _day(now.astimezone(UTC).date().isoformat()) + timedelta(days=1)


def _day(text: str) -> datetime:
    return datetime.combine(date.fromisoformat(text), time(), UTC)
