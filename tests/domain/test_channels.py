"""When a channel may be used."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from pydantic import ValidationError

from andon.domain.channels import Channel, kind_of
from andon.domain.directory import Directory, Person
from andon.domain.errors import InvalidInputError
from andon.domain.severity import Band

BERLIN = "Europe/Berlin"
SECRET = "json://user:secret@example.org/"


def berlin(text: str, fold: int = 0) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(BERLIN), fold=fold).astimezone(UTC)


def quiet(*hours: str) -> Channel:
    return Channel(url=SECRET, quiet=hours)


@pytest.mark.parametrize(
    ("hours", "at", "opens"),
    [
        (("22:00-07:00",), "2026-03-02 21:59", "2026-03-02 21:59"),
        (("22:00-07:00",), "2026-03-02 22:00", "2026-03-03 07:00"),
        (("22:00-07:00",), "2026-03-03 06:59", "2026-03-03 07:00"),
        (("22:00-07:00",), "2026-03-03 07:00", "2026-03-03 07:00"),
        (("12:00-13:00",), "2026-03-03 12:30", "2026-03-03 13:00"),
        (("22:00-00:00",), "2026-03-03 23:30", "2026-03-04 00:00"),
        (("06:00-08:00", "22:00-06:00"), "2026-03-03 23:00", "2026-03-04 08:00"),
        (("22:00-07:00",), "2028-02-28 23:00", "2028-02-29 07:00"),
        # Clocks go forward at 02:00 on 2026-03-29: 02:30 is not shown, and the wait is an hour shorter.
        (("22:00-02:30",), "2026-03-29 01:30", "2026-03-29 03:30"),
        (("22:00-07:00",), "2026-03-28 23:00", "2026-03-29 07:00"),
        # Clocks go back at 03:00 on 2026-10-25.
        (("22:00-07:00",), "2026-10-24 23:00", "2026-10-25 07:00"),
    ],
)
def test_quiet_hours_are_those_of_the_persons_own_wall_clock(
    hours: tuple[str, ...], at: str, opens: str
) -> None:
    assert quiet(*hours).opens_at(Band.MEDIUM, berlin(at), BERLIN, None) == berlin(opens)


def test_in_the_hour_that_comes_twice_quiet_hours_end_in_the_same_one() -> None:
    second = berlin("2026-10-25 02:40", fold=1)
    opens = quiet("02:00-02:50").opens_at(Band.LOW, second, BERLIN, None)
    assert opens == second + timedelta(minutes=10)


@pytest.mark.parametrize("band", [Band.HIGH, Band.CRITICAL])
def test_quiet_hours_never_hold_back_high_or_critical(band: Band) -> None:
    night = berlin("2026-03-02 23:00")
    assert quiet("22:00-07:00").opens_at(band, night, BERLIN, None) == night


def test_quiet_hours_do_not_hold_back_what_is_due_before_they_end() -> None:
    night = berlin("2026-03-02 23:00")
    for due, opens in (("2026-03-03 07:00", night), ("2026-03-03 07:01", berlin("2026-03-03 07:00"))):
        assert quiet("22:00-07:00").opens_at(Band.LOW, night, BERLIN, berlin(due)) == opens


@pytest.mark.parametrize("least", list(Band))
@pytest.mark.parametrize("band", list(Band))
def test_a_channel_is_used_from_its_severity_on(least: Band, band: Band) -> None:
    noon = berlin("2026-03-02 12:00")
    opens = Channel(url=SECRET, from_severity=least).opens_at(band, noon, BERLIN, None)
    assert opens == (noon if band.rank >= least.rank else None)


@pytest.mark.parametrize(
    "hours", [("22:00-22:00",), ("00:00-12:00", "12:00-00:00"), ("25:00-07:00",), ("22-7",), ("22:00-24:00",)]
)
def test_hours_that_make_no_sense_or_leave_no_time_are_refused(hours: tuple[str, ...]) -> None:
    with pytest.raises((ValidationError, InvalidInputError)):
        quiet(*hours)


def test_a_plain_url_still_is_a_channel_and_leaves_the_directory_digest_as_it_was() -> None:
    plain = {"id": "ana", "name": "Ana", "roles": ["legal"], "channels": [SECRET]}
    ana = Person.model_validate(plain)
    assert ana.ways == (Channel(url=SECRET),)
    assert ana.model_dump(mode="json")["channels"] == [SECRET]


def test_a_channel_with_conditions_is_read_from_yaml_words_and_survives_storage() -> None:
    written = {"url": SECRET, "from": "high", "quiet": ["22:00-07:00"]}
    ana = Person.model_validate({"id": "ana", "name": "Ana", "roles": ["legal"], "channels": [written]})
    assert ana.ways == (Channel(url=SECRET, from_severity=Band.HIGH, quiet=("22:00-07:00",)),)
    directory = Directory(people=(ana,))
    assert Directory.model_validate_json(directory.model_dump_json()) == directory


def test_the_kind_of_a_channel_gives_no_secret_away() -> None:
    assert Channel(url=SECRET).kind == "json"
    assert kind_of("xoxb-a-bare-secret") == "unreadable"
