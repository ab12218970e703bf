"""Who is left to decide what somebody asks for, by role, severity, delegate and exclusion."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from andon.domain.deciders import nobody_left
from andon.domain.decision import DecisionKind, Exclusion
from andon.domain.directory import APPROVING_ROLES, Absence, Directory, Person, Role
from andon.domain.rights import OptionRight, Right
from andon.domain.severity import Band
from tests.domain.shipped_rights import RIGHTS, plan

AT = datetime(2026, 11, 21, 9, 0, tzinfo=UTC)
R = Role


def person(name: str, *roles: Role, **more: Any) -> Person:
    return Person(id=name, name=name, roles=roles, **more)


def right(*needs: tuple[Role, ...], **more: Any) -> Right:
    options = (OptionRight(id="go", needs=needs), OptionRight(id="stay", blocks=True))
    return Right(**{"eligible": (R.LEGAL,), "options": options, "excludes": (Exclusion.REQUESTER,), **more})


def lacking(found: Right, *people: Person, by: str = "lena", band: Band = Band.HIGH) -> list[set[Role]]:
    return [set(slot) for slot in nobody_left(found, band, Directory(people=people), AT, requested_by=by)]


LENA, LARS = person("lena", R.LEGAL), person("lars", R.LEGAL)
BELA, EVA = person("bela", R.BUSINESS_OWNER), person("eva", R.EXECUTIVE)
AWAY = (Absence(since=AT - timedelta(days=1), until=AT + timedelta(days=1)),)
LEGAL, OWNER, EXECUTIVE = (R.LEGAL,), (R.BUSINESS_OWNER,), (R.EXECUTIVE,)


@pytest.mark.parametrize(
    ("found", "people", "missing"),
    [
        (right(LEGAL), (LENA,), [{R.LEGAL}]),
        (right(LEGAL), (LENA, LARS), []),
        (right(LEGAL, excludes=()), (LENA,), []),
        (right(LEGAL), (LENA, person("lars", R.LEGAL, suspended_from=AT)), [{R.LEGAL}]),
        (right(LEGAL), (LENA, person("team", R.LEGAL, shared=True)), [{R.LEGAL}]),
        (right(LEGAL), (LENA, person("lars", R.LEGAL, absences=AWAY)), []),
        (right(LEGAL, OWNER), (LENA, BELA), [{R.LEGAL}]),
        (right(LEGAL, OWNER), (LENA, LARS), [{R.BUSINESS_OWNER}]),
        (right(LEGAL, OWNER), (LENA, person("both", R.LEGAL, R.BUSINESS_OWNER)), [{R.BUSINESS_OWNER}]),
        (right(LEGAL, OWNER), (LENA, person("both", R.LEGAL, R.BUSINESS_OWNER), BELA), []),
        (right(LEGAL, (R.LEGAL, R.EXECUTIVE)), (LENA, LARS, EVA), []),
        (right((R.LEGAL, R.EXECUTIVE), LEGAL), (LENA, LARS, EVA), []),
        (right((), ()), (LENA, LARS), [{R.LEGAL}]),
        (right((), ladder=({"after": timedelta(0), "role": R.EXECUTIVE},)), (LENA, EVA), []),
    ],
    ids=[
        "the only one",
        "another one",
        "not excluded",
        "the other is suspended",
        "the other is a shared account",
        "the other is away",
        "one of two places",
        "a place nobody ever had",
        "one person fills one place",
        "two people for two places",
        "the wider place gives way",
        "in whatever order",
        "two of those asked",
        "the ladder",
    ],
)
def test_a_question_needs_somebody_for_each_of_its_places(
    found: Right, people: tuple[Person, ...], missing: list[set[Role]]
) -> None:
    assert lacking(found, *people) == missing


@pytest.mark.parametrize(
    ("holder", "after", "missing"),
    [
        (person("lars", R.LEGAL, delegates=("dora",), absences=AWAY), None, []),
        (person("lena", R.LEGAL, delegates=("dora",)), timedelta(minutes=10), []),
        (person("lena", R.LEGAL, delegates=("dora",)), None, [{R.LEGAL}]),
        (person("lars", R.LEGAL, delegates=("dora",), suspended_from=AT), timedelta(0), [{R.LEGAL}]),
    ],
    ids=["of somebody away", "after silence", "only when away", "of somebody suspended"],
)
def test_a_delegate_counts_where_they_may_answer(
    holder: Person, after: timedelta | None, missing: list[set[Role]]
) -> None:
    people = {one.id: one for one in (LENA, holder, person("dora", R.PRIVACY))}
    assert lacking(right(LEGAL, delegates_after=after), *people.values()) == missing


def test_what_is_lacking_depends_on_the_severity() -> None:
    more = OptionRight(id="go", needs=(LEGAL,), needs_at={Band.CRITICAL: (LEGAL, EXECUTIVE)})
    found = Right(
        eligible=LEGAL,
        options=(more, OptionRight(id="stay", blocks=True)),
        excludes_at={Band.LOW: (), Band.HIGH: (Exclusion.REQUESTER,)},
    )
    assert lacking(found, LENA, band=Band.LOW) == []
    assert lacking(found, LENA, band=Band.HIGH) == [{R.LEGAL}]
    assert lacking(found, LENA, band=Band.CRITICAL) == [{R.EXECUTIVE}]


ONE_EACH = Directory(people=tuple(person(f"{role}-1", role) for role in APPROVING_ROLES))
TWO_EACH = Directory(people=(*ONE_EACH.people, *(person(f"{role}-2", role) for role in APPROVING_ROLES)))
ASKED = [
    (kind, band, role)
    for kind, text in RIGHTS.items()
    for role in text.get("asked_by", [])
    for band in Band
    if role in APPROVING_ROLES
]


def needed(text: dict[str, Any], band: str) -> list[list[set[str]]]:
    """Return for each option that goes on its places, read from the text of the policy."""
    options = [one for one in text["options"] if not one.get("blocks")]
    named = {role for one in options for slot in one.get("needs", []) for role in slot}
    anybody = {*text["eligible"], *named, *(rung["role"] for rung in text.get("ladder", []))}
    places = [one.get("needs_at", {}).get(band, one.get("needs", [[]])) for one in options]
    return [[set(slot) or anybody for slot in option] for option in places]


@pytest.mark.parametrize(("kind", "band", "role"), ASKED)
def test_with_one_person_a_role_the_asker_is_missed_exactly_where_only_they_could_decide(
    kind: str, band: Band, role: str
) -> None:
    text, found = RIGHTS[kind], plan().rights[DecisionKind(kind)]
    excluded = "requester" in text.get("excludes_at", {}).get(band.value, text.get("excludes", []))
    blocked = excluded and all(
        any(slot == {role} for slot in option) for option in needed(text, band.value) if option
    )
    missing = nobody_left(found, band, ONE_EACH, AT, requested_by=f"{role}-1")
    assert [set(slot) for slot in missing] == ([{role}] if blocked else [])
    assert nobody_left(found, band, TWO_EACH, AT, requested_by=f"{role}-1") == ()
