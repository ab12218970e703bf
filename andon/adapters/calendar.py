"""Business calendars from the `holidays` library and the zone rules of the machine."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from typing import Final
from zoneinfo import ZoneInfo

import holidays

from andon.domain.business_time import BusinessCalendar, BusinessHours, Weekday
from andon.domain.errors import InvalidInputError
from andon.domain.values import Instant

FURTHEST: Final = 730
"""Days a calendar may reach: governments move holidays, and further ahead they are guesses."""

LOOK_BACK: Final = 30
"""Days in which the business day before the first is sought: no run of holidays is longer."""

_DAY: Final = timedelta(days=1)
_WEEK: Final = tuple(Weekday)


def business_calendar(
    zone: str, country: str, region: str, hours: BusinessHours, since: Instant, days: int = 60
) -> BusinessCalendar:
    """Return the business hours of a place, from the local day of `since` for `days` days.

    The business day before that comes first, so that the calendar covers every moment of the first day.
    `zone` is an IANA name; `country` an ISO 3166-1 code of two letters, empty for weekends only; `region` a
    subdivision as `holidays` knows it (`BE` of DE), or empty. Public holidays are left out, with the days
    they are moved to.

    Zone rules are those `zoneinfo` finds: the machine's own database, or the `tzdata` package where there
    is none. A process keeps the rules of a zone it has read until it ends. Times that a change of clocks
    skips or repeats are read with the offset from before the change.

    The first call in a process loads every country (about 0.1 s: make one at the start); after that a new
    day takes a fraction of a millisecond, and the same day again is looked up.

    Never call this in workflow code: another machine, or a newer release of `holidays`, says otherwise.

    Raises:
        InvalidInputError: the zone, country or region is not known, the holidays of a year aren't, `since`
            has no zone, `days` is out of range, or nobody ever works.
    """
    if since.tzinfo is None:
        raise InvalidInputError(f"{since.isoformat()}: a moment needs its zone, such as +00:00")
    if not 1 <= days <= FURTHEST:
        raise InvalidInputError(f"a business calendar of {days} days: ask for 1 to {FURTHEST}")
    first = since.astimezone(_zone(zone)).date()
    return _calendar(zone, country, region, hours, first, days)


@lru_cache(maxsize=256)
def _calendar(
    zone: str, country: str, region: str, hours: BusinessHours, first: date, days: int
) -> BusinessCalendar:
    def interval(day: date) -> tuple[datetime, datetime] | None:
        if _WEEK[day.weekday()] not in hours.weekdays or day in _public_holidays(country, region, day.year):
            return None
        return _hours_on(day, hours, _zone(zone))

    earlier = (interval(first - back * _DAY) for back in range(1, LOOK_BACK + 1))
    before = next((found for found in earlier if found), None)
    ahead = [found for day in range(days) if (found := interval(first + day * _DAY))]
    if not ahead:
        raise InvalidInputError(f"{zone}: no business hours in {days} days from {first}: give more weekdays")
    return BusinessCalendar(
        zone=zone, country=country, region=region, open=tuple([before, *ahead] if before else ahead)
    )


def _hours_on(day: date, hours: BusinessHours, zone: ZoneInfo) -> tuple[datetime, datetime] | None:
    last_day = day + _DAY if hours.closes == time(0) else day
    opens = datetime.combine(day, hours.opens, zone).astimezone(UTC)
    closes = datetime.combine(last_day, hours.closes, zone).astimezone(UTC)
    # A zone that moves across the date line skips a day; short hours can lie in the hour that is skipped.
    there = opens.astimezone(zone).date() == day and opens < closes
    return (opens, closes) if there else None


@lru_cache(maxsize=1024)
def _public_holidays(country: str, region: str, year: int) -> frozenset[date]:
    """Return one year's holidays. The library's own lazy tables are not safe to share between threads."""
    if not country:
        if region:
            raise InvalidInputError(f"region {region}: name its country too")
        return frozenset()
    if country not in holidays.list_supported_countries(include_aliases=False):
        raise InvalidInputError(
            f"country {country!r}: its holidays are not known; use an ISO 3166 code such as DE, or none"
        )
    try:
        found = holidays.country_holidays(country, subdiv=region or None, years=[year], expand=False)
    except NotImplementedError as error:
        raise InvalidInputError(
            f"region {region!r} of {country}: not known; leave it empty if unsure"
        ) from error
    if not found.start_year <= year <= found.end_year:
        raise InvalidInputError(f"country {country}: its holidays in {year} are not known")
    return frozenset(found)


def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError) as error:
        raise InvalidInputError(f"zone {name!r} is not known; use one such as Europe/Berlin") from error
