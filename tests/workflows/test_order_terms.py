"""What an order says of itself, and that a review which runs out is not lifted by that."""

from __future__ import annotations

from datetime import timedelta

from temporalio.testing import WorkflowEnvironment

from andon.domain.containment import IN_FORCE, Verb
from andon.domain.cost import Cost
from andon.domain.directory import Role
from andon.domain.ledger import Kind
from andon.domain.mode import Mode
from andon.domain.playbook import ContainmentStep
from andon.domain.severity import Band
from andon.domain.system import LeverEntry
from tests.workflows.case import opened, trusted
from tests.workflows.policy import PLAYBOOK, SYSTEM, plan_for
from tests.workflows.test_modes import acting

REVIEW = "refund_desk.unreviewed.allowed"


async def test_an_order_says_why_what_it_costs_and_when_it_is_looked_at_again(
    environment: WorkflowEnvironment,
) -> None:
    step = PLAYBOOK.containment[1].model_copy(
        update={"cost": Cost(what="refunds_wait", per_hour=1200, unit="EUR")}
    )
    playbook = PLAYBOOK.model_copy(update={"containment": (step,)})
    async with opened(environment, **acting(Mode.ENFORCE, playbook=playbook)) as case:
        [asked] = await case.entries(Kind.ORDER_REQUESTED)
        [record] = (await case.state()).orders.values()
        assert record.order.cost == step.cost
        assert asked.facts["why"] == "unauthorised_tool_action"
        assert asked.facts["looked_at_again"] == record.order.expires_at.isoformat()
        assert (asked.facts["cost"], asked.facts["cost_per_hour"], asked.facts["cost_unit"]) == (
            "refunds_wait",
            1200,
            "EUR",
        )


async def test_a_review_that_runs_out_goes_on_while_the_incident_is_open(
    environment: WorkflowEnvironment,
) -> None:
    step = ContainmentStep(verb=Verb.ROUTE_TO_REVIEW, at=tuple(Band), expires_after=timedelta(hours=1))
    system = SYSTEM.model_copy(update={"levers": (LeverEntry(verb=Verb.ROUTE_TO_REVIEW),)})
    plan = plan_for(trusted()).model_copy(update={"steps": (step,), "levers": system.lever_list()})
    async with opened(environment, plan=plan) as case:
        await case.until(lambda state: state.contained)
        await case.answer("triage", "confirm", Role.RESPONDER)
        await case.question("impact")
        await case.skip(hours=2)
        [record] = (await case.state()).orders.values()
        assert record.state in IN_FORCE
        assert case.parts.levers_fake.stopped() == {REVIEW}
        assert case.parts.book.of(Kind.ORDER_RELEASED) == []
