"""The moments of an incident, for programs and as a slider."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, tzinfo
from typing import Annotated, Final

from fastapi import APIRouter, Depends, Query, Response

from andon.api.authentication import only
from andon.console.access import READING
from andon.console.models.reliving import MomentsShown, moments_shown
from andon.console.pages import PageRoute, render
from andon.console.reliving import Reliving
from andon.console.routes.places import Incident, Reader, of_app
from andon.console.screens.moments import zone_key
from andon.console.screens.reliving import reliving_screen
from andon.console.visitors import Reading
from andon.domain.errors import InvalidInputError, NotFoundError
from andon.domain.relived import AFTER, Moment, moment_at, moment_of

NAME_AT_MOST: Final = 40

router = APIRouter(prefix="/v1/incidents", tags=["console"])
screens = APIRouter(route_class=PageRoute, include_in_schema=False)

Relived = Annotated[Reliving, Depends(of_app("reliving"))]
At = Annotated[
    str | None,
    Query(
        max_length=NAME_AT_MOST,
        description="number of an entry, `after-<n>` after the close, or a time with its zone",
    ),
]


@router.get("/{incident}/moments", dependencies=[Depends(only(READING))])
async def moments(incident: Incident, reading: Reader, reliving: Relived, at: At = None) -> MomentsShown:
    """Return the moments at which an incident changed, as its workflow remembered them; with `at` one whole.

    Its histories are run again for that, from Temporal or the archive, and held to the ledger.
    """
    row = await reading.row(incident)
    line = await reliving.line(row.incident)
    then = found_at(line.moments, at) if at is not None else None
    return moments_shown(row.incident, line, then)


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which moment is asked for, and whether the page around it is there already."""

    at: str
    moment: int | None
    part: bool


def wanted(
    at: Annotated[str, Query(max_length=NAME_AT_MOST)] = "",
    moment: Annotated[int | None, Query(ge=1, le=1_000_000)] = None,
    *,
    part: bool = False,
) -> Wanted:
    """Return what the address asks for."""
    return Wanted(at.strip(), moment, part)


@screens.get("/incidents/{incident}/replay")
async def replay(
    incident: Incident,
    session: Reading,
    reading: Reader,
    reliving: Relived,
    asked: Annotated[Wanted, Depends(wanted)],
) -> Response:
    """Show an incident as its workflow remembered it at one moment, the last one unless another is named."""
    row = await reading.row(incident)
    title = None if asked.part else await reading.title(row, session.caller)
    now = await reading.now_of(session.caller)
    line = await reliving.line(row.incident)
    then, problem = line.moments[-1] if line.moments else None, ""
    if line.moments and asked.moment is not None:
        then = line.moments[min(asked.moment, len(line.moments)) - 1]
    elif asked.at:
        try:
            then = found_at(line.moments, asked.at, now.tzinfo)
        except (InvalidInputError, NotFoundError):
            problem = _PROBLEM
    screen = reliving_screen(
        row.incident,
        line,
        then,
        now,
        title=title,
        typed=asked.at if problem else "",
        problem=problem,
        part=asked.part,
    )
    return render(
        "moment.html" if asked.part else "replay.html",
        session=session,
        status=400 if problem else 200,
        screen=screen,
        example=f"{row.opened_at.astimezone(now.tzinfo):%Y-%m-%d %H:%M}",
        zone=zone_key(now),
    )


_PROBLEM: Final = "That is no entry of this incident, and no time. Write a number, or a day and a time."


def found_at(moments: Sequence[Moment], at: str, zone: tzinfo | None = None) -> Moment | None:
    """Return a moment by entry, name or time; None: nothing had happened by then.

    Raises:
        InvalidInputError: it is none of these; a time without a zone is none unless `zone` is given.
        NotFoundError: no moment was made by such an entry.
    """
    if at.isdecimal() or at.startswith(AFTER):
        found = moment_of(moments, at)
        if found is None:
            raise NotFoundError("moment", at)
        return found
    try:
        time = datetime.fromisoformat(at)
    except ValueError as error:
        raise InvalidInputError("at: name an entry by its number, or a time with its zone") from error
    if time.tzinfo is None:
        if zone is None:
            raise InvalidInputError("at: the time needs its zone, such as 2026-03-01T10:05:00Z")
        time = time.replace(tzinfo=zone)
    return moment_at(moments, time)
