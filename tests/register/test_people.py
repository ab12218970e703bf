"""The directory in the register: what was changed here is kept, whatever the file says again."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest

from andon.config import DatabaseSettings
from andon.domain.directory import Absence, Directory, Role, standing_at
from andon.domain.errors import InvalidInputError, NotFoundError, OutdatedError
from andon.domain.personal_keys import PersonalKey
from andon.ports import SealedText
from andon.register.engine import Databases, open_databases
from andon.register.people import Change, Origin, People
from tests.domain.test_overlay import key, person
from tests.register.cases import NOW

MINUTE = timedelta(minutes=1)
WRITERS = 8


def everybody(*more: str) -> Directory:
    return Directory(
        people=(
            *(person(name) for name in ("ana", "bela", *more)),
            person("adam", Role.ADMIN),
            person("ada", Role.ADMIN),
        )
    )


@pytest.fixture
def people(databases: Databases) -> People:
    found = People(databases.register)
    found.import_file(everybody(), NOW)
    return found


@pytest.fixture
def elsewhere(databases: Databases, database_settings: DatabaseSettings) -> Iterator[People]:
    opened = open_databases(database_settings)
    yield People(opened.register)
    opened.close()


def test_the_same_file_makes_one_version(people: People) -> None:
    assert people.import_file(everybody(), NOW + MINUTE) is False
    assert people.import_file(everybody("cora"), NOW + 2 * MINUTE) is True
    assert [one.why for one in people.versions()] == [Change.FILE, Change.FILE]


def test_a_suspension_counts_from_its_instant_and_outlives_the_file(people: People) -> None:
    assert people.suspend("ana", NOW + MINUTE, by="adam") is True
    people.import_file(everybody("cora"), NOW + 2 * MINUTE)
    people.import_file(everybody(), NOW + 3 * MINUTE)
    for after, suspended in ((0, False), (1, True), (2, True), (3, True)):
        at = NOW + after * MINUTE
        assert standing_at(people.directory_at(at), "ana", at).suspended is suspended


def test_a_person_is_restored_by_another_and_both_moments_stay_in_the_history(people: People) -> None:
    people.suspend("ana", NOW + MINUTE, by="adam", reason=SealedText(id="t1", digest="0" * 64))
    with pytest.raises(InvalidInputError, match="can't restore themselves"):
        people.restore("ana", NOW + 2 * MINUTE, by="ana")
    assert people.restore("ana", NOW + 2 * MINUTE, by="ada") is True
    assert people.latest() == everybody()
    told = [(one.why, one.by, one.about, one.in_force_from) for one in people.versions()]
    assert told == [
        (Change.RESTORED, "ada", "ana", NOW + 2 * MINUTE),
        (Change.SUSPENDED, "adam", "ana", NOW + MINUTE),
        (Change.FILE, None, None, NOW),
    ]
    assert people.versions()[1].reason == SealedText(id="t1", digest="0" * 64)
    at = NOW + MINUTE
    assert standing_at(people.directory_at(at), "ana", at).suspended


def test_a_key_is_added_and_revoked_and_outlives_the_file(people: People) -> None:
    assert people.add_key("ana", key(1), NOW + MINUTE) is True
    assert people.add_key("ana", key(1), NOW + 2 * MINUTE) is False
    people.import_file(everybody("cora"), NOW + 3 * MINUTE)
    assert people.revoke_key("ana", key(1).id, NOW + 4 * MINUTE, by="adam") is True
    for after, keys in ((0, 0), (1, 1), (3, 1), (4, 0)):
        at = NOW + after * MINUTE
        assert len(standing_at(people.directory_at(at), "ana", at).keys) == keys
    newest, added = people.versions()[0], people.versions()[2]
    assert (newest.why, newest.by, newest.about) == (Change.KEY_REVOKED, "adam", "ana")
    assert (added.why, added.by) == (Change.KEY_ADDED, "ana")


def test_a_change_that_is_refused_leaves_nothing_behind(people: People) -> None:
    people.add_key("ana", key(1), NOW + MINUTE)
    before = people.versions()
    with pytest.raises(InvalidInputError, match="belongs to somebody else"):
        people.add_key("bela", key(1), NOW + 2 * MINUTE)
    with pytest.raises(NotFoundError, match="no person 'nobody'"):
        people.suspend("nobody", NOW + 2 * MINUTE, by="adam")
    taken = Directory(people=(person("bela", keys=(key(1),)), person("ana"), *everybody().people[2:]))
    with pytest.raises(InvalidInputError, match="two people"):
        people.import_file(taken, NOW + 2 * MINUTE)
    assert people.versions() == before


def test_absences_are_kept_and_ended(people: People) -> None:
    away = Absence(since=NOW, until=NOW + timedelta(days=2))
    assert people.add_absence("ana", away, NOW + MINUTE) is True
    assert people.add_absence("ana", away, NOW + MINUTE) is False
    people.import_file(everybody("cora"), NOW + 2 * MINUTE)
    found = people.latest().person("ana")
    assert found is not None
    assert found.absent_at(NOW + 3 * MINUTE)
    assert people.end_absence("ana", NOW + 4 * MINUTE) is True
    assert people.latest() == everybody("cora")


def test_a_list_put_in_the_place_of_the_file_stays_until_the_file_says_something_new(people: People) -> None:
    people.suspend("ana", NOW + MINUTE, by="adam")
    _, version, origin = people.current()
    assert origin is Origin.FILE
    assert people.put_directory(everybody("cora"), NOW + 2 * MINUTE, by="adam", expected=version.digest)
    assert people.import_file(everybody(), NOW + 3 * MINUTE) is False
    directory, version, origin = people.current()
    assert (origin, version.why, version.by) == (Origin.API, Change.REPLACED, "adam")
    assert directory.person("cora") is not None
    assert standing_at(directory, "ana", NOW + 3 * MINUTE).suspended
    assert people.import_file(everybody("dora"), NOW + 4 * MINUTE) is True
    assert people.current()[2] is Origin.FILE
    assert people.latest().person("cora") is None


def test_what_was_made_from_an_older_directory_is_refused(people: People) -> None:
    _, read, _ = people.current()
    people.add_key("ana", key(1), NOW + MINUTE)
    with pytest.raises(OutdatedError) as refusal:
        people.put_directory(everybody(), NOW + 2 * MINUTE, expected=read.digest)
    assert refusal.value.digest == people.current()[1].digest


def test_a_late_clock_never_puts_a_change_before_the_one_it_builds_on(people: People) -> None:
    people.import_file(everybody("cora"), NOW + 5 * MINUTE)
    people.suspend("ana", NOW + MINUTE, by="adam")
    for at in (NOW + 5 * MINUTE, NOW + 6 * MINUTE):
        assert standing_at(people.directory_at(at), "ana", at).suspended
    assert people.latest() == people.directory_at(NOW + 6 * MINUTE)


def test_nothing_is_changed_before_there_is_a_directory(databases: Databases) -> None:
    people = People(databases.register)
    with pytest.raises(NotFoundError, match="no directory"):
        people.suspend("ana", NOW, by="adam")
    with pytest.raises(NotFoundError, match="no directory"):
        people.current()


def test_versions_are_read_a_page_at_a_time(people: People) -> None:
    for number in range(4):
        people.add_key("ana", key(number + 1), NOW + MINUTE)
    first = people.versions(limit=2)
    assert [one.number for one in (*first, *people.versions(limit=9, before=first[-1].number))] == [
        5,
        4,
        3,
        2,
        1,
    ]


def test_writers_at_once_lose_nothing(people: People, elsewhere: People) -> None:
    together = threading.Barrier(WRITERS)

    def added(number: int) -> bool:
        together.wait(timeout=20)
        writer = (people, elsewhere)[number % 2]
        return writer.add_key(("ana", "bela")[number % 2], key(number + 1), NOW + MINUTE)

    with ThreadPoolExecutor(WRITERS) as threads:
        assert all(threads.map(added, range(WRITERS)))
    held = [one.id for name in ("ana", "bela") for one in _keys(people, name)]
    assert sorted(held) == sorted(key(number + 1).id for number in range(WRITERS))
    assert len(people.versions()) == WRITERS + 1


def test_of_two_lists_made_from_one_directory_the_first_wins(people: People, elsewhere: People) -> None:
    read = people.current()[1].digest
    together = threading.Barrier(2)

    def put(writer: People, name: str) -> bool:
        together.wait(timeout=20)
        try:
            return writer.put_directory(everybody(name), NOW + MINUTE, by="adam", expected=read)
        except OutdatedError:
            return False

    with ThreadPoolExecutor(2) as threads:
        tries: list[Callable[[], bool]] = [lambda: put(people, "cora"), lambda: put(elsewhere, "dora")]
        assert sorted(threads.map(lambda one: one(), tries)) == [False, True]
    assert len(people.versions()) == 2


def test_one_key_sent_for_two_people_at_once_belongs_to_one(people: People, elsewhere: People) -> None:
    together = threading.Barrier(2)

    def added(writer: People, name: str) -> bool:
        together.wait(timeout=20)
        try:
            return writer.add_key(name, key(1), NOW + MINUTE)
        except InvalidInputError:
            return False

    with ThreadPoolExecutor(2) as threads:
        tries: list[Callable[[], bool]] = [lambda: added(people, "ana"), lambda: added(elsewhere, "bela")]
        assert sorted(threads.map(lambda one: one(), tries)) == [False, True]
    assert len(_keys(people, "ana")) + len(_keys(people, "bela")) == 1


def _keys(people: People, name: str) -> tuple[PersonalKey, ...]:
    found = people.latest().person(name)
    assert found is not None
    return found.keys
