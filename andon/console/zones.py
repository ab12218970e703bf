"""In which zone a reader is shown times: the one they chose in this browser, else their directory's."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from functools import cache
from typing import Final
from zoneinfo import available_timezones

from fastapi import Request

from andon.console.parts import Parts
from andon.console.reading import Reading, zone_of
from andon.console.sessions import Session

ZONE_COOKIE: Final = "andon_zone"
ZONE_KEPT: Final = timedelta(days=365)
OLD_NAMES: Final = ("Etc/", "SystemV/", "US/", "posix/", "right/")
"""Groups of names that stand for a zone which has a name by its place."""


@cache
def zone_names() -> tuple[str, ...]:
    """Return the names of zones that can be chosen: by place, UTC first."""
    by_place = (one for one in available_timezones() if "/" in one and not one.startswith(OLD_NAMES))
    return ("UTC", *sorted(by_place))


def chosen_zone(request: Request) -> str:
    """Return the zone that was chosen in this browser; empty if none was, or it is none."""
    named = request.cookies.get(ZONE_COOKIE, "")
    return named if named in zone_names() else ""


def now_here(stock: Parts, session: Session) -> datetime:
    """Return the present moment in the zone of whoever reads a page."""
    return stock.now().astimezone(zone_of(session.caller.zone))


async def in_zone(request: Request, session: Session) -> Session:
    """Return a session that knows in which zone its person is shown times."""
    reading: Reading = request.app.state.reading
    zone = chosen_zone(request) or await reading.own_zone(session.caller)
    return replace(session, caller=replace(session.caller, zone=zone))
