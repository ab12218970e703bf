"""Business calendars of real places; each instant was worked out by hand from published holidays."""

from __future__ import annotations

from datetime import datetime, time
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest

from andon.adapters.calendar import business_calendar
from andon.domain.business_time import BusinessHours, Term, Weekday, due_at
from andon.domain.errors import InvalidInputError

OFFICE = BusinessHours()
SUNDAY_TO_THURSDAY = BusinessHours(weekdays=(Weekday.SUN, Weekday.MON, Weekday.TUE, Weekday.WED, Weekday.THU))
EVERY_NIGHT = BusinessHours(opens=time(1), closes=time(9), weekdays=tuple(Weekday))
BERLIN = ("Europe/Berlin", "DE", "BE")
NEW_YORK = ("America/New_York", "US", "")
TOKYO = ("Asia/Tokyo", "JP", "")
SYDNEY = ("Australia/Sydney", "AU", "NSW")
KOLKATA = ("Asia/Kolkata", "IN", "")
RIYADH = ("Asia/Riyadh", "SA", "")
Place = tuple[str, str, str]


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text + "Z")


def due(place: Place, written: str, at: str, hours: BusinessHours = OFFICE) -> datetime:
    """Return the deadline by the calendar that an incident opened at `at` would get."""
    calendar = business_calendar(*place, hours, utc(at))
    assert calendar.covers(utc(at))
    return due_at(Term.model_validate(written), utc(at), calendar)


@pytest.mark.parametrize(
    ("place", "at", "same_day", "next_day", "four_hours"),
    [
        # 22 May 2026 before Pentecost Monday; UTC+2.
        (BERLIN, "2026-05-22T14:50", "2026-05-22T15:00", "2026-05-26T15:00", "2026-05-26T10:50"),
        # 22 May 2026 before Memorial Day; UTC-4.
        (NEW_YORK, "2026-05-22T20:50", "2026-05-22T21:00", "2026-05-26T21:00", "2026-05-26T16:50"),
        # 17 July 2026 before Marine Day; UTC+9.
        (TOKYO, "2026-07-17T07:50", "2026-07-17T08:00", "2026-07-21T08:00", "2026-07-21T03:50"),
    ],
)
def test_ten_to_five_on_a_friday_before_a_holiday_monday(
    place: Place, at: str, same_day: str, next_day: str, four_hours: str
) -> None:
    assert due(place, "same business day", at) == utc(same_day)
    assert due(place, "1 business day", at) == utc(next_day)
    assert due(place, "4 business hours", at) == utc(four_hours)


@pytest.mark.parametrize(
    ("place", "written", "at", "due_on"),
    [
        # Berlin, 29 March 2026, 01:00 UTC: +1 becomes +2. From Friday 16:50 (+1) to Monday (+2).
        (BERLIN, "1 business day", "2026-03-27T15:50", "2026-03-30T15:00"),
        (BERLIN, "4 business hours", "2026-03-27T15:50", "2026-03-30T10:50"),
        (BERLIN, "same business day", "2026-03-29T00:59:59", "2026-03-30T15:00"),
        (BERLIN, "same business day", "2026-03-29T01:00:00", "2026-03-30T15:00"),
        # Berlin, 25 October 2026, 01:00 UTC: +2 becomes +1.
        (BERLIN, "1 business day", "2026-10-23T14:50", "2026-10-26T16:00"),
        (BERLIN, "4 business hours", "2026-10-23T14:50", "2026-10-26T11:50"),
        (BERLIN, "same business day", "2026-10-25T00:30", "2026-10-26T16:00"),
        (BERLIN, "same business day", "2026-10-25T01:30", "2026-10-26T16:00"),
        # New York, 8 March 2026, 07:00 UTC: -5 becomes -4.
        (NEW_YORK, "1 business day", "2026-03-06T21:50", "2026-03-09T21:00"),
        (NEW_YORK, "4 business hours", "2026-03-06T21:50", "2026-03-09T16:50"),
        # New York, 1 November 2026, 06:00 UTC: -4 becomes -5.
        (NEW_YORK, "1 business day", "2026-10-30T20:50", "2026-11-02T22:00"),
        (NEW_YORK, "4 business hours", "2026-10-30T20:50", "2026-11-02T17:50"),
        # Sydney, 5 April 2026: +11 becomes +10, between Good Friday and Easter Monday. Thursday 16:50.
        (SYDNEY, "same business day", "2026-04-02T05:50", "2026-04-02T06:00"),
        (SYDNEY, "1 business day", "2026-04-02T05:50", "2026-04-07T07:00"),
        (SYDNEY, "4 business hours", "2026-04-02T05:50", "2026-04-07T02:50"),
        # Sydney, 4 October 2026: +10 becomes +11, before Labour Day of New South Wales.
        (SYDNEY, "1 business day", "2026-10-02T06:50", "2026-10-06T06:00"),
        (SYDNEY, "4 business hours", "2026-10-02T06:50", "2026-10-06T01:50"),
    ],
)
def test_a_change_of_clocks_between_question_and_deadline(
    place: Place, written: str, at: str, due_on: str
) -> None:
    assert due(place, written, at) == utc(due_on)


