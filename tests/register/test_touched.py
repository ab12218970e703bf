"""What was touched last is known whoever touched it, and looking touches nothing."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from sqlalchemy import text

from andon.domain.decision import Exhibit
from andon.domain.run_alarm import RunAlarmKind
from andon.register.alarms import Alarms
from andon.register.engine import Databases, writing
from andon.register.openings import Openings
from andon.register.touched import LISTS, Touched

AT = datetime(2026, 3, 2, 3, 12, tzinfo=UTC)
ONE, OTHER = "INC-20260302-000001", "INC-20260302-000002"
ENTRY = (
    "INSERT INTO ledger_entries (incident, chain, sequence, digest, entry) "
    "VALUES (:incident, :chain, :at, '', '')"
)
RAISED = "INSERT INTO alarms (kind, incident, at, details) VALUES ('gone', :incident, :at, '{}')"
SEEN: Exhibit = "evidence"


def test_a_change_of_an_incident_is_told_of_it_and_of_lists_and_of_no_other(databases: Databases) -> None:
    numbers = Touched(databases.register).numbers
    alarms = Alarms(databases.register)
    assert numbers([ONE, OTHER, LISTS]) == {ONE: 0, OTHER: 0, LISTS: 0}
    alarms.raise_alarm(ONE, RunAlarmKind.GONE, {}, AT)
    assert numbers([ONE, OTHER, LISTS]) == {ONE: 1, OTHER: 0, LISTS: 1}
    alarms.raise_alarm(OTHER, RunAlarmKind.GONE, {}, AT)
    alarms.clear([ONE], AT)
    assert numbers([ONE, OTHER, LISTS]) == {ONE: 2, OTHER: 1, LISTS: 3}


@pytest.mark.parametrize("kind", ["postgresql"], indirect=True)
def test_of_writers_at_once_none_waits_for_another_and_each_is_told(databases: Databases) -> None:
    touched = Touched(databases.register)
    with databases.register.connect() as first, databases.register.connect() as second:
        first.execute(text(RAISED), {"incident": ONE, "at": AT})
        second.execute(text("SET lock_timeout = '2s'"))
        second.execute(text(RAISED), {"incident": OTHER, "at": AT})
        second.commit()
        assert touched.numbers([ONE, OTHER, LISTS]) == {ONE: 0, OTHER: 1, LISTS: 1}
        first.commit()
    assert touched.numbers([ONE, OTHER, LISTS]) == {ONE: 1, OTHER: 1, LISTS: 2}


def test_what_happened_is_told_and_who_looked_is_not(databases: Databases) -> None:
    touched = Touched(databases.register)
    Openings(databases.register).note(ONE, "ana", {SEEN: "0" * 64}, AT)
    with writing(databases.register) as connection:
        connection.execute(text(ENTRY), {"incident": ONE, "chain": "access", "at": 0})
    assert touched.numbers([ONE]) == {ONE: 0}
    with writing(databases.register) as connection:
        for number in range(3):
            connection.execute(text(ENTRY), {"incident": ONE, "chain": "response", "at": number})
    assert touched.numbers([ONE, LISTS]) == {ONE: 3, LISTS: 0}


def test_what_was_undone_touched_nothing(databases: Databases) -> None:
    touched = Touched(databases.register)
    with databases.register.connect() as connection:
        connection.execute(text(ENTRY), {"incident": ONE, "chain": "response", "at": 0})
        connection.rollback()
    assert touched.numbers([ONE]) == {ONE: 0}
