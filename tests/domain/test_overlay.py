"""What is changed while Andon runs outlives every reading of the list it lies over."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from hypothesis import given
from hypothesis import strategies as some

from andon.domain.directory import Absence, Directory, Person, Role, standing_at
from andon.domain.errors import InvalidInputError, NotFoundError
from andon.domain.overlay import (
    ABSENCES_AT_MOST,
    KEYS_AT_MOST,
    Overlay,
    add_absence,
    add_key,
    compose,
    end_absence,
    restore,
    revoke_key,
    suspend,
)
from andon.domain.personal_keys import PersonalKey, ssh_key

NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)
LATER = NOW + timedelta(hours=1)
EARLIER = NOW - timedelta(days=30)
NOTHING = Overlay()


def key(number: int) -> PersonalKey:
    private = Ed25519PrivateKey.from_private_bytes(bytes([number]) * 32)
    line = private.public_key().public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH).decode()
    return ssh_key(line)


def person(name: str, role: Role = Role.LEGAL, **fields: Any) -> Person:
    return Person.model_validate({"id": name, "name": name, "roles": (role,), **fields})


def listed(**fields: Any) -> Directory:
    return Directory(people=(person("ana", **fields), person("bela"), person("adam", Role.ADMIN)))


def test_nothing_laid_over_a_list_leaves_it_as_it_is() -> None:
    assert compose(listed(), NOTHING) == listed()


def test_a_key_counts_from_the_moment_it_is_added() -> None:
    directory = compose(listed(), add_key(listed(), NOTHING, "ana", key(1), NOW))
    (held,) = directory.people[0].keys
    assert (held.id, held.since) == (key(1).id, NOW)
    assert standing_at(directory, "ana", NOW).keys == (held,)
    assert standing_at(directory, "ana", NOW - timedelta(microseconds=1)).keys == ()


def test_a_key_can_not_be_dated_back_but_may_begin_later() -> None:
    for since, begins in ((EARLIER, NOW), (LATER, LATER)):
        dated = key(1).model_copy(update={"since": since})
        overlay = add_key(listed(), NOTHING, "ana", dated, NOW)
        assert compose(listed(), overlay).people[0].keys[0].since == begins


def test_adding_a_key_twice_changes_nothing() -> None:
    once = add_key(listed(), NOTHING, "ana", key(1), NOW)
    assert add_key(listed(), once, "ana", key(1), LATER) == once
    in_the_list = listed(keys=(key(1),))
    assert add_key(in_the_list, NOTHING, "ana", key(1), NOW) == NOTHING


def test_a_revoked_key_counts_no_more_and_never_comes_back() -> None:
    once = add_key(listed(), NOTHING, "ana", key(1), NOW)
    revoked = revoke_key(listed(), once, "ana", key(1).id, LATER)
    directory = compose(listed(), revoked)
    assert [one.id for one in standing_at(directory, "ana", NOW).keys] == [key(1).id]
    assert standing_at(directory, "ana", LATER).keys == ()
    assert revoke_key(listed(), revoked, "ana", key(1).id, LATER + timedelta(days=1)) == revoked
    with pytest.raises(InvalidInputError, match="was revoked"):
        add_key(listed(), revoked, "ana", key(1), LATER)


def test_revoking_a_key_of_the_list_outlives_the_list() -> None:
    old = listed(keys=(key(1),))
    revoked = revoke_key(old, NOTHING, "ana", key(1).id, NOW)
    assert standing_at(compose(old, revoked), "ana", LATER).keys == ()
    assert compose(old, revoked).people[0].keys[0].revoked_from == NOW


def test_an_earlier_moment_in_the_list_stays_and_a_later_list_undoes_nothing() -> None:
    old = listed(keys=(key(1).model_copy(update={"revoked_from": EARLIER}),), suspended_from=EARLIER)
    overlay = suspend(old, revoke_key(old, NOTHING, "ana", key(1).id, NOW), "ana", NOW)
    assert compose(old, overlay) == old
    fresh = compose(listed(keys=(key(1),)), overlay).people[0]
    assert (fresh.suspended_from, fresh.keys[0].revoked_from) == (NOW, NOW)


@pytest.mark.parametrize(
    ("change", "error", "says"),
    [
        (lambda o: add_key(listed(), o, "nobody", key(1), NOW), NotFoundError, "no person 'nobody'"),
        (lambda o: add_key(listed(), o, "bela", key(9), NOW), InvalidInputError, "belongs to somebody else"),
        (lambda o: revoke_key(listed(), o, "bela", key(9).id, NOW), InvalidInputError, "somebody else"),
        (lambda o: revoke_key(listed(), o, "ana", key(2).id, NOW), NotFoundError, "no key"),
        (lambda o: revoke_key(listed(), o, "nobody", key(2).id, NOW), NotFoundError, "no person"),
        (lambda o: suspend(listed(), o, "nobody", NOW), NotFoundError, "no person"),
        (lambda o: suspend(listed(), o, "adam", NOW), InvalidInputError, "the only admin left"),
        (lambda o: restore(listed(), o, "nobody"), NotFoundError, "no person"),
        (lambda o: end_absence(listed(), o, "ana", NOW), NotFoundError, "absence"),
    ],
)
def test_what_can_not_be_done_is_refused_and_says_why(
    change: Callable[[Overlay], Overlay], error: type[Exception], says: str
) -> None:
    with pytest.raises(error, match=says):
        change(add_key(listed(), NOTHING, "ana", key(9), NOW))


def test_shared_accounts_and_suspended_people_get_no_keys() -> None:
    with pytest.raises(InvalidInputError, match="account of several people"):
        add_key(listed(shared=True), NOTHING, "ana", key(1), NOW)
    with pytest.raises(InvalidInputError, match="suspended"):
        add_key(listed(), suspend(listed(), NOTHING, "ana", NOW), "ana", key(1), NOW)


def test_keys_are_bounded_and_revoked_ones_make_room() -> None:
    overlay = NOTHING
    for number in range(KEYS_AT_MOST):
        overlay = add_key(listed(), overlay, "ana", key(number + 1), NOW)
    with pytest.raises(InvalidInputError, match="revoke one first"):
        add_key(listed(), overlay, "ana", key(99), NOW)
    revoked = revoke_key(listed(), overlay, "ana", key(1).id, NOW)
    assert len(compose(listed(), add_key(listed(), revoked, "ana", key(99), NOW)).people[0].keys) == 21


def test_a_suspension_begins_at_its_instant_and_outlives_an_older_list() -> None:
    overlay = suspend(listed(), NOTHING, "ana", NOW)
    for base in (listed(), listed(suspended_from=LATER), listed(suspended_from=EARLIER)):
        assert compose(base, overlay).people[0].suspended_at(NOW)
    assert not standing_at(compose(listed(), overlay), "ana", NOW - timedelta(microseconds=1)).suspended
    assert suspend(listed(), overlay, "ana", LATER) == overlay


def test_somebody_taken_off_the_list_and_put_back_is_still_suspended() -> None:
    overlay = suspend(listed(), NOTHING, "ana", NOW)
    without = Directory(people=listed().people[1:])
    assert compose(without, overlay) == without
    assert compose(listed(), overlay).people[0].suspended_at(NOW)


def test_a_key_of_somebody_taken_off_the_list_belongs_to_nobody_else() -> None:
    overlay = add_key(listed(), NOTHING, "ana", key(1), NOW)
    without = Directory(people=listed().people[1:])
    with pytest.raises(InvalidInputError, match="belongs to somebody else"):
        add_key(without, overlay, "bela", key(1), NOW)


def test_restoring_lifts_that_suspension_of_the_list_and_no_other() -> None:
    overlay = restore(listed(suspended_from=EARLIER), NOTHING, "ana")
    assert not compose(listed(suspended_from=EARLIER), overlay).people[0].suspended_at(LATER)
    assert not compose(listed(), overlay).people[0].suspended_at(LATER)
    for other in (EARLIER - timedelta(days=1), NOW):
        assert compose(listed(suspended_from=other), overlay).people[0].suspended_at(LATER)


def test_one_may_be_suspended_again_after_being_restored() -> None:
    base = listed(suspended_from=EARLIER)
    again = suspend(base, restore(base, NOTHING, "ana"), "ana", NOW)
    assert compose(base, again).people[0].suspended_from == NOW


def test_one_of_two_admins_may_be_suspended() -> None:
    base = Directory(people=(person("adam", Role.ADMIN), person("ada", Role.ADMIN)))
    overlay = suspend(base, NOTHING, "adam", NOW)
    with pytest.raises(InvalidInputError, match="the only admin left"):
        suspend(base, overlay, "ada", NOW)


def test_absences_add_to_those_of_the_list_and_old_ones_are_dropped() -> None:
    own = Absence(since=EARLIER, until=LATER)
    over = Absence(since=EARLIER, until=NOW)
    base = listed(absences=(own,))
    first = add_absence(base, NOTHING, "ana", over, EARLIER)
    ahead = Absence(since=LATER, until=LATER + timedelta(days=3))
    overlay = add_absence(base, first, "ana", ahead, NOW)
    assert compose(base, overlay).people[0].absences == (own, ahead)
    assert add_absence(base, overlay, "ana", ahead, NOW) == overlay
    with pytest.raises(InvalidInputError, match="over already"):
        add_absence(base, overlay, "ana", over, NOW)


def test_absences_are_bounded() -> None:
    overlay = NOTHING
    for number in range(ABSENCES_AT_MOST):
        away = Absence(since=NOW, until=LATER + timedelta(days=number))
        overlay = add_absence(listed(), overlay, "ana", away, NOW)
    with pytest.raises(InvalidInputError, match="absences ahead"):
        add_absence(listed(), overlay, "ana", Absence(since=EARLIER, until=LATER), NOW)


def test_coming_back_ends_the_present_absence_only() -> None:
    present = Absence(since=EARLIER, until=LATER)
    ahead = Absence(since=LATER + timedelta(days=1), until=LATER + timedelta(days=2))
    overlay = add_absence(listed(), NOTHING, "ana", present, NOW)
    overlay = end_absence(listed(), add_absence(listed(), overlay, "ana", ahead, NOW), "ana", NOW)
    assert compose(listed(), overlay).people[0].absences == (ahead,)
    with pytest.raises(InvalidInputError, match="stands in the list"):
        end_absence(listed(absences=(present,)), overlay, "ana", NOW)


def test_a_list_that_gives_a_key_to_somebody_else_does_not_fit() -> None:
    overlay = add_key(listed(), NOTHING, "ana", key(1), NOW)
    taken = Directory(people=(person("ana"), person("bela", keys=(key(1),)), person("adam", Role.ADMIN)))
    with pytest.raises(InvalidInputError, match="a key belongs to two people"):
        compose(taken, overlay)


def test_a_revoked_key_that_the_list_forgets_is_nobodys_to_add() -> None:
    revoked = revoke_key(listed(keys=(key(1),)), NOTHING, "ana", key(1).id, NOW)
    with pytest.raises(InvalidInputError, match="was revoked"):
        add_key(listed(), revoked, "ana", key(1), LATER)
    with pytest.raises(InvalidInputError, match="belongs to somebody else"):
        add_key(listed(), revoked, "bela", key(1), LATER)


STEPS = some.lists(
    some.tuples(
        some.sampled_from(["add", "revoke", "suspend", "restore", "away", "back"]),
        some.sampled_from(["ana", "bela"]),
        some.integers(1, 4),
    ),
    max_size=12,
)
LISTS = some.lists(
    some.builds(listed, suspended_from=some.sampled_from([None, EARLIER, LATER])), min_size=1, max_size=4
)


@given(STEPS, LISTS)
def test_whatever_the_list_says_later_no_suspension_and_no_revocation_is_undone(
    steps: list[tuple[str, str, int]], lists: list[Directory]
) -> None:
    overlay = NOTHING
    suspended: set[str] = set()
    revoked: set[str] = set()
    for number, (what, name, which) in enumerate(steps):
        base, at = lists[number % len(lists)], NOW + timedelta(minutes=number)
        with suppress(InvalidInputError, NotFoundError):
            overlay = _stepped(what, base, overlay, name, key(which), at)
            if what == "revoke":
                revoked.add(key(which).id)
            if what == "suspend":
                suspended.add(name)
            if what == "restore":
                suspended.discard(name)
    after = NOW + timedelta(days=1)
    for base in lists:
        directory = compose(base, overlay)
        assert {one.id for one in directory.people if one.suspended_at(after)} >= suspended
        counting = {one.id for who in directory.people for one in who.keys if one.in_force_at(after)}
        assert not counting & revoked


def _stepped(
    what: str, base: Directory, overlay: Overlay, name: str, with_key: PersonalKey, at: datetime
) -> Overlay:
    if what == "add":
        return add_key(base, overlay, name, with_key, at)
    if what == "revoke":
        return revoke_key(base, overlay, name, with_key.id, at)
    if what == "suspend":
        return suspend(base, overlay, name, at)
    if what == "restore":
        return restore(base, overlay, name)
    if what == "away":
        return add_absence(base, overlay, name, Absence(since=at, until=at + timedelta(hours=1)), at)
    return end_absence(base, overlay, name, at)