@pytest.mark.parametrize(
    ("place", "at", "seven_hours", "eight_hours", "close"),
    [
        # Open 01:00 to 09:00 on the very night. Berlin forwards: 00:00 to 07:00 UTC, seven hours.
        (BERLIN, "2026-03-29T00:00", "2026-03-29T07:00", "2026-03-30T00:00", "2026-03-29T07:00"),
        # Berlin back: 23:00 to 08:00 UTC, nine hours.
        (BERLIN, "2026-10-24T23:00", "2026-10-25T06:00", "2026-10-25T07:00", "2026-10-25T08:00"),
        # New York forwards: 06:00 to 13:00 UTC; back: 05:00 to 14:00 UTC.
        (NEW_YORK, "2026-03-08T06:00", "2026-03-08T13:00", "2026-03-09T06:00", "2026-03-08T13:00"),
        (NEW_YORK, "2026-11-01T05:00", "2026-11-01T12:00", "2026-11-01T13:00", "2026-11-01T14:00"),
        # Sydney back on 5 April: 14:00 to 23:00 UTC of the 4th; forwards on 4 October: 15:00 to 22:00.
        (SYDNEY, "2026-04-04T14:00", "2026-04-04T21:00", "2026-04-04T22:00", "2026-04-04T23:00"),
        (SYDNEY, "2026-10-03T15:00", "2026-10-03T22:00", "2026-10-04T15:00", "2026-10-03T22:00"),
    ],
)
def test_hours_worked_through_a_change_of_clocks_are_the_hours_that_pass(
    place: Place, at: str, seven_hours: str, eight_hours: str, close: str
) -> None:
    # Without holidays: Easter and Labour Day would take the very nights.
    where = (place[0], "", "")
    assert due(where, "7 business hours", at, EVERY_NIGHT) == utc(seven_hours)
    assert due(where, "same business day", at, EVERY_NIGHT) == utc(close)
    assert due(where, "8 business hours", at, EVERY_NIGHT) == utc(eight_hours)


@pytest.mark.parametrize(
    ("place", "written", "at", "due_on"),
    [
        # Monday 28 February 2028, 16:50 in three zones, to Tuesday the 29th, and Wednesday 1 March.
        (BERLIN, "1 business day", "2028-02-28T15:50", "2028-02-29T16:00"),
        (BERLIN, "2 business days", "2028-02-28T15:50", "2028-03-01T16:00"),
        (BERLIN, "P1D", "2028-02-28T15:50", "2028-02-29T15:50"),
        (NEW_YORK, "1 business day", "2028-02-28T21:50", "2028-02-29T22:00"),
        (TOKYO, "2 business days", "2028-02-28T07:50", "2028-03-01T08:00"),
        (TOKYO, "same business day", "2028-02-29T07:50", "2028-02-29T08:00"),
        # Christmas on a Friday and a Saturday: Monday the 28th, Tuesday the 29th.
        (BERLIN, "2 business days", "2026-12-24T15:50", "2026-12-29T16:00"),
        # New Year's Day 2028 is a Saturday, so Friday 31 December 2027 is off: to Monday 3 January.
        (NEW_YORK, "1 business day", "2027-12-30T21:50", "2028-01-03T22:00"),
        # 03:00 on Pentecost Monday, and 07:00 on the Tuesday after it.
        (BERLIN, "same business day", "2026-05-25T01:00", "2026-05-26T15:00"),
        (BERLIN, "1 business day", "2026-05-25T01:00", "2026-05-27T15:00"),
        (BERLIN, "same business day", "2026-05-26T05:00", "2026-05-26T15:00"),
        # Exactly at closing on Friday the day is over.
        (BERLIN, "same business day", "2026-05-22T15:00", "2026-05-26T15:00"),
        # Kolkata is 5 h 30 min ahead: Thursday 30 April, Buddha Purnima on Friday, Monday 4 May.
        (KOLKATA, "same business day", "2026-04-30T11:20", "2026-04-30T11:30"),
        (KOLKATA, "1 business day", "2026-04-30T11:20", "2026-05-04T11:30"),
        (KOLKATA, "4 business hours", "2026-04-30T11:20", "2026-05-04T07:20"),
    ],
)
def test_leap_day_turn_of_the_year_nights_and_half_hours(
    place: Place, written: str, at: str, due_on: str
) -> None:
    assert due(place, written, at) == utc(due_on)


def test_the_weekend_is_where_the_hours_say() -> None:
    # Riyadh (UTC+3): Thursday 19 November 2026, 16:50, to Sunday the 22nd.
    assert due(RIYADH, "1 business day", "2026-11-19T13:50", SUNDAY_TO_THURSDAY) == utc("2026-11-22T14:00")
    # Thursday 19 February, with Founding Day on Sunday the 22nd: to Monday.
    assert due(RIYADH, "1 business day", "2026-02-19T13:50", SUNDAY_TO_THURSDAY) == utc("2026-02-23T14:00")
    # A Friday there is no business day.
    assert due(RIYADH, "same business day", "2026-11-20T09:00", SUNDAY_TO_THURSDAY) == utc("2026-11-22T14:00")


