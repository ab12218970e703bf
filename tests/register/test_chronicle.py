"""Looking through a ledger page by page, in both directions, with and without filters."""

from __future__ import annotations

from datetime import timedelta

from andon.console.chronicle import AT_A_TIME, newest, oldest
from andon.domain.ledger import Head, Kind, rechain
from andon.domain.sift import Sift
from andon.register.engine import Databases
from andon.register.ledger import Ledger
from tests.register.cases import INCIDENT, NOW, chain

LONG = AT_A_TIME + 7
RARE = (3, 200, AT_A_TIME + 2)


def filled(databases: Databases) -> Ledger:
    ledger = Ledger(databases.register)
    entries = [
        one.model_copy(update={"kind": Kind.CONTAINED.value}) if one.sequence in RARE else one
        for one in chain(LONG)
    ]
    ledger.append(rechain(entries, Head()))
    return ledger


def test_pages_go_on_where_the_one_before_ended(databases: Databases) -> None:
    ledger = filled(databases)
    seen: list[int] = []
    place: int | None = None
    while True:
        found, place = newest(ledger, INCIDENT, Sift(), before=place, limit=100)
        seen += [one.sequence for one in found]
        if place is None:
            break
    assert seen == list(reversed(range(LONG)))


def test_what_fits_is_found_however_far_back_it_stands(databases: Databases) -> None:
    ledger, sift = filled(databases), Sift(kind=Kind.CONTAINED)
    found, place = newest(ledger, INCIDENT, sift, before=None, limit=2)
    assert [one.sequence for one in found] == [RARE[2], RARE[1]]
    found, place = newest(ledger, INCIDENT, sift, before=place, limit=2)
    assert ([one.sequence for one in found], place) == ([RARE[0]], None)


def test_the_oldest_come_first_in_the_other_direction(databases: Databases) -> None:
    ledger, sift = filled(databases), Sift(kind=Kind.CONTAINED, since=NOW + timedelta(seconds=4))
    found, place = oldest(ledger, INCIDENT, sift, after=None, limit=1)
    assert ([one.sequence for one in found], place) == ([RARE[1]], RARE[1])
    found, place = oldest(ledger, INCIDENT, sift, after=place, limit=1)
    assert ([one.sequence for one in found], place) == ([RARE[2]], None)


def test_only_entries_of_some_kinds_are_read(databases: Databases) -> None:
    ledger = filled(databases)
    found = ledger.of_kinds(INCIDENT, (Kind.CONTAINED,), limit=10)
    assert [one.sequence for one in found] == list(RARE)
    assert ledger.of_kinds(INCIDENT, (Kind.CLOSED,), limit=10) == []
