"""What a door owes a workflow is told by one door, whichever is left."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from andon.register.engine import Databases
from andon.register.untold import Owed, Untold
from tests.register.cases import INCIDENT, NOW

LATER = NOW + timedelta(seconds=20)
OWED = Owed("DET-one", INCIDENT, NOW, graver=True, brought=False, sessions=("a" * 64, "b" * 64))
OTHER = replace(OWED, receipt="DET-two", graver=False, brought=True, sessions=())


def test_what_nobody_holds_any_more_is_taken_over_as_it_was_written(databases: Databases) -> None:
    untold = Untold(databases.register)
    untold.note(OWED, NOW)
    untold.note(OTHER, NOW + timedelta(seconds=1))
    assert untold.left_behind(LATER, LATER) == [OWED, OTHER]


def test_what_another_door_is_about_to_tell_is_left_to_it(databases: Databases) -> None:
    untold = Untold(databases.register)
    untold.note(OWED, NOW)
    untold.note(OTHER, NOW)
    untold.hold([OTHER.receipt], LATER)
    assert untold.left_behind(NOW, LATER) == []
    assert untold.left_behind(LATER, LATER) == [OWED]


def test_of_two_doors_one_takes_it(databases: Databases) -> None:
    untold, other = Untold(databases.register), Untold(databases.register)
    untold.note(OWED, NOW)
    since = NOW + timedelta(seconds=15)
    assert [untold.left_behind(since, LATER), other.left_behind(since, LATER)] == [[OWED], []]


def test_what_was_told_is_struck_out(databases: Databases) -> None:
    untold = Untold(databases.register)
    untold.note(OWED, NOW)
    untold.note(OTHER, NOW)
    untold.told({OWED.receipt})
    assert untold.left_behind(LATER, LATER) == [OTHER]


def test_more_of_them_than_a_statement_takes_are_held_and_struck_out(databases: Databases) -> None:
    untold = Untold(databases.register)
    untold.note(OWED, NOW)
    many = {OWED.receipt, *(f"DET-{number}" for number in range(70_000))}
    untold.hold(many, LATER)
    assert untold.left_behind(LATER, LATER) == []
    untold.told(many)
    assert untold.left_behind(LATER + timedelta(days=1), LATER) == []
