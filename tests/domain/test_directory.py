"""Who may hold what together, whose turn it is, and who is reached when others are away."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from itertools import product
from typing import Any

import pytest

from andon.domain.directory import (
    APPROVING_ROLES,
    TOXIC_PAIRS,
    Absence,
    Directory,
    Person,
    Role,
    Rotation,
    misfits,
    standing_at,
)
from andon.domain.errors import InvalidInputError

NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)
AWAY = (Absence(since=NOW - timedelta(days=1), until=NOW + timedelta(days=1)),)
ALL_TOXIC = {frozenset({one, other}) for left, right in TOXIC_PAIRS for one, other in product(left, right)}


def person(name: str, *roles: Role, **fields: Any) -> Person:
    return Person.model_validate({"id": name, "name": name, "roles": roles, **fields})


def held_together(*roles: Role) -> bool:
    try:
        return person("ana", *roles).roles == roles
    except InvalidInputError:
        return False


def test_the_toxic_pairs_are_those_that_undo_a_control() -> None:
    expected = {frozenset({Role.ADMIN, one}) for one in APPROVING_ROLES}
    expected |= {frozenset({Role.AUDITOR, one}) for one in APPROVING_ROLES}
    expected |= {frozenset({Role.CUSTODIAN, Role.INCIDENT_LEAD})}
    assert expected == ALL_TOXIC


def test_every_pair_of_roles_is_refused_or_held_alike_both_ways() -> None:
    cells = 0
    for one, other in product(Role, Role):
        if one is other:
            continue
        toxic = frozenset({one, other}) in ALL_TOXIC
        assert held_together(one, other) is not toxic, f"{one} with {other}"
        cells += 1
    assert cells == 18 * 17


def test_a_refusal_names_the_person_and_the_roles() -> None:
    with pytest.raises(InvalidInputError, match="ana may not hold these roles together: admin, legal"):
        person("ana", Role.LEGAL, Role.ADMIN, Role.REPORTER)


def test_nobody_gains_the_other_half_of_a_pair_by_standing_in() -> None:
    cells = 0
    for own, others in product(Role, Role):
        people = (person("deputy", own), person("holder", others, delegates=("deputy",)))
        toxic = others in APPROVING_ROLES and frozenset({own, others}) in ALL_TOXIC
        if toxic:
            with pytest.raises(InvalidInputError, match="deputy can't stand in for holder"):
                Directory(people=people)
        else:
            delegated = standing_at(Directory(people=people), "deputy", NOW).delegated
            assert not any(frozenset({own, one.role}) in ALL_TOXIC for one in delegated)
        cells += 1
    assert cells == 18 * 18


def test_a_pair_among_several_roles_is_found_across_delegation() -> None:
    deputy = person("deputy", Role.REPORTER, Role.CUSTODIAN)
    with pytest.raises(InvalidInputError, match="custodian, incident_lead"):
        Directory(people=(deputy, person("ines", Role.LEGAL, Role.INCIDENT_LEAD, delegates=("deputy",))))


def test_a_delegate_answers_in_no_role_of_a_suspended_holder() -> None:
    holder = person("ines", Role.INCIDENT_LEAD, delegates=("deputy",), suspended_from=NOW)
    directory = Directory(people=(person("deputy", Role.RESPONDER), holder))
    assert standing_at(directory, "deputy", NOW).delegated == ()
    assert len(standing_at(directory, "deputy", NOW - timedelta(seconds=1)).delegated) == 1


@pytest.mark.parametrize(
    ("people", "rotations", "says"),
    [
        ((person("ana"), person("ana")), (), "people listed twice: ana"),
        ((person("ana", delegates=("zoe",)),), (), "ana names a delegate nobody knows: zoe"),
        ((person("ana", delegates=("ana",)),), (), "can't be their own delegate"),
        ((person("ana"),), (("zoe",),), "the rotation for responder names nobody: zoe"),
        ((person("ana"),), (("ana",),), "ana is on call as responder without holding that role"),
    ],
)
def test_what_does_not_fit_is_refused(
    people: tuple[Person, ...], rotations: tuple[tuple[str, ...], ...], says: str
) -> None:
    turns = tuple(
        Rotation(role=Role.RESPONDER, members=members, first_day=date(2026, 1, 5)) for members in rotations
    )
    with pytest.raises(InvalidInputError, match=says):
        Directory(people=people, rotations=turns)


def test_everything_that_does_not_fit_is_found_and_placed() -> None:
    people = (person("ana", delegates=("zoe", "ana")), person("bela", delegates=("yan",)))
    turns = (Rotation(role=Role.LEGAL, members=("ana", "zoe"), first_day=date(2026, 1, 5)),)
    assert [one.place for one in misfits(people, turns)] == [
        ("people", 0, "delegates", 0),
        ("people", 0, "delegates", 1),
        ("people", 1, "delegates", 0),
        ("rotations", 0, "members", 0),
        ("rotations", 0, "members", 1),
    ]


def turns(*members: str, **fields: Any) -> Rotation:
    plain = {"role": Role.RESPONDER, "members": members, "first_day": date(2026, 3, 23), **fields}
    return Rotation.model_validate(plain)


BERLIN = turns("ana", "bela", zone="Europe/Berlin", days=1)


@pytest.mark.parametrize(
    ("at", "expected"),
    [
        # Clocks go forward on Sunday 29 March 2026 at 02:00 CET (01:00 UTC): that day has 23 hours.
        ("2026-03-28T07:59:59Z", "ana"),
        ("2026-03-28T08:00:00Z", "bela"),
        ("2026-03-29T06:59:59Z", "bela"),
        ("2026-03-29T07:00:00Z", "ana"),
        ("2026-03-30T06:59:59Z", "ana"),
        ("2026-03-30T07:00:00Z", "bela"),
        # Clocks go back on Sunday 25 October 2026 at 03:00 CEST (01:00 UTC): that day has 25 hours.
        ("2026-10-24T06:59:59Z", "ana"),
        ("2026-10-24T07:00:00Z", "bela"),
        ("2026-10-25T07:59:59Z", "bela"),
        ("2026-10-25T08:00:00Z", "ana"),
    ],
)
def test_a_turn_ends_at_the_same_wall_clock_time_when_clocks_change(at: str, expected: str) -> None:
    assert BERLIN.on_call(datetime.fromisoformat(at)) == expected


@pytest.mark.parametrize(
    ("begins", "until", "change"),
    [
        # 02:30 does not exist on 29 March; reckoned by the clock before the change it is 01:30 UTC.
        ("2026-03-28T12:00:00Z", "2026-03-29T12:00:00Z", "2026-03-29T01:30:00Z"),
        # 02:30 comes twice on 25 October, at 00:30 and 01:30 UTC; the first time counts.
        ("2026-10-24T12:00:00Z", "2026-10-25T12:00:00Z", "2026-10-25T00:30:00Z"),
    ],
)
def test_a_turn_changes_once_in_the_night_of_a_clock_change(begins: str, until: str, change: str) -> None:
    rotation = turns("ana", "bela", zone="Europe/Berlin", days=1, hands_over_at=time(2, 30))
    at, end = datetime.fromisoformat(begins), datetime.fromisoformat(until)
    seen: list[tuple[datetime, str]] = []
    while at < end:
        who = rotation.on_call(at)
        if not seen or seen[-1][1] != who:
            seen.append((at, who))
        at += timedelta(minutes=10)
    assert [moment for moment, _ in seen[1:]] == [datetime.fromisoformat(change)]


def test_before_the_first_day_turns_are_counted_back() -> None:
    first = datetime(2026, 3, 23, 9, tzinfo=UTC)
    weekly = turns("ana", "bela", "cora")
    for weeks, expected in ((0, "ana"), (1, "bela"), (3, "ana"), (-1, "cora"), (-2, "bela"), (-3, "ana")):
        begins = first + timedelta(weeks=weeks)
        assert weekly.on_call(begins) == expected
        assert weekly.on_call(begins + timedelta(days=7, microseconds=-1)) == expected


def test_one_member_is_always_on_call() -> None:
    alone = turns("ana")
    assert {alone.on_call(NOW + timedelta(hours=17 * step)) for step in range(-50, 50)} == {"ana"}


def test_a_leap_day_is_a_day() -> None:
    daily = turns("ana", "bela", first_day=date(2028, 2, 28), days=1)
    days = [
        datetime(2028, 2, 28, 12, tzinfo=UTC),
        datetime(2028, 2, 29, 12, tzinfo=UTC),
        datetime(2028, 3, 1, 12, tzinfo=UTC),
    ]
    assert [daily.on_call(day) for day in days] == ["ana", "bela", "ana"]


def test_the_hour_of_a_turn_is_that_of_its_zone() -> None:
    for zone, change in (("Asia/Kolkata", 3.5), ("America/New_York", 13.0), ("UTC", 9.0)):
        daily = turns("ana", "bela", zone=zone, days=1)
        at = datetime(2026, 3, 23, tzinfo=UTC) + timedelta(hours=change)
        assert daily.on_call(at) == "ana"
        assert daily.on_call(at - timedelta(microseconds=1)) == "bela"


def responders(*people: Person, on_call: tuple[str, ...] = ("ana", "bela")) -> list[str]:
    rotations = (turns(*on_call, days=1, first_day=NOW.date()),) if on_call else ()
    directory = Directory(people=people, rotations=rotations)
    return [one.id for one in directory.reachable(Role.RESPONDER, NOW)]


ANA = person("ana", Role.RESPONDER)
BELA = person("bela", Role.RESPONDER)
CORA = person("cora", Role.RESPONDER)
DORA = person("dora", Role.LEGAL)


def with_(who: Person, **fields: Any) -> Person:
    return Person.model_validate({**who.model_dump(), **fields})


SUSPENDED = {"suspended_from": NOW}


@pytest.mark.parametrize(
    ("people", "expected"),
    [
        ((BELA, ANA, CORA), ["ana", "bela", "cora"]),
        ((BELA, with_(ANA, absences=AWAY), CORA), ["bela", "cora", "ana"]),
        ((BELA, with_(ANA, absences=AWAY, delegates=("dora",)), DORA), ["dora", "bela", "ana"]),
        ((BELA, with_(ANA, absences=AWAY, delegates=("cora",)), CORA), ["cora", "bela", "ana"]),
        (
            (BELA, with_(ANA, absences=AWAY, delegates=("dora", "cora")), CORA, with_(DORA, absences=AWAY)),
            ["cora", "bela", "ana"],
        ),
        (
            (BELA, with_(ANA, absences=AWAY, delegates=("dora", "cora")), CORA, with_(DORA, **SUSPENDED)),
            ["cora", "bela", "ana"],
        ),
        (
            (BELA, with_(ANA, absences=AWAY, delegates=("dora", "cora")), CORA, with_(DORA, shared=True)),
            ["cora", "bela", "ana"],
        ),
        ((BELA, with_(ANA, **SUSPENDED), CORA), ["bela", "cora"]),
        ((BELA, with_(ANA, shared=True), CORA), ["bela", "cora"]),
        ((BELA, with_(ANA, absences=AWAY, delegates=("dora",), **SUSPENDED), DORA), ["bela"]),
        ((with_(BELA, absences=AWAY), with_(ANA, absences=AWAY)), ["ana", "bela"]),
        ((with_(BELA, **SUSPENDED), with_(ANA, **SUSPENDED)), []),
        ((with_(BELA, shared=True), with_(ANA, shared=True)), []),
    ],
)
def test_who_is_reached_for_a_role(people: tuple[Person, ...], expected: list[str]) -> None:
    assert responders(*people) == expected


def test_without_a_rotation_holders_are_reached_in_the_order_of_the_list() -> None:
    assert responders(BELA, ANA, CORA, on_call=()) == ["bela", "ana", "cora"]


def test_everybody_on_leave_over_a_holiday_is_still_reached_role_by_role() -> None:
    people = tuple(person(f"{role}-1", role, absences=AWAY) for role in Role)
    directory = Directory(people=people)
    assert all(directory.reachable(role, NOW) == directory.holders(role) for role in Role)