def test_a_region_has_holidays_of_its_own_and_no_country_has_none() -> None:
    # Monday 8 March 2027 is a holiday in the state of Berlin only.
    friday = "2027-03-05T15:50"
    assert due(BERLIN, "1 business day", friday) == utc("2027-03-09T16:00")
    assert due(("Europe/Berlin", "DE", ""), "1 business day", friday) == utc("2027-03-08T16:00")
    # Without a country Christmas Day 2026, a Friday, is a business day.
    assert due(("Europe/Berlin", "", ""), "1 business day", "2026-12-24T15:50") == utc("2026-12-25T16:00")


def test_round_the_clock_hours_leave_no_gap_on_any_night() -> None:
    always = BusinessHours(opens=time(0), closes=time(0), weekdays=tuple(Weekday))
    # In Santiago the clocks change at midnight: the day then begins at 01:00, or has midnight twice.
    for zone in ("America/Santiago", "Europe/Berlin", "Asia/Kolkata"):
        days = business_calendar(zone, "", "", always, utc("2026-01-01T12:00"), days=400).open
        assert all(one[1] == after[0] for one, after in pairwise(days))


def test_a_day_that_a_zone_skips_is_no_business_day() -> None:
    # Samoa crossed the date line on 30 December 2011, a Friday. Thursday 16:50 (UTC-10) to Monday (UTC+14).
    assert due(("Pacific/Apia", "", ""), "1 business day", "2011-12-30T02:50") == utc("2012-01-02T03:00")


def test_hours_that_lie_in_the_hour_skipped_are_left_out() -> None:
    early = BusinessHours(opens=time(2, 30), closes=time(3, 10), weekdays=tuple(Weekday))
    days = business_calendar("Europe/Berlin", "", "", early, utc("2026-03-28T00:00"), days=3).open
    there = [opens.astimezone(ZoneInfo("Europe/Berlin")).day for opens, _ in days]
    assert there == [27, 28, 30]


def test_every_moment_of_the_first_day_is_covered() -> None:
    # The day begins at 22:00 UTC of the 24th in Berlin, and is a holiday.
    calendar = business_calendar(*BERLIN, OFFICE, utc("2026-05-25T12:00"))
    assert calendar.open[0] == (utc("2026-05-22T07:00"), utc("2026-05-22T15:00"))
    assert calendar.covers(utc("2026-05-24T22:00"))


def test_a_calendar_is_made_once_a_local_day() -> None:
    morning = business_calendar(*TOKYO, OFFICE, utc("2026-11-22T15:00"))
    assert business_calendar(*TOKYO, OFFICE, utc("2026-11-23T14:59:59")) is morning
    assert business_calendar(*TOKYO, OFFICE, utc("2026-11-23T15:00")) is not morning


def test_two_months_fit_into_little_over_a_kilobyte() -> None:
    calendar = business_calendar(*BERLIN, OFFICE, utc("2026-11-21T09:00"))
    assert len(calendar.model_dump_json()) < 1300


@pytest.mark.parametrize(
    ("place", "told"),
    [
        (("Europe/Berlin", "XX", ""), "country 'XX'"),
        (("Europe/Berlin", "de", ""), "country 'de'"),
        (("Europe/Berlin", "HolidayBase", ""), "country 'HolidayBase'"),
        (("Europe/Berlin", "DE", "XX"), "region 'XX' of DE"),
        (("Europe/Berlin", "", "BE"), "region BE: name its country"),
        (("Mars/Olympus", "DE", ""), "zone 'Mars/Olympus'"),
        (("../etc", "DE", ""), "zone '../etc'"),
        (("", "DE", ""), "zone ''"),
    ],
)
def test_an_unknown_place_is_refused_by_name(place: Place, told: str) -> None:
    with pytest.raises(InvalidInputError, match=told):
        business_calendar(*place, OFFICE, utc("2026-11-21T09:00"))


def test_what_no_calendar_can_tell_is_refused() -> None:
    with pytest.raises(InvalidInputError, match="needs its zone"):
        business_calendar(*BERLIN, OFFICE, utc("2026-11-21T09:00").replace(tzinfo=None))
    with pytest.raises(InvalidInputError, match="ask for 1 to 730"):
        business_calendar(*BERLIN, OFFICE, utc("2026-11-21T09:00"), days=0)
    with pytest.raises(InvalidInputError, match="in 2150 are not known"):
        business_calendar(*BERLIN, OFFICE, utc("2150-11-21T09:00"))
    with pytest.raises(InvalidInputError, match="no business hours in 2 days"):
        business_calendar(*BERLIN, OFFICE, utc("2026-11-21T09:00"), days=2)
