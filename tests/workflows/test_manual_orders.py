"""Steps that no lever carries out: a person does, says so, and is waited for as a lever is."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from temporalio.testing import WorkflowEnvironment

from andon.audit.course import check_course
from andon.audit.findings import Step
from andon.domain.containment import OrderState, Verb
from andon.domain.declaration import DeclarationRight, Declared
from andon.domain.directory import Role
from andon.domain.incident import IncidentState, OrderRecord
from andon.domain.ledger import Kind
from andon.domain.playbook import ContainmentStep
from andon.domain.severity import Band
from andon.domain.stage import Stage
from andon.domain.task import TaskState
from tests.workflows.case import Case, Parts, opened, trusted
from tests.workflows.policy import PLAYBOOK, plan_for
from tests.workflows.test_carry_over import carried_over

PAUSE = "refund_desk.allowed"
FIRST, UNDO = "contain_by_hand-1", "undo_by_hand-1"
CLOSING = DeclarationRight(
    by=(Role.OPERATIONS, Role.INCIDENT_LEAD, Role.ENGINEER), about={"task": (), "state": ("done", "cannot")}
)
ROTATE = ContainmentStep(verb=Verb.ROTATE_CREDENTIAL, target="crm", at=(Band.HIGH, Band.CRITICAL))
PLAN = PLAYBOOK.model_copy(update={"containment": (PLAYBOOK.containment[1], ROTATE)})


@asynccontextmanager
async def lacking(environment: WorkflowEnvironment, **changes: Any) -> AsyncIterator[Case]:
    """Open an incident whose playbook has a step for which the system has no lever."""
    plan = plan_for(trusted(), playbook=PLAN)
    plan = plan.model_copy(update={"declarations": {**plan.declarations, Declared.TASK: CLOSING}})
    async with opened(environment, Parts(), plan=plan, **changes) as case:
        yield case


def by_hand(state: IncidentState) -> OrderRecord:
    return next(one for one in state.orders.values() if one.order.lever.by_hand)


async def says(case: Case, task: str, what: str, role: Role = Role.OPERATIONS) -> str | None:
    return (await case.declare(Declared.TASK, role, about={"task": task, "state": what})).refusal


async def test_a_step_without_a_lever_is_ordered_from_the_steps_role_with_the_clock_of_containment(
    environment: WorkflowEnvironment,
) -> None:
    async with lacking(environment) as case:
        state = await case.until(lambda state: FIRST in state.tasks)
        task, order = state.tasks[FIRST], by_hand(state).order
        contain = next(one for one in state.stages if one.stage is Stage.CONTAIN)
        assert (task.role, task.order, task.due) == (order.assignee, order.id, contain.due)
        assert (order.lever.verb, order.lever.target) == (Verb.ROTATE_CREDENTIAL, "crm")
        [told] = await case.told("by_hand", 1)
        assert (told.subject, told.roles) == (FIRST, (Role.OPERATIONS,))


async def test_it_is_not_contained_before_a_person_says_that_it_is_done(
    environment: WorkflowEnvironment,
) -> None:
    async with lacking(environment) as case:
        state = await case.until(
            lambda state: OrderState.PROVEN in {one.state for one in state.orders.values()}
        )
        assert case.parts.levers_fake.stopped() == {PAUSE}
        assert not state.contained
        assert by_hand(state).state is OrderState.REQUESTED
        await case.answer("triage", "confirm", Role.RESPONDER)
        assert not (await case.state()).contained
        assert await says(case, FIRST, "done") is None
        state = await case.until(lambda state: state.contained)
        proof = by_hand(state).proof
        assert proof is not None
        assert (proof.held, proof.via, proof.saw) == (True, "person", "stated")
        [contained] = await case.entries(Kind.CONTAINED)
        proven = [one for one in case.parts.book.of(Kind.ORDER_PROVEN) if one.facts["via"] == "person"]
        assert [one.actor for one in proven] == ["person:p-operations"]
        assert proven[0].reason is not None
        assert contained.sequence > proven[0].sequence


async def test_what_can_not_be_done_is_escalated_and_stays_named_as_not_contained(
    environment: WorkflowEnvironment,
) -> None:
    async with lacking(environment) as case:
        await case.until(lambda state: FIRST in state.tasks)
        assert await says(case, FIRST, "cannot") is None
        state = await case.until(lambda state: "contain_by_hand-2" in state.tasks)
        assert by_hand(state).state is OrderState.FAILED
        assert state.tasks["contain_by_hand-2"].role is Role.INCIDENT_LEAD
        [told] = await case.told("unproven", 1)
        assert Role.EXECUTIVE in told.roles
        assert told.subject.startswith(by_hand(state).order.id)
        await case.answer("triage", "confirm", Role.RESPONDER)
        await case.question("impact")
        assert not (await case.state()).contained
        assert await says(case, "contain_by_hand-2", "done", Role.INCIDENT_LEAD) is None
        await case.until(lambda state: state.contained)


async def test_the_stage_of_containment_waits_for_the_person(environment: WorkflowEnvironment) -> None:
    async with lacking(environment) as case:
        await case.answer("triage", "confirm", Role.RESPONDER)
        await case.question("impact")
        contain = next(one for one in (await case.state()).stages if one.stage is Stage.CONTAIN)
        assert contain.ended_at is None
        await says(case, FIRST, "done")
        await case.until(lambda state: next(s for s in state.stages if s.stage is Stage.CONTAIN).ended_at)


async def test_a_restart_has_what_was_done_by_hand_undone_by_hand_and_the_ledger_holds(
    environment: WorkflowEnvironment,
) -> None:
    async with lacking(environment) as case:
        await case.until(lambda state: FIRST in state.tasks)
        await says(case, FIRST, "done")
        await case.until(lambda state: state.contained)
        await case.to_the_gate()
        await case.restart()
        state = await case.until(lambda state: UNDO in state.tasks)
        assert by_hand(state).state is OrderState.RELEASED
        assert (state.tasks[UNDO].role, state.tasks[UNDO].follow_up) == (Role.OPERATIONS, True)
        assert len(await case.entries(Kind.ORDER_RELEASED, 2)) == 2
        assert case.parts.levers_fake.stopped() == set()


async def test_what_nobody_did_is_closed_when_the_incident_is_stood_down(
    environment: WorkflowEnvironment,
) -> None:
    async with lacking(environment) as case:
        await case.until(lambda state: FIRST in state.tasks)
        await case.answer("triage", "false_positive", Role.RESPONDER)
        await case.answer("triage", "false_positive", Role.INCIDENT_LEAD)
        await case.ended()
        state = await case.state()
        assert by_hand(state).state is OrderState.RELEASED
        assert (state.tasks[FIRST].state, state.tasks[FIRST].answer) == (TaskState.CANNOT, "triage-1")
        assert UNDO not in state.tasks


async def test_an_order_by_hand_is_carried_over_and_given_once(environment: WorkflowEnvironment) -> None:
    async with lacking(environment) as case:
        await case.until(lambda state: state.seals and FIRST in state.tasks)
        await carried_over(case)
        assert list((await case.state()).tasks) == [FIRST]
        await says(case, FIRST, "done")
        await case.until(lambda state: state.contained)


async def test_the_offline_verifier_accepts_what_a_person_carried_out(
    environment: WorkflowEnvironment,
) -> None:
    async with lacking(environment) as case:
        await case.until(lambda state: FIRST in state.tasks)
        await says(case, FIRST, "done")
        await case.until(lambda state: state.contained)
        await case.entries(Kind.CONTAINED)
        step = Step(1, "course", "")
        check_course(step, case.parts.book.entries, {})
        assert step.findings == []
