"""The manual process begins with the pause, is missed aloud, and ends when the AI system runs again."""

from __future__ import annotations

from temporalio.testing import WorkflowEnvironment

from andon.domain.directory import Role
from andon.domain.fallback import FallbackPlan
from andon.domain.ledger import Kind
from tests.workflows.case import opened, trusted
from tests.workflows.policy import plan_for


async def test_the_fallback_begins_with_the_pause_and_ends_with_the_restart(
    environment: WorkflowEnvironment,
) -> None:
    async with opened(environment) as case:
        state = await case.until(lambda state: state.contained)
        [run] = state.fallbacks
        pause = next(one for one in state.orders.values() if one.order.lever.verb == "pause_system")
        assert pause.applied is not None
        assert (run.owner, run.began_at, run.ended_at) == ("p-operations", pause.applied.at, None)
        [begun] = await case.entries(Kind.FALLBACK_BEGUN)
        assert (begun.subject, begun.after) == ("refund_desk", "p-operations")
        await case.to_the_gate()
        await case.restart()
        state = await case.until(lambda state: state.fallbacks[0].ended_at)
        [ended] = await case.entries(Kind.FALLBACK_ENDED)
        assert ended.at == state.fallbacks[0].ended_at
        assert case.parts.levers_fake.stopped() == set()


async def test_a_missing_fallback_is_on_record_and_told_as_soon_as_the_system_is_paused(
    environment: WorkflowEnvironment,
) -> None:
    plan = plan_for(trusted()).model_copy(update={"fallback": FallbackPlan(owner=None)})
    async with opened(environment, plan=plan) as case:
        await case.until(lambda state: state.contained)
        assert len(await case.entries(Kind.FALLBACK_MISSING)) == 1
        [told] = await case.told("fallback_missing", 1)
        assert told.roles == (Role.BUSINESS_OWNER, Role.OPERATIONS)
        assert [one.owner for one in (await case.state()).fallbacks] == [None]


async def test_a_tool_that_is_switched_off_needs_no_fallback(environment: WorkflowEnvironment) -> None:
    async with opened(environment, severity="medium") as case:
        await case.until(lambda state: state.contained)
        assert (await case.state()).fallbacks == []


async def test_a_relapse_begins_it_anew(environment: WorkflowEnvironment) -> None:
    async with opened(environment) as case:
        await case.until(lambda state: state.contained)
        await case.to_the_gate()
        await case.restart()
        await case.until(lambda state: state.stage == "monitor")
        await case.signal("relapse", {"saw": "errors", "watch": 1})
        state = await case.until(lambda state: state.relapses == 1 and state.contained)
        assert [one.ended_at is None for one in state.fallbacks] == [False, True]
