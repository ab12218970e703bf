"""Whom a notice goes to next, until somebody has heard it."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest

from andon.domain.channels import Channel
from andon.domain.directory import Absence, Directory, Person, Role, Rotation
from andon.domain.notice import (
    Notice,
    Recipients,
    Target,
    addressed,
    people_reached,
    recipients_of,
    targets,
    undeliverable,
)
from andon.domain.severity import Band

NOW = datetime(2026, 3, 2, 22, 30, tzinfo=UTC)
AWAY = (Absence(since=NOW - timedelta(days=1), until=NOW + timedelta(days=1)),)
NIGHT = Channel(url="a://", quiet=("22:00-07:00",))


def person(name: str, *roles: Role, ways: int = 1, **fields: object) -> Person:
    return Person(**{"id": name, "name": name, "roles": roles, "channels": ("a://",) * ways, **fields})


def notice(*roles: Role, about: str = "question", band: Band = Band.HIGH, **fields: object) -> Notice:
    return Notice(id="m", incident="INC-20260302-abc123", roles=roles, about=about, severity=band, **fields)


def on_call(role: Role, *members: str) -> Rotation:
    return Rotation(role=role, members=members, first_day=date(2026, 3, 2))


LINA, LARS, LEO = (person(name, Role.LEGAL) for name in ("lina", "lars", "leo"))
PIA = person("pia", Role.PRIVACY)
IDA, EVE = person("ida", Role.INCIDENT_LEAD), person("eve", Role.EXECUTIVE)
HUGO = person("hugo", Role.HR)
THREE = (LINA, LARS, LEO, IDA, EVE)
LARS_ON_CALL = (on_call(Role.LEGAL, "lars", "leo"),)


def away(one: Person, *delegates: str) -> Person:
    return one.model_copy(update={"absences": AWAY, "delegates": delegates})


def told(found: Recipients, dead: set[str]) -> list[set[str]]:
    """Play a notice to its end; return whom each step turned to. `*` marks those told in place of a role."""
    results: dict[Target, bool] = {}
    steps: list[set[str]] = []
    while fresh := [one for one in targets(found, results) if one not in results]:
        steps.append({f"{one.person}{'*' if one.instead_of else ''}" for one in fresh})
        results |= {one: one.person not in dead for one in fresh}
    return steps


CASES = [
    ("a question reaches all who hold the role", THREE, (), "question", set(), ["lina lars leo"]),
    ("with a rotation, whoever is on call", THREE, LARS_ON_CALL, "question", set(), ["lars"]),
    ("a reminder too", THREE, LARS_ON_CALL, "reminder", set(), ["lars"]),
    ("an escalation reaches the whole role", THREE, LARS_ON_CALL, "escalation", set(), ["lina lars leo"]),
    ("so does what is not known here", THREE, LARS_ON_CALL, "meteor", set(), ["lina lars leo"]),
    ("one of them is enough", THREE, (), "question", {"lina", "leo"}, ["lina lars leo"]),
    (
        "the next in line, one by one",
        THREE,
        LARS_ON_CALL,
        "question",
        {"lars", "lina"},
        ["lars", "lina", "leo"],
    ),
    (
        "nobody on call is there: the first who is",
        (LINA, away(LARS), LEO, IDA, EVE),
        LARS_ON_CALL,
        "question",
        set(),
        ["lina"],
    ),
    (
        "the absent are replaced by delegates",
        (LINA, away(LARS, "hugo"), LEO, HUGO, IDA, EVE),
        LARS_ON_CALL,
        "question",
        set(),
        ["hugo"],
    ),
    (
        "delegates of the absent who are not on call hear a question as well",
        (away(LINA, "hugo"), LARS, LEO, HUGO, IDA, EVE),
        LARS_ON_CALL,
        "question",
        set(),
        ["lars hugo"],
    ),
    (
        "delegates who can't be reached: the others, then the absent",
        (LINA, away(LARS, "hugo"), LEO, HUGO, IDA, EVE),
        LARS_ON_CALL,
        "question",
        {"hugo", "lina", "leo"},
        ["hugo", "lina", "leo", "lars"],
    ),
    (
        "everybody is away: the lead, in their place",
        (away(LINA), away(LARS), IDA, EVE),
        (),
        "question",
        {"lina", "lars"},
        ["lina", "lars", "ida*"],
    ),
    (
        "the lead can't be reached: the executive",
        (LINA, IDA, EVE),
        (),
        "escalation",
        {"lina", "ida"},
        ["lina", "ida*", "eve*"],
    ),
    ("a role nobody holds", (IDA, EVE), (), "question", set(), ["ida*"]),
    ("nobody at all", THREE, (), "question", {"lina", "lars", "leo", "ida", "eve"}, [
        "lina lars leo",
        "ida*",
        "eve*",
    ]),
]  # fmt: skip


@pytest.mark.parametrize(
    ("people", "rotations", "about", "dead", "expected"),
    [case[1:] for case in CASES],
    ids=[case[0] for case in CASES],
)
def test_a_notice_goes_down_the_line(
    people: tuple[Person, ...],
    rotations: tuple[Rotation, ...],
    about: str,
    dead: set[str],
    expected: list[str],
) -> None:
    found = recipients_of(Directory(people=people, rotations=rotations), notice(Role.LEGAL, about=about), NOW)
    assert told(found, dead) == [set(step.split()) for step in expected]


def test_roles_are_told_side_by_side_and_each_has_its_own_line() -> None:
    directory = Directory(people=(*THREE, PIA), rotations=LARS_ON_CALL)
    found = recipients_of(directory, notice(Role.LEGAL, Role.PRIVACY), NOW)
    assert told(found, {"lars", "pia"}) == [{"lars", "pia"}, {"lina", "ida*"}]


def test_the_lead_as_asked_is_no_stand_in_for_themselves() -> None:
    found = recipients_of(Directory(people=(IDA, EVE)), notice(Role.INCIDENT_LEAD), NOW)
    assert told(found, {"ida"}) == [{"ida"}, {"eve*"}]


def test_the_next_channel_comes_before_the_next_person_and_others_do_not_wait_for_it() -> None:
    two = person("tom", Role.LEGAL, ways=2)
    found = recipients_of(Directory(people=(two, LINA)), notice(Role.LEGAL), NOW)
    first, second = Target(person="tom", channel=0), Target(person="tom", channel=1)
    lina = Target(person="lina", channel=0)
    assert set(targets(found, {})) == {first, lina}
    assert set(targets(found, {first: False})) == {first, second, lina}
    assert set(targets(found, {first: True})) == {first, lina}


def test_a_notice_is_undeliverable_only_when_nobody_can_hear_it_in_place_of_its_roles() -> None:
    found = recipients_of(Directory(people=(LINA, IDA)), notice(Role.LEGAL, Role.PRIVACY), NOW)
    lina = Target(person="lina", channel=0)
    ida = Target(person="ida", channel=0, instead_of=Role.PRIVACY)
    assert undeliverable(found, {}) == ()
    assert undeliverable(found, {lina: True, ida: True}) == ()
    assert undeliverable(found, {lina: True, ida: False}) == (Role.PRIVACY,)
    assert people_reached({lina: True, ida: False}) == 1


def test_whoever_was_told_of_several_things_is_counted_once() -> None:
    lina, ida = Target(person="lina", channel=0), Target(person="ida", channel=0)
    assert people_reached({lina: True, ida: False}, {lina: True}) == 1
    assert people_reached({lina: True}, {lina: False, ida: True}) == 2


@pytest.mark.parametrize("fields", [{"shared": True}, {"suspended_from": NOW}])
def test_suspended_and_shared_accounts_are_never_told(fields: dict[str, object]) -> None:
    gone = person("lina", Role.LEGAL, **fields)
    found = recipients_of(Directory(people=(gone, IDA)), notice(Role.LEGAL), NOW)
    assert told(found, set()) == [{"ida*"}]
    assert "lina" not in found.ways


def test_a_person_without_a_channel_for_this_severity_is_passed_over() -> None:
    picky = person("lina", Role.LEGAL, channels=(Channel(url="a://", from_severity=Band.HIGH),))
    directory = Directory(people=(picky, IDA))
    assert told(recipients_of(directory, notice(Role.LEGAL, band=Band.MEDIUM), NOW), set()) == [{"ida*"}]
    assert told(recipients_of(directory, notice(Role.LEGAL, band=Band.HIGH), NOW), set()) == [{"lina"}]


def test_while_one_sleeps_the_next_is_told_and_nobody_is_woken_for_it() -> None:
    sleeper = person("lina", Role.LEGAL, channels=(NIGHT,))
    low = notice(Role.LEGAL, band=Band.LOW)
    morning = NOW + timedelta(hours=8, minutes=30)
    found = recipients_of(
        Directory(people=(LARS, sleeper, IDA), rotations=(on_call(Role.LEGAL, "lina"),)), low, NOW
    )
    assert {one.person: way.opens_at for one, way in targets(found, {}).items()} == {
        "lina": morning,
        "lars": None,
    }
    alone = recipients_of(Directory(people=(sleeper, IDA)), low, NOW)
    assert {one.person: way.opens_at for one, way in targets(alone, {}).items()} == {"lina": morning}
    assert undeliverable(alone, {}) == ()


def test_an_open_channel_comes_before_one_that_is_held_back() -> None:
    both = person("lina", Role.LEGAL, channels=(NIGHT, "b://"))
    found = recipients_of(Directory(people=(both,)), notice(Role.LEGAL, band=Band.LOW), NOW)
    assert [way.number for way in found.ways["lina"]] == [1, 0]


def test_who_hears_of_it_in_place_of_a_role_gets_a_message_of_its_own() -> None:
    one = notice(Role.LEGAL, Role.PRIVACY)
    assert addressed(one, None) == one
    instead = addressed(one, Role.PRIVACY)
    assert (instead.id, instead.roles) == ("m/instead_of/privacy", (Role.PRIVACY,))


def test_a_notice_written_before_severities_counts_as_critical() -> None:
    old = {"id": "m", "incident": "INC-20260302-abc123", "roles": ["legal"], "about": "question"}
    assert Notice.model_validate(old).severity is Band.CRITICAL


def test_whoever_is_meant_by_name_is_told_with_the_role_they_or_their_stand_in() -> None:
    away = IDA.model_copy(update={"absences": (Absence(since=NOW, until=NOW + timedelta(days=1)),)})
    stand_in = away.model_copy(update={"delegates": (EVE.id,)})
    gone = IDA.model_copy(update={"suspended_from": NOW})
    for one, meant in ((IDA, {IDA.id}), (stand_in, {EVE.id}), (away, set()), (gone, set())):
        directory = Directory(people=(one, EVE, LINA))
        found = recipients_of(directory, notice(Role.LEGAL, named={Role.LEGAL: IDA.id}), NOW)
        [line] = found.asked
        assert set(line.first) == {LINA.id} | meant
        assert set(found.ways) >= set(line.first)
