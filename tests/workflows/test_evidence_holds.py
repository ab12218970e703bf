"""Legal holds the evidence: what alters the AI system waits, and what can be undone never does."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from temporalio.testing import WorkflowEnvironment

from andon.domain.declaration import DeclarationRight, Declared
from andon.domain.directory import Role
from andon.domain.ledger import Kind
from tests.workflows.case import Case, opened, trusted
from tests.workflows.policy import COSTLY, PLAYBOOK, plan_for
from tests.workflows.test_carry_over import carried_over

TOOL, PAUSE = "refund_desk.tool.issue_refund.allowed", "refund_desk.allowed"
BY_LEGAL = DeclarationRight(by=(Role.LEGAL,))


@asynccontextmanager
async def holdable(
    environment: WorkflowEnvironment, playbook: Any = PLAYBOOK, **changes: Any
) -> AsyncIterator[Case]:
    """Open an incident whose evidence legal may hold."""
    plan = plan_for(trusted(), playbook=playbook)
    declarations = {Declared.EVIDENCE_HOLD: BY_LEGAL, Declared.EVIDENCE_HOLD_LIFTED: BY_LEGAL}
    plan = plan.model_copy(update={"declarations": {**plan.declarations, **declarations}})
    async with opened(environment, plan=plan, **changes) as case:
        await case.question("triage")
        yield case


async def hold(case: Case, role: Role = Role.LEGAL) -> str | None:
    return (await case.declare(Declared.EVIDENCE_HOLD, role)).refusal


async def lift(case: Case) -> str | None:
    return (await case.declare(Declared.EVIDENCE_HOLD_LIFTED, Role.LEGAL)).refusal


async def test_legal_alone_holds_the_evidence_and_once_at_a_time(environment: WorkflowEnvironment) -> None:
    async with holdable(environment) as case:
        assert await hold(case, Role.SECURITY) == "wrong_role"
        assert await lift(case) == "already_so"
        assert await hold(case) is None
        assert await hold(case) == "already_so"
        held = (await case.state()).evidence_hold
        assert held is not None
        [entry] = await case.entries(Kind.EVIDENCE_HELD)
        assert (entry.actor, entry.at) == ("person:p-legal", held.since)
        assert case.parts.book.views[-1].evidence_hold == held
        assert await lift(case) is None
        assert (await case.state()).evidence_hold is None
        assert len(await case.entries(Kind.EVIDENCE_FREED)) == 1


async def test_a_fix_is_refused_while_the_evidence_is_held_and_taken_afterwards(
    environment: WorkflowEnvironment,
) -> None:
    async with holdable(environment) as case:
        await hold(case)
        await case.answer("triage", "confirm", Role.RESPONDER)
        await case.answer("diagnosis", "prompt_design", Role.ENGINEER)
        refused = await case.answer("remediation", "fix_deployed", Role.ENGINEER)
        assert refused.refusal == "evidence_hold"
        assert (await case.entries(Kind.RESPONSE_REFUSED))[0].facts["refusal"] == "evidence_hold"
        assert case.parts.book.of(Kind.FIX_MARKED) == []
        await lift(case)
        assert (await case.answer("remediation", "fix_deployed", Role.ENGINEER)).accepted
        await case.entries(Kind.FIX_MARKED)


async def test_a_restart_is_refused_while_the_evidence_is_held_and_staying_stopped_is_not(
    environment: WorkflowEnvironment,
) -> None:
    async with holdable(environment) as case:
        await case.to_the_gate()
        await case.question("restart")
        await hold(case)
        refused = await case.answer("restart", "restart", Role.BUSINESS_OWNER)
        assert refused.refusal == "evidence_hold"
        assert case.parts.levers_fake.stopped() == {TOOL, PAUSE}
        assert (await case.answer("restart", "keep_stopped", Role.LEGAL)).accepted


async def test_reversible_containment_never_waits_for_it(environment: WorkflowEnvironment) -> None:
    async with holdable(environment, severity="medium") as case:
        await case.until(lambda state: state.contained)
        assert case.parts.levers_fake.stopped() == {TOOL}
        await hold(case)
        await case.answer("triage", "confirm", Role.RESPONDER, findings={"severity": "high"})
        await case.until(lambda state: len(state.orders) == 2 and state.contained)
        assert case.parts.levers_fake.stopped() == {TOOL, PAUSE}
        assert (await case.state()).evidence_hold is not None


async def test_a_step_that_costs_is_put_off_until_it_is_lifted_and_outlives_a_new_run(
    environment: WorkflowEnvironment,
) -> None:
    harm = {"severity": "critical", "harm_goes_on": True}
    async with holdable(environment, COSTLY, **harm) as case:
        await case.until(lambda state: state.seals)
        await hold(case)
        await case.answer("triage", "confirm", Role.RESPONDER)
        await case.entries(Kind.EVIDENCE_HOLD_WAITS)
        assert case.parts.levers_fake.stopped() == {TOOL}
        await carried_over(case)
        assert (await case.state()).evidence_hold is not None
        assert case.parts.levers_fake.stopped() == {TOOL}
        await lift(case)
        await case.until(lambda state: len(state.orders) == 2 and state.contained)
        await case.question("ratification")
        assert case.parts.levers_fake.stopped() == {TOOL, PAUSE}
