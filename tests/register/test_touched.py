"""What was touched last is known whoever touched it, and looking touches nothing."""

from __future__ import annotations

from datetime import UTC, datetime

from sqlalchemy import text

from andon.domain.decision import Exhibit
from andon.domain.run_alarm import RunAlarmKind
from andon.register.alarms import Alarms
from andon.register.engine import Databases, writing
from andon.register.openings import Openings
from andon.register.touched import LISTS, Touched

AT = datetime(2026, 3, 2, 3, 12, tzinfo=UTC)
ENTRY = (
    "INSERT INTO ledger_entries (incident, chain, sequence, digest, entry) "
    "VALUES ('INC-20260302-000001', :chain, :at, '', '')"
)
SEEN: Exhibit = "evidence"


def test_a_change_of_an_incident_is_told_of_it_and_of_lists(databases: Databases) -> None:
    touched = Touched(databases.register)
    assert (touched.newest(), touched.since(0)) == (0, [])
    alarms = Alarms(databases.register)
    alarms.raise_alarm("INC-20260302-000001", RunAlarmKind.GONE, {}, AT)
    first = touched.newest()
    assert {one.subject for one in touched.since(0)} == {"INC-20260302-000001", LISTS}
    alarms.raise_alarm("INC-20260302-000002", RunAlarmKind.GONE, {}, AT)
    alarms.clear(["INC-20260302-000001"], AT)
    assert [one.subject for one in touched.since(first + 1)] == [
        "INC-20260302-000002",
        "INC-20260302-000001",
        LISTS,
    ]
    numbers = touched.numbers(["INC-20260302-000001", "INC-20260302-000002", "INC-20260302-000003"])
    assert (
        numbers["INC-20260302-000001"] > numbers["INC-20260302-000002"] > numbers["INC-20260302-000003"] == 0
    )
    assert touched.newest() == max(touched.numbers([LISTS]).values())


def test_the_newest_known_number_is_always_told_again(databases: Databases) -> None:
    touched = Touched(databases.register)
    Alarms(databases.register).raise_alarm("INC-20260302-000001", RunAlarmKind.GONE, {}, AT)
    (last,) = touched.since(touched.newest())
    assert last.number == touched.newest()
    assert touched.since(touched.newest() + 1) == []


def test_what_happened_is_told_and_who_looked_is_not(databases: Databases) -> None:
    touched = Touched(databases.register)
    Openings(databases.register).note("INC-20260302-000001", "ana", {SEEN: "0" * 64}, AT)
    with writing(databases.register) as connection:
        connection.execute(text(ENTRY), {"chain": "access", "at": 0})
    assert touched.newest() == 0
    with writing(databases.register) as connection:
        for number in range(3):
            connection.execute(text(ENTRY), {"chain": "response", "at": number})
    assert touched.numbers(["INC-20260302-000001", LISTS]) == {"INC-20260302-000001": 3, LISTS: 0}


def test_what_was_undone_touched_nothing(databases: Databases) -> None:
    touched = Touched(databases.register)
    with databases.register.connect() as connection:
        connection.execute(text(ENTRY), {"chain": "response", "at": 0})
        connection.rollback()
    assert touched.newest() == 0
