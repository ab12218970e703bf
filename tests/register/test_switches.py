"""Levers as sets of holds, changed once for each key."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import update

from andon.domain.errors import NotFoundError
from andon.register.engine import Databases, writing
from andon.register.switches import Switches
from andon.register.tables import holds
from tests.register.cases import INCIDENT, NOW, PAUSE, TOOL, hold

RATE = "refund_desk.rate_limit"


def test_a_hold_denies_until_it_is_released(databases: Databases) -> None:
    switches = Switches(databases.switches)
    assert switches.answer(TOOL, normal=True).value is True
    switches.put_hold(hold(), "k/apply", b"allowed", at=NOW)
    denied = switches.answer(TOOL, normal=True)
    assert (denied.value, denied.holds) == (False, (hold(),))
    assert switches.release(hold().order, "k/release", at=NOW) is True
    assert switches.answer(TOOL, normal=True).value is True
    assert switches.holds() == []


def test_a_repeat_changes_nothing(databases: Databases) -> None:
    switches = Switches(databases.switches)
    first = switches.put_hold(hold(), "k/apply", b"allowed", at=NOW)
    version = switches.version()
    again = switches.put_hold(hold(), "k/apply", b"denied", at=NOW + timedelta(minutes=1))
    assert (again, switches.version()) == (first, version)
    switches.release(hold().order, "k/release", at=NOW)
    switches.release(hold().order, "k/release", at=NOW)
    assert [effect.key for effect in switches.effects()] == ["k/apply", "k/release"]


def test_a_late_repeat_of_apply_does_not_bring_a_released_hold_back(databases: Databases) -> None:
    switches = Switches(databases.switches)
    switches.put_hold(hold(), "k/apply", None, at=NOW)
    switches.release(hold().order, "k/release", at=NOW)
    switches.put_hold(hold(), "k/apply", None, at=NOW)
    assert switches.holds() == []


def test_another_key_puts_a_hold_on_anew_that_was_undone_behind_our_back(databases: Databases) -> None:
    switches = Switches(databases.switches)
    switches.put_hold(hold(), "k/apply", None, at=NOW)
    with writing(databases.switches) as connection:
        connection.execute(update(holds).values(released_at=NOW))
    switches.put_hold(hold(), "k/reapply/1", None, at=NOW)
    assert switches.holds("refund_desk") == [hold()]


def test_no_key_brings_back_a_hold_that_was_let_go_of(databases: Databases) -> None:
    switches = Switches(databases.switches)
    switches.put_hold(hold(), "k/apply", None, at=NOW)
    switches.release(hold().order, "k/release", at=NOW)
    switches.put_hold(hold(), "k/reapply/1", None, at=NOW)
    assert switches.holds("refund_desk") == []


def test_the_captured_state_is_never_overwritten(databases: Databases) -> None:
    switches = Switches(databases.switches)
    first = switches.put_hold(hold(), "k/apply", b"allowed", at=NOW)
    second = switches.put_hold(hold(), "k/apply-2", b"denied", at=NOW)
    assert switches.captured(hold().order) == b"allowed"
    assert first.captured == second.captured


def test_a_state_that_could_not_be_captured_is_a_named_gap(databases: Databases) -> None:
    switches = Switches(databases.switches)
    applied = switches.put_hold(hold(), "k/apply", None, at=NOW, gap="timeout")
    assert (applied.captured, applied.gap) == (None, "timeout")


def test_a_lever_allows_only_when_no_incident_holds_it(databases: Databases) -> None:
    switches = Switches(databases.switches)
    other = hold(1, incident="INC-20260302-def456")
    switches.put_hold(hold(), "a/apply", None, at=NOW)
    switches.put_hold(other, "b/apply", None, at=NOW)
    assert switches.release(hold().order, "a/release", at=NOW) is False
    assert switches.release(other.order, "b/release", at=NOW) is True


def test_a_pause_of_the_system_keeps_its_tools_denied(databases: Databases) -> None:
    switches = Switches(databases.switches)
    switches.put_hold(hold(1, lever=PAUSE), "a/apply", None, at=NOW)
    switches.put_hold(hold(2), "b/apply", None, at=NOW)
    assert switches.release(hold(2).order, "b/release", at=NOW) is False
    assert switches.answer(TOOL, normal=True).value is False


def test_the_strictest_rate_limit_wins(databases: Databases) -> None:
    switches = Switches(databases.switches)
    switches.put_hold(hold(1, lever=RATE, limit=60), "a/apply", None, at=NOW)
    switches.put_hold(hold(2, lever=RATE, limit=10), "b/apply", None, at=NOW)
    assert switches.answer(RATE, normal=600).value == 10


def test_releasing_what_was_never_held_is_refused(databases: Databases) -> None:
    with pytest.raises(NotFoundError):
        Switches(databases.switches).release(f"{INCIDENT}/order/7", "k", at=NOW)


def test_every_change_raises_the_version(databases: Databases) -> None:
    switches = Switches(databases.switches)
    versions = [switches.version()]
    switches.put_hold(hold(), "a/apply", None, at=NOW)
    versions.append(switches.version())
    switches.release(hold().order, "a/release", at=NOW)
    versions.append(switches.version())
    assert versions == sorted(set(versions))
