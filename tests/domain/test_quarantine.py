"""Quarantine of single sessions: one lever each, for those named at first and for those named later."""

from __future__ import annotations

from datetime import UTC, datetime

from andon.domain.containment import Verb
from andon.domain.playbook import ContainmentStep, Plan
from andon.domain.quarantine import for_sessions, quarantining, quarantining_also
from andon.domain.sessions import SESSIONS_AT_MOST
from andon.domain.severity import Band
from andon.domain.system import LeverEntry
from tests.workflows.policy import PLAYBOOK, SYSTEM, plan_for

AT = datetime(2026, 11, 21, tzinfo=UTC)
INCIDENT = "INC-20261121-abc123"
STEP = ContainmentStep(verb=Verb.QUARANTINE_SESSION, at=(Band.HIGH, Band.CRITICAL))


def plan(*steps: ContainmentStep) -> Plan:
    return plan_for(
        {},
        system=SYSTEM.model_copy(
            update={"levers": (*SYSTEM.levers, LeverEntry(verb=Verb.QUARANTINE_SESSION))}
        ),
        playbook=PLAYBOOK.model_copy(update={"containment": (*PLAYBOOK.containment, *steps)}),
    )


def targets(found: Plan, band: Band = Band.HIGH) -> list[str]:
    orders = found.orders(INCIDENT, band, reason="x", at=AT)
    return [order.lever.target for order in orders if order.lever.verb is Verb.QUARANTINE_SESSION]


def test_each_session_that_is_named_gets_an_order_once() -> None:
    assert targets(quarantining(plan(STEP), ["a", "b", "a"])) == ["a", "b"]


def test_with_no_session_named_nothing_is_ordered_and_nothing_is_missing() -> None:
    quiet = quarantining(plan(STEP), [])
    assert targets(quiet) == []
    assert "quarantine_session" not in quiet.lacking(Band.HIGH)


def test_sessions_that_are_named_later_are_ordered_as_the_playbook_has_it() -> None:
    for first in ([], ["a"]):
        further = quarantining_also(quarantining(plan(STEP), first), ["b", "a"])
        assert sorted(targets(further)) == ["a", "b"]
        assert targets(further, Band.LOW) == []


def test_what_is_pinned_is_enough_for_them() -> None:
    pinned = Plan.model_validate_json(quarantining(plan(STEP), []).model_dump_json())
    assert targets(quarantining_also(pinned, ["b"])) == ["b"]


def test_nothing_but_them_is_ordered_for_them() -> None:
    orders = for_sessions(quarantining(plan(STEP), ["a"]), ["b"]).orders(
        INCIDENT, Band.CRITICAL, reason="x", at=AT, given=4
    )
    assert [(order.id, order.lever.target) for order in orders] == [(f"{INCIDENT}/order/5", "b")]


def test_a_playbook_that_quarantines_nobody_orders_nothing_for_them() -> None:
    assert targets(quarantining_also(quarantining(plan(), []), ["b"])) == []
    assert for_sessions(plan(), ["b"]).orders(INCIDENT, Band.CRITICAL, reason="x", at=AT) == ()


def test_there_is_a_most_of_them() -> None:
    many = [f"s{number}" for number in range(SESSIONS_AT_MOST + 5)]
    assert len(targets(quarantining(plan(STEP), many))) == SESSIONS_AT_MOST
