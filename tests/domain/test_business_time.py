"""Terms are read and written, and end when a person with a calendar and a pencil says they do."""

from __future__ import annotations

from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from pydantic import BaseModel, TypeAdapter, ValidationError

from andon.domain.business_time import (
    BusinessCalendar,
    BusinessHours,
    Term,
    Weekday,
    due_at,
    reminder_at,
)
from andon.domain.errors import InvalidInputError


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text + "Z")


def term(text: str) -> Term:
    return Term.model_validate(text)


def calendar(*days: tuple[str, str]) -> BusinessCalendar:
    opened = tuple((utc(opens), utc(closes)) for opens, closes in days)
    return BusinessCalendar(zone="Europe/Berlin", country="DE", open=opened)


# Berlin around Pentecost Monday, 25 May 2026: 09:00 to 17:00 is 07:00 to 15:00 UTC.
THURSDAY = ("2026-05-21T07:00", "2026-05-21T15:00")
FRIDAY = ("2026-05-22T07:00", "2026-05-22T15:00")
TUESDAY = ("2026-05-26T07:00", "2026-05-26T15:00")
WEDNESDAY = ("2026-05-27T07:00", "2026-05-27T15:00")
PENTECOST = calendar(THURSDAY, FRIDAY, TUESDAY, WEDNESDAY)


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("PT30M", Term(elapsed=timedelta(minutes=30))),
        ("P1D", Term(elapsed=timedelta(days=1))),
        ("P1DT2H30M", Term(elapsed=timedelta(days=1, hours=2, minutes=30))),
        ("PT0.25S", Term(elapsed=timedelta(milliseconds=250))),
        ("P400D", Term(elapsed=timedelta(days=400))),
        ("1 business day", Term(business_days=1)),
        ("2 business days", Term(business_days=2)),
        ("1 business hour", Term(business_hours=1)),
        ("4 business hours", Term(business_hours=4)),
        ("same business day", Term(business_days=0)),
        ("same business day, at most PT8H", Term(business_days=0, at_most=timedelta(hours=8))),
        ("2 business days, at most P5D", Term(business_days=2, at_most=timedelta(days=5))),
    ],
)
def test_a_term_is_read_from_and_written_as_its_string(written: str, meant: Term) -> None:
    assert term(written) == meant
    assert str(meant) == written
    assert meant.model_dump_json() == f'"{written}"'
    assert Term.model_validate_json(meant.model_dump_json(), strict=True) == meant
    assert Term.model_validate(meant.model_dump()) == meant


def test_other_spellings_of_a_term_are_written_in_one_form() -> None:
    assert str(term("PT90M")) == "PT1H30M"
    assert str(term("PT24H")) == "P1D"
    assert str(term("P2W")) == "P14D"
    assert str(term(" 1  business days ")) == "1 business day"


def test_a_duration_is_a_term() -> None:
    assert Term.model_validate(timedelta(minutes=30)) == term("PT30M")
    assert not term("PT30M").business
    assert term("1 business hour").business


def test_terms_stand_in_models_as_strings() -> None:
    class Clock(BaseModel):
        within: dict[str, Term]

    clock = Clock.model_validate_json('{"within": {"high": "same business day"}}', strict=True)
    assert clock.within["high"] == Term(business_days=0)
    assert clock.model_dump(mode="json") == {"within": {"high": "same business day"}}
    schema = TypeAdapter(Clock).json_schema()
    assert schema["$defs"]["Term"]["type"] == "string"


@pytest.mark.parametrize(
    "wrong",
    [
        "",
        "P",
        "PT",
        "30",
        "30 minutes",
        "-PT5M",
        "PT0S",
        "P1M",
        "P1Y",
        "P1BD",
        "P9999D",
        "0 business days",
        "1.5 business hours",
        "-1 business days",
        "2000 business days",
        "end of same business day",
        "same business day, at most 4 business hours",
        "same business day, at most PT0S",
        "PT4H, at most PT8H",
        30,
        1.5,
        None,
        True,
        {},
        {"elapsed": "PT5M", "business_days": 1},
    ],
)
def test_what_is_no_term_is_refused(wrong: object) -> None:
    with pytest.raises(ValidationError):
        Term.model_validate(wrong)


@pytest.mark.parametrize("wrong", ["30 minutes", "P1BD", "0 business days", 30])
def test_the_refusal_says_what_to_write(wrong: object) -> None:
    with pytest.raises(ValidationError, match=r"write an elapsed time such as PT30M.*`2 business days`"):
        Term.model_validate(wrong)


