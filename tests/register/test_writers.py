"""What holds when many write at once, on either kind of database."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import TypeVar

import pytest
from sqlalchemy import select
from sqlalchemy.exc import OperationalError

from andon.domain.errors import InvalidInputError, StoreConflictError
from andon.register.engine import Databases, insert_if_absent, open_engine, reading, together, writing
from andon.register.incidents import Incidents
from andon.register.ledger import Ledger
from andon.register.switches import Switches
from andon.register.tables import incident_keys
from tests.register.cases import INCIDENT, NOW, TITLE, TOOL, chain, hold, opening, view

AT_ONCE = 8
PATIENCE_SECONDS = 30
Result = TypeVar("Result")


def at_once(call: Callable[[int], Result], count: int = AT_ONCE) -> list[Result]:
    """Call from many threads that all begin at the same moment."""
    ready = threading.Barrier(count)

    def run(number: int) -> Result:
        ready.wait(PATIENCE_SECONDS)
        return call(number)

    with ThreadPoolExecutor(count) as threads:
        return list(threads.map(run, range(count), timeout=PATIENCE_SECONDS))


def put_key(databases: Databases, wrapped: bytes) -> bool:
    row = {"incident": INCIDENT, "wrapped": wrapped}
    with writing(databases.register) as connection:
        return insert_if_absent(connection, incident_keys, row, on=("incident",))


def key_of(databases: Databases) -> bytes | None:
    with reading(databases.register) as connection:
        return connection.execute(select(incident_keys.c.wrapped)).scalar()


def test_of_many_who_insert_one_row_one_does_and_each_is_told(databases: Databases) -> None:
    told = at_once(lambda number: put_key(databases, bytes([number])))
    assert sorted(told) == [False] * (AT_ONCE - 1) + [True]
    assert key_of(databases) == bytes([told.index(True)])


def test_of_many_detections_with_one_key_one_opens_an_incident(databases: Databases) -> None:
    incidents = Incidents(databases.register)
    allotted = at_once(
        lambda number: incidents.allot(opening(f"INC-20260302-aaaaa{number}"), dedupe="key", title=TITLE)
    )
    assert sorted(one.opened for one in allotted) == [False] * (AT_ONCE - 1) + [True]
    assert len({one.incident for one in allotted}) == len(incidents.list()) == 1


def test_what_is_done_together_is_there_whole_or_not_at_all(databases: Databases) -> None:
    incidents = Incidents(databases.register)

    def cut_off() -> None:
        with incidents.together():
            incidents.allot(opening(), dedupe=None, title=TITLE)
            put_key(databases, b"wrapped")
            raise InterruptedError

    with pytest.raises(InterruptedError):
        cut_off()
    assert (incidents.get(INCIDENT), key_of(databases)) == (None, None)
    with incidents.together():
        incidents.allot(opening(), dedupe=None, title=TITLE)
        put_key(databases, b"wrapped")
        with ThreadPoolExecutor(1) as elsewhere:
            assert elsewhere.submit(incidents.get, INCIDENT).result(PATIENCE_SECONDS) is None
    assert incidents.get(INCIDENT) is not None
    assert key_of(databases) == b"wrapped"


def test_what_is_decided_on_what_was_read_stays_true_until_it_is_written(databases: Databases) -> None:
    counted = 5

    def count_up(_: int) -> None:
        for _ in range(counted):
            with together(databases.register):
                found = int(key_of(databases) or b"0")
                with writing(databases.register) as connection:
                    connection.execute(incident_keys.delete())
                put_key(databases, str(found + 1).encode())

    at_once(count_up, 4)
    assert key_of(databases) == str(4 * counted).encode()


def test_the_newest_view_stands_in_whatever_order_they_come(databases: Databases) -> None:
    incidents = Incidents(databases.register)
    incidents.allot(opening(), dedupe=None, title=TITLE)
    at_once(lambda number: incidents.show(view(version=(number * 5) % AT_ONCE + 1)))
    found = incidents.get(INCIDENT)
    assert found is not None
    assert found.view is not None
    assert found.view.version == AT_ONCE


def test_of_those_who_release_the_last_holds_of_a_lever_one_is_told_it_allows(databases: Databases) -> None:
    switches = Switches(databases.switches)
    for number in range(AT_ONCE):
        switches.put_hold(hold(number), f"{number}/apply", None, at=NOW)
    told = at_once(lambda number: switches.release(hold(number).order, f"{number}/release", at=NOW))
    assert sorted(told) == [False] * (AT_ONCE - 1) + [True]
    assert switches.answer(TOOL, normal=True).value is True


def test_nothing_comes_in_below_a_version_that_was_seen(databases: Databases) -> None:
    switches = Switches(databases.switches)
    seen: list[tuple[int, int]] = []

    def put(number: int) -> None:
        switches.put_hold(hold(number), f"{number}/apply", None, at=NOW)
        version = switches.version()
        seen.append((version, sum(one.id <= version for one in switches.effects())))

    at_once(put)
    effects = switches.effects()
    assert all(count == sum(one.id <= version for one in effects) for version, count in seen)


def test_one_look_sees_one_state_whatever_is_written_meanwhile(databases: Databases) -> None:
    put_key(databases, b"before")
    with reading(databases.register) as connection:
        wanted = select(incident_keys.c.wrapped)
        assert connection.execute(wanted).scalar() == b"before"
        with ThreadPoolExecutor(1) as elsewhere:
            elsewhere.submit(_replace, databases, b"after").result(PATIENCE_SECONDS)
        assert connection.execute(wanted).scalar() == b"before"
    assert key_of(databases) == b"after"


def _replace(databases: Databases, wrapped: bytes) -> None:
    with writing(databases.register) as connection:
        connection.execute(incident_keys.update().values(wrapped=wrapped))


def test_of_two_continuations_of_a_ledger_one_is_kept(databases: Databases) -> None:
    ledger = Ledger(databases.register)
    ledger.append(chain(3))
    grown = [
        chain(4),
        [*chain(3), chain(4, kind="forged")[3].model_copy(update={"previous": chain(3)[2].digest()})],
    ]

    def grow(number: int) -> bool:
        try:
            ledger.append(grown[number % 2][3:])
        except StoreConflictError:
            return False
        return True

    kept = at_once(grow)
    assert kept.count(True) == AT_ONCE // 2
    assert ledger.head(INCIDENT).length == 4


@pytest.mark.parametrize("kind", ["postgresql"], indirect=True)
def test_whoever_waits_too_long_to_write_is_told_that_it_is_busy(databases: Databases) -> None:
    with writing(databases.switches), ThreadPoolExecutor(1) as elsewhere:
        late = elsewhere.submit(Switches(databases.switches).put_hold, hold(), "k/apply", None, at=NOW)
        with pytest.raises(OperationalError, match="lock timeout"):
            late.result(PATIENCE_SECONDS)


@pytest.mark.parametrize("kind", ["postgresql"], indirect=True)
def test_writers_of_one_database_do_not_wait_for_those_of_another(databases: Databases) -> None:
    with writing(databases.recorder), writing(databases.register):
        at = NOW + timedelta(seconds=1)
        with ThreadPoolExecutor(1) as elsewhere:
            put = elsewhere.submit(Switches(databases.switches).put_hold, hold(), "k/apply", None, at=at)
            put.result(PATIENCE_SECONDS)


def test_another_kind_of_database_is_refused() -> None:
    with pytest.raises(InvalidInputError, match="mysql is not supported"):
        open_engine("mysql://root@localhost/andon", "register")
