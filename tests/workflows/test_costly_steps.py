"""Steps that stop something that earns money: asked for first, taken at once only while harm goes on."""

from __future__ import annotations

from typing import Any

from temporalio.testing import WorkflowEnvironment

from andon.domain.decision import DecisionKind
from andon.domain.directory import Role
from andon.domain.incident import IncidentState
from andon.domain.ledger import Kind
from tests.workflows.case import Case, Parts, opened, trusted
from tests.workflows.policy import COSTLY, plan_for
from tests.workflows.test_carry_over import carried_over

TOOL, PAUSE = "refund_desk.tool.issue_refund.allowed", "refund_desk.allowed"
SHUTDOWN = "shutdown_revenue_feature"
BOTH = {TOOL, PAUSE}
HARM: dict[str, Any] = {"severity": "critical", "harm_goes_on": True}


def costly() -> dict[str, Any]:
    return {"plan": plan_for(trusted(), playbook=COSTLY)}


def authorities(state: IncidentState) -> dict[str, str]:
    """What each lever's order rests on."""
    return {one.order.lever.id: one.order.authority for one in state.orders.values()}


async def triaged(case: Case) -> None:
    await case.answer("triage", "confirm", Role.RESPONDER)


async def test_a_costly_step_is_asked_for_before_it_is_taken_and_the_rest_is_not_held_up(
    environment: WorkflowEnvironment,
) -> None:
    async with opened(environment, **costly()) as case:
        await case.until(lambda state: state.contained)
        assert case.parts.levers_fake.stopped() == {TOOL}
        await triaged(case)
        await case.answer(SHUTDOWN, "shut_down", Role.OPERATIONS)
        assert case.parts.levers_fake.stopped() == {TOOL}
        await case.answer(SHUTDOWN, "shut_down", Role.BUSINESS_OWNER)
        state = await case.until(lambda state: len(state.orders) == 2 and state.contained)
        assert case.parts.levers_fake.stopped() == BOTH
        assert authorities(state)[PAUSE] == f"decision:{SHUTDOWN}-1"


async def test_a_refused_costly_step_is_never_taken_and_not_asked_again_in_a_new_run(
    environment: WorkflowEnvironment,
) -> None:
    async with opened(environment, **costly()) as case:
        await case.until(lambda state: state.seals)
        await triaged(case)
        await case.answer(SHUTDOWN, "keep_running", Role.BUSINESS_OWNER)
        await case.until(lambda state: f"{SHUTDOWN}-1" in state.acted_on)
        await carried_over(case)
        await case.until(lambda state: state.contained)
        await case.answer("legal_review", "hold_disclosure", Role.LEGAL)
        state = await case.state()
        assert [one.request.id for one in state.of(DecisionKind.SHUTDOWN_REVENUE_FEATURE)] == [
            f"{SHUTDOWN}-1"
        ]
    assert case.parts.levers_fake.stopped() == {TOOL}


async def test_an_open_question_for_a_costly_step_keeps_its_answers_in_a_new_run(
    environment: WorkflowEnvironment,
) -> None:
    async with opened(environment, **costly()) as case:
        await case.until(lambda state: state.seals)
        await triaged(case)
        await case.answer(SHUTDOWN, "shut_down", Role.OPERATIONS)
        await carried_over(case)
        await case.answer(SHUTDOWN, "shut_down", Role.BUSINESS_OWNER)
        await case.until(lambda state: len(state.orders) == 2 and state.contained)
    assert case.parts.levers_fake.stopped() == BOTH


async def test_whoever_asked_for_a_shutdown_can_not_approve_it(environment: WorkflowEnvironment) -> None:
    async with opened(environment, **costly()) as case:
        await case.question("triage")
        await case.propose(DecisionKind.SHUTDOWN_REVENUE_FEATURE, Role.SECURITY)
        assert (await case.question(SHUTDOWN)).excluded == ("p-security",)
        await triaged(case)
        await case.question("impact")
        state = await case.state()
        assert [one.request.id for one in state.of(DecisionKind.SHUTDOWN_REVENUE_FEATURE)] == [
            f"{SHUTDOWN}-1"
        ]