@pytest.mark.parametrize(
    ("written", "at", "due"),
    [
        # 16:50 on the Friday before Pentecost Monday.
        ("PT30M", "2026-05-22T14:50", "2026-05-22T15:20"),
        ("same business day", "2026-05-22T14:50", "2026-05-22T15:00"),
        ("1 business day", "2026-05-22T14:50", "2026-05-26T15:00"),
        ("2 business days", "2026-05-22T14:50", "2026-05-27T15:00"),
        # 10 minutes on Friday, the other 3 h 50 min on Tuesday from 09:00.
        ("4 business hours", "2026-05-22T14:50", "2026-05-26T10:50"),
        # 10 minutes, 8 hours, and 50 minutes.
        ("9 business hours", "2026-05-22T14:50", "2026-05-27T07:50"),
        # A moment before closing, at closing, a moment after.
        ("same business day", "2026-05-22T14:59:59", "2026-05-22T15:00"),
        ("same business day", "2026-05-22T15:00", "2026-05-26T15:00"),
        ("same business day", "2026-05-22T15:00:01", "2026-05-26T15:00"),
        ("1 business day", "2026-05-22T15:00", "2026-05-27T15:00"),
        ("1 business hour", "2026-05-22T15:00", "2026-05-26T08:00"),
        # 03:00 on the holiday.
        ("same business day", "2026-05-25T01:00", "2026-05-26T15:00"),
        ("1 business day", "2026-05-25T01:00", "2026-05-27T15:00"),
        ("2 business hours", "2026-05-25T01:00", "2026-05-26T09:00"),
        # Before opening, and exactly at opening, on a business day.
        ("same business day", "2026-05-26T05:00", "2026-05-26T15:00"),
        ("1 business day", "2026-05-26T05:00", "2026-05-27T15:00"),
        ("same business day", "2026-05-26T07:00", "2026-05-26T15:00"),
        # Hours that end with the day end at its close, not at the next opening.
        ("8 business hours", "2026-05-26T07:00", "2026-05-26T15:00"),
        ("8 business hours", "2026-05-26T05:00", "2026-05-26T15:00"),
        # The limit holds where it is shorter, and only there.
        ("same business day, at most PT8H", "2026-05-22T14:50", "2026-05-22T15:00"),
        ("same business day, at most PT8H", "2026-05-25T01:00", "2026-05-25T09:00"),
        ("1 business day, at most P2D", "2026-05-22T14:50", "2026-05-24T14:50"),
        ("4 business hours, at most PT24H", "2026-05-22T14:50", "2026-05-23T14:50"),
    ],
)
def test_a_term_ends_when_the_pencil_says(written: str, at: str, due: str) -> None:
    assert due_at(term(written), utc(at), PENTECOST) == utc(due)


@pytest.mark.parametrize(
    ("written", "at", "due"),
    [
        # One business day is left on Tuesday; Wednesday closes the calendar at 15:00.
        ("2 business days", "2026-05-26T10:00", "2026-05-28T15:00"),
        ("3 business days", "2026-05-26T10:00", "2026-05-29T15:00"),
        # An hour on Wednesday, three more past its close.
        ("4 business hours", "2026-05-27T14:00", "2026-05-27T18:00"),
        # From the last close on there is nothing to count.
        ("same business day", "2026-05-27T15:00", "2026-05-27T23:00"),
        ("1 business day", "2026-05-27T16:00", "2026-05-28T16:00"),
        ("5 business hours", "2026-06-27T16:00", "2026-06-27T21:00"),
        ("same business day, at most PT2H", "2026-06-27T16:00", "2026-06-27T18:00"),
    ],
)
def test_where_the_calendar_has_run_out_the_rest_is_elapsed_time(written: str, at: str, due: str) -> None:
    assert due_at(term(written), utc(at), PENTECOST) == utc(due)


def test_a_moment_before_the_calendar_begins_has_the_earlier_of_two_deadlines() -> None:
    assert due_at(term("same business day"), utc("2026-05-20T14:00"), PENTECOST) == utc("2026-05-20T22:00")
    assert due_at(term("same business day"), utc("2026-05-21T06:30"), PENTECOST) == utc("2026-05-21T14:30")
    assert due_at(term("12 business hours"), utc("2026-05-21T06:30"), PENTECOST) == utc("2026-05-21T18:30")


def test_business_time_without_a_calendar_is_refused_and_elapsed_time_needs_none() -> None:
    for written in (
        "same business day",
        "1 business day",
        "4 business hours",
        "same business day, at most PT8H",
    ):
        with pytest.raises(InvalidInputError, match="needs a business calendar"):
            due_at(term(written), utc("2026-05-22T14:50"), None)
    assert due_at(term("PT1H"), utc("2026-05-22T14:50"), None) == utc("2026-05-22T15:50")


def test_a_moment_without_a_zone_is_refused() -> None:
    zoneless = datetime.fromisoformat("2026-05-22T14:50")
    with pytest.raises(InvalidInputError, match="needs its zone"):
        due_at(term("PT1H"), zoneless, None)
    with pytest.raises(InvalidInputError, match="needs its zone"):
        reminder_at(zoneless, utc("2026-05-22T15:00"))


def test_elapsed_time_is_exact_whatever_zone_the_moment_is_told_in() -> None:
    # 01:30 in New York before the clocks go back at 02:00: two hours on it is 02:30 there, not 03:30.
    told = datetime(2026, 11, 1, 1, 30, tzinfo=ZoneInfo("America/New_York"))
    due = due_at(term("PT2H"), told, None)
    assert due == utc("2026-11-01T07:30")
    assert due.utcoffset() == timedelta(0)


