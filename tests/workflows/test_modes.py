"""Observe, warn, enforce: what is stopped before a person has confirmed it, and what is put on record."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from temporalio.testing import WorkflowEnvironment

from andon.domain.directory import Role
from andon.domain.ledger import Kind
from andon.domain.mode import Mode
from tests.workflows.case import Case, opened, trusted
from tests.workflows.policy import COSTLY, PLAYBOOK, plan_for
from tests.workflows.test_carry_over import carried_over

TOOL, PAUSE = "refund_desk.tool.issue_refund.allowed", "refund_desk.allowed"
BOTH = {TOOL, PAUSE}


def acting(mode: Mode, **changes: Any) -> dict[str, Any]:
    playbook = changes.pop("playbook", PLAYBOOK).model_copy(update={"mode": mode})
    return {"plan": plan_for(trusted(), playbook=playbook), **changes}


async def foreseen(case: Case) -> set[str]:
    return {one.lever.id for one in (await case.state()).foreseen}


@pytest.mark.parametrize("mode", [Mode.OBSERVE, Mode.WARN])
async def test_nothing_is_stopped_before_triage_and_what_would_be_is_on_record_lever_by_lever(
    environment: WorkflowEnvironment, mode: Mode
) -> None:
    async with opened(environment, **acting(mode)) as case:
        await case.question("triage")
        assert await foreseen(case) == BOTH
        entries = await case.entries(Kind.WOULD_HOLD, 2)
        assert {(one.subject, one.facts["mode"]) for one in entries} == {(one, mode) for one in BOTH}
        assert case.parts.levers_fake.stopped() == set()
        assert not (await case.state()).contained
        view = case.parts.book.views[-1]
        assert [one.since for one in view.foreseen] == [one.at for one in entries]


@pytest.mark.parametrize("mode", [Mode.OBSERVE, Mode.WARN])
async def test_a_person_who_confirms_has_it_contained_whatever_the_mode(
    environment: WorkflowEnvironment, mode: Mode
) -> None:
    async with opened(environment, **acting(mode)) as case:
        await case.question("triage")
        await case.answer("triage", "confirm", Role.RESPONDER)
        await case.until(lambda state: state.contained)
        assert case.parts.levers_fake.stopped() == BOTH
        [enforced] = await case.entries(Kind.ENFORCED)
        assert (enforced.subject, enforced.before, enforced.facts["levers"]) == ("triage-1", mode, 2)


@pytest.mark.parametrize(
    ("mode", "stopped", "entry"),
    [(Mode.OBSERVE, set(), Kind.NOT_ENFORCED), (Mode.WARN, BOTH, Kind.ENFORCED)],
)
async def test_silence_stops_it_only_where_the_playbook_asks_first(
    environment: WorkflowEnvironment, mode: Mode, stopped: set[str], entry: Kind
) -> None:
    async with opened(environment, **acting(mode)) as case:
        await case.question("triage")
        await case.skip(minutes=61)
        await case.question("impact")
        assert int((await case.entries(entry))[0].facts["after_seconds"]) >= 60 * 60
        if stopped:
            await case.until(lambda state: state.contained)
        assert case.parts.levers_fake.stopped() == stopped


async def test_who_confirms_after_silence_still_has_it_contained(environment: WorkflowEnvironment) -> None:
    async with opened(environment, **acting(Mode.OBSERVE)) as case:
        await case.question("triage")
        await case.skip(minutes=61)
        await case.question("impact")
        await case.answer("triage", "confirm", Role.RESPONDER)
        await case.until(lambda state: state.contained)
        assert case.parts.levers_fake.stopped() == BOTH


async def test_those_who_lead_are_told_what_waits_for_them_where_the_playbook_asks_first(
    environment: WorkflowEnvironment,
) -> None:
    async with opened(environment, **acting(Mode.WARN)) as case:
        [told] = await case.told("would_stop", 1)
        assert told.roles == (Role.BUSINESS_OWNER, Role.INCIDENT_LEAD)


async def test_what_was_foreseen_and_what_was_enforced_are_carried_over(
    environment: WorkflowEnvironment,
) -> None:
    async with opened(environment, **acting(Mode.OBSERVE)) as case:
        await case.until(lambda state: state.seals)
        await carried_over(case)
        assert await foreseen(case) == BOTH
        assert case.parts.levers_fake.stopped() == set()
        await case.answer("triage", "confirm", Role.RESPONDER)
        await case.until(lambda state: state.contained)
        assert len(case.parts.book.of(Kind.WOULD_HOLD)) == 2


async def test_no_glass_is_broken_before_a_person_has_confirmed(environment: WorkflowEnvironment) -> None:
    harm = {"severity": "critical", "harm_goes_on": True}
    async with opened(environment, **acting(Mode.OBSERVE, playbook=COSTLY, **harm)) as case:
        await case.question("triage")
        assert [one.costly for one in (await case.state()).foreseen] == [False, True]
        await case.skip(minutes=61)
        await case.question("impact")
        assert case.parts.levers_fake.stopped() == set()
        await case.answer("triage", "confirm", Role.RESPONDER)
        await case.question("ratification")
        await case.until(lambda state: state.contained)
        assert case.parts.levers_fake.stopped() == BOTH


async def test_at_critical_with_containment_not_automatic_it_is_recommended_and_timed(
    environment: WorkflowEnvironment,
) -> None:
    async with opened(environment, **acting(Mode.WARN, severity="critical")) as case:
        recommended = await case.entries(Kind.WOULD_HOLD, 2)
        assert PAUSE in {one.subject for one in recommended}
        asked = await case.question("triage")
        assert asked.deadline is not None
        assert (await case.state()).stage == "contain"
        await case.answer("triage", "confirm", Role.RESPONDER)
        [enforced] = await case.entries(Kind.ENFORCED)
        given = await case.entries(Kind.ORDER_REQUESTED, 2)
        assert enforced.facts["after_seconds"] == int((enforced.at - recommended[0].at).total_seconds())
        assert all(one.at - enforced.at < timedelta(minutes=1) for one in given)


async def test_a_pause_is_asked_for_within_a_minute_of_a_triage_that_finds_it_high(
    environment: WorkflowEnvironment,
) -> None:
    async with opened(environment, severity="medium") as case:
        await case.until(lambda state: state.contained)
        assert case.parts.levers_fake.stopped() == {TOOL}
        await case.answer("triage", "confirm", Role.RESPONDER, findings={"severity": "high"})
        await case.until(lambda state: len(state.orders) == 2 and state.contained)
        [answered] = case.parts.book.of(Kind.RESPONSE_ACCEPTED)
        pause = case.parts.book.of(Kind.ORDER_REQUESTED)[-1]
        assert pause.facts["lever"] == PAUSE
        assert pause.at - answered.at < timedelta(minutes=1)


async def test_a_pause_that_costs_is_asked_for_at_high_and_a_decision_against_it_is_on_record(
    environment: WorkflowEnvironment,
) -> None:
    async with opened(environment, **acting(Mode.ENFORCE, playbook=COSTLY)) as case:
        await case.answer("triage", "confirm", Role.RESPONDER)
        asked = await case.question("shutdown_revenue_feature")
        [answered] = case.parts.book.of(Kind.RESPONSE_ACCEPTED)
        assert asked.opened_at - answered.at < timedelta(minutes=1)
        await case.answer("shutdown_revenue_feature", "keep_running", Role.BUSINESS_OWNER)
        settled = [one for one in case.parts.book.of(Kind.DECISION_SETTLED) if one.subject == asked.id]
        assert [one.after for one in settled] == ["keep_running"]