async def test_glass_is_broken_at_critical_while_harm_goes_on_and_people_are_asked_whether_that_was_right(
    environment: WorkflowEnvironment,
) -> None:
    async with opened(environment, **HARM, **costly()) as case:
        await triaged(case)
        await case.until(lambda state: len(state.orders) == 2 and state.contained)
        assert case.parts.levers_fake.stopped() == BOTH
        assert authorities(await case.state())[PAUSE] == "break_glass"
        await case.answer("ratification", "uphold", Role.EXECUTIVE)
        await case.until(lambda state: "ratification-1" in state.acted_on)
        assert case.parts.levers_fake.stopped() == BOTH
        assert SHUTDOWN not in [one.request.kind for one in (await case.state()).decisions.values()]


async def test_a_refused_ratification_lets_go_of_the_costly_order_only_once_the_strictest_other_stands(
    environment: WorkflowEnvironment,
) -> None:
    async with opened(environment, **HARM, **costly()) as case:
        await triaged(case)
        await case.until(lambda state: len(state.orders) == 2 and state.contained)
        await case.answer("ratification", "swap", Role.BUSINESS_OWNER)
        await case.until(lambda state: "ratification-1" in state.acted_on)
        assert case.parts.levers_fake.stopped() == {TOOL}
        released = await case.entries(Kind.ORDER_RELEASED)
        state = await case.state()
        assert [state.orders[one.subject].order.lever.id for one in released] == [PAUSE]
        proven = [one.sequence for one in case.parts.book.of(Kind.ORDER_PROVEN)]
        assert min(proven) < released[0].sequence
        assert state.orders


async def test_glass_that_was_broken_and_swapped_is_not_broken_again_in_a_new_run(
    environment: WorkflowEnvironment,
) -> None:
    async with opened(environment, **HARM, **costly()) as case:
        await case.until(lambda state: state.seals)
        await triaged(case)
        await case.until(lambda state: len(state.orders) == 2 and state.contained)
        await case.answer("ratification", "swap", Role.BUSINESS_OWNER)
        await case.until(lambda state: "ratification-1" in state.acted_on)
        await carried_over(case)
        await case.until(lambda state: state.contained)
        await case.answer("diagnosis", "prompt_design", Role.ENGINEER)
        await case.question("remediation")
        assert len((await case.state()).orders) == 2
        assert "ratification-2" not in (await case.state()).decisions
    assert case.parts.levers_fake.stopped() == {TOOL}


async def test_silence_on_a_ratification_upholds_the_step_and_never_lets_it_run(
    environment: WorkflowEnvironment,
) -> None:
    async with opened(environment, **HARM, **costly()) as case:
        await triaged(case)
        await case.question("ratification")
        await case.skip(minutes=61)
        await case.until(lambda state: state.decisions["ratification-1"].defaulted)
        assert (await case.state()).decisions["ratification-1"].open
    assert case.parts.levers_fake.stopped() == BOTH


async def test_a_costly_step_that_was_approved_stands_again_after_a_relapse(
    environment: WorkflowEnvironment,
) -> None:
    parts = Parts()
    async with opened(environment, parts, **costly()) as case:
        await triaged(case)
        for role in (Role.OPERATIONS, Role.BUSINESS_OWNER):
            await case.answer(SHUTDOWN, "shut_down", role)
        await case.answer("legal_review", "hold_disclosure", Role.LEGAL)
        await case.answer("impact", "isolated", Role.OPERATIONS)
        await case.answer("diagnosis", "prompt_design", Role.ENGINEER)
        await case.answer("remediation", "fix_deployed", Role.ENGINEER)
        await case.until(lambda state: len(state.orders) == 2 and state.contained)
        await case.restart()
        await case.until(lambda state: state.stage == "monitor")
        await case.signal("relapse", {"saw": "errors", "watch": 1})
        state = await case.until(lambda state: state.relapses == 1 and state.contained)
        assert len(state.orders) == 4
    assert case.parts.levers_fake.stopped() == BOTH