def test_the_calendar_covers_from_its_first_opening_up_to_its_last_close() -> None:
    assert not PENTECOST.covers(utc("2026-05-21T06:59:59"))
    assert PENTECOST.covers(utc("2026-05-21T07:00"))
    assert PENTECOST.covers(utc("2026-05-24T12:00"))
    assert PENTECOST.covers(utc("2026-05-27T14:59:59"))
    assert not PENTECOST.covers(utc("2026-05-27T15:00"))


def test_a_calendar_is_short_as_json_and_comes_back_the_same() -> None:
    text = PENTECOST.model_dump_json()
    assert text == (
        '{"zone":"Europe/Berlin","country":"DE","region":"","open":["2026-05-21T07:00Z/PT8H",'
        '"2026-05-22T07:00Z/PT8H","2026-05-26T07:00Z/PT8H","2026-05-27T07:00Z/PT8H"]}'
    )
    again = BusinessCalendar.model_validate_json(text, strict=True)
    assert again == PENTECOST
    assert again.digest() == PENTECOST.digest() != calendar(THURSDAY).digest()


def test_a_calendar_keeps_its_moments_in_utc() -> None:
    local = BusinessCalendar.model_validate(
        {
            "zone": "Asia/Kolkata",
            "country": "IN",
            "open": [["2026-05-22T09:00+05:30", "2026-05-22T17:15+05:30"]],
        }
    )
    assert local.open == ((utc("2026-05-22T03:30"), utc("2026-05-22T11:45")),)
    assert local.model_dump()["open"] == ["2026-05-22T03:30Z/PT8H15M"]


@pytest.mark.parametrize(
    "days",
    [
        (),
        (FRIDAY, THURSDAY),
        (FRIDAY, FRIDAY),
        (("2026-05-22T15:00", "2026-05-22T07:00"),),
        (("2026-05-22T07:00", "2026-05-22T07:00"),),
    ],
)
def test_a_calendar_out_of_order_or_empty_is_refused(days: tuple[tuple[str, str], ...]) -> None:
    with pytest.raises(ValidationError):
        calendar(*days)


@pytest.mark.parametrize("wrong", ["2026-05-22", "2026-05-22T07:00/PT8H", "2026-05-22T07:00Z/8", 7])
def test_an_interval_that_can_t_be_read_is_refused(wrong: object) -> None:
    with pytest.raises(ValidationError):
        BusinessCalendar.model_validate({"zone": "UTC", "country": "", "open": [wrong]})


def test_business_hours_are_nine_to_five_from_monday_to_friday_unless_said_otherwise() -> None:
    usual = BusinessHours()
    assert (usual.opens, usual.closes) == (time(9), time(17))
    assert usual.weekdays == (Weekday.MON, Weekday.TUE, Weekday.WED, Weekday.THU, Weekday.FRI)
    assert usual.model_dump_json() == (
        '{"opens":"09:00","closes":"17:00","weekdays":["mon","tue","wed","thu","fri"]}'
    )
    assert BusinessHours.model_validate_json(usual.model_dump_json(), strict=True) == usual


def test_hours_may_run_to_the_end_of_the_day() -> None:
    assert BusinessHours(opens=time(0), closes=time(0)).closes == time(0)


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        ({"closes": 1020}, "in quotes"),
        ({"opens": "9"}, "in quotes"),
        ({"opens": "24:00"}, "in quotes"),
        ({"opens": "09:00:30"}, "in quotes"),
        ({"opens": "09:00+02:00"}, "in quotes"),
        ({"opens": "17:00", "closes": "09:00"}, "close after they open"),
        ({"opens": "09:00", "closes": "09:00"}, "close after they open"),
        ({"weekdays": ["mon", "mon"]}, "keep one"),
        ({"weekdays": []}, "at least 1"),
        ({"weekdays": ["monday"]}, "mon"),
        ({"lunch": "12:00"}, "lunch"),
    ],
)
def test_business_hours_that_make_no_sense_are_refused(wrong: dict[str, object], told: str) -> None:
    with pytest.raises(ValidationError, match=told):
        BusinessHours.model_validate(wrong)


def test_a_reminder_comes_half_way_unless_the_way_is_short() -> None:
    opened = utc("2026-05-22T14:50")
    assert reminder_at(opened, utc("2026-05-22T15:20")) == utc("2026-05-22T15:05")
    assert reminder_at(opened, utc("2026-05-22T15:00")) == utc("2026-05-22T14:55")
    assert reminder_at(opened, utc("2026-05-22T14:59:59")) is None
    assert reminder_at(opened, utc("2026-05-22T14:00")) is None


def test_a_plan_carries_a_calendar_by_the_minutes_between_its_days_and_it_comes_back_the_same() -> None:
    short = PENTECOST.carried()
    assert short["open"][1].startswith("+")
    assert len(str(short)) < len(str(PENTECOST.model_dump(mode="json")))
    assert BusinessCalendar.model_validate(short) == PENTECOST
    assert BusinessCalendar.model_validate(short).digest() == PENTECOST.digest()
