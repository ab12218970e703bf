"""Containment: at once, never called proven without proof, never done twice."""

from __future__ import annotations

from temporalio.testing import WorkflowEnvironment

from andon.domain.containment import OrderState
from andon.domain.directory import Role
from andon.domain.ledger import Kind
from tests.workflows.case import Parts, opened


async def test_orders_are_in_force_before_anybody_has_been_asked(environment: WorkflowEnvironment) -> None:
    async with opened(environment) as case:
        assert len(case.parts.levers_fake.stopped()) == 2


async def test_a_lever_that_answers_ok_but_whose_effect_is_not_seen_is_never_called_contained(
    environment: WorkflowEnvironment,
) -> None:
    parts = Parts()
    parts.levers_fake.blind = True
    async with opened(environment, parts) as case:
        await case.entries(Kind.ORDER_UNPROVEN, 2)
        state = await case.state()
        assert {record.state for record in state.orders.values()} == {OrderState.UNPROVEN}
        assert not state.contained
        [called] = await case.told("unproven", 1)
        levers = {record.order.lever.id for record in state.orders.values()}
        assert set(called.still_open) == {f"{lever}: unproven: true/static" for lever in levers}
        parts.levers_fake.blind = False
        await case.skip(seconds=20)
        await case.until(lambda state: state.contained)
    assert parts.levers_fake.effects.count(f"{case.opening.incident}/order/1/apply") == 1


async def test_a_lever_that_is_away_is_tried_again_until_it_holds(environment: WorkflowEnvironment) -> None:
    parts = Parts()
    parts.levers_fake.outages = 8
    async with opened(environment, parts) as case:
        await case.until(lambda state: state.contained)
    assert len(parts.levers_fake.effects) == 2


async def test_a_lever_nobody_serves_is_reported_failed_and_the_others_still_hold(
    environment: WorkflowEnvironment,
) -> None:
    parts = Parts()
    parts.levers_fake.known = lambda lever: "tool" not in lever
    async with opened(environment, parts) as case:
        failed = await case.entries(Kind.ORDER_FAILED)
        assert failed[0].facts["problem"] == "LeverUnknownError"
        state = await case.until(
            lambda state: OrderState.PROVEN in {record.state for record in state.orders.values()}
        )
        assert not state.contained
        assert parts.levers_fake.stopped() == {"refund_desk.allowed"}


async def test_an_incident_that_needs_no_containment_stops_nothing(environment: WorkflowEnvironment) -> None:
    async with opened(environment, containment_required=False) as case:
        await case.question("triage")
        assert case.parts.levers_fake.stopped() == set()
        assert not (await case.state()).contained


async def test_a_worker_that_dies_with_an_order_half_applied_applies_nothing_twice(
    environment: WorkflowEnvironment,
) -> None:
    async with opened(environment) as case:
        await case.until(lambda state: state.contained)
        again = case.parts.levers_fake
        order = next(iter((await case.state()).orders.values())).order
        await again.apply(order, order.key("apply"), capture_within=case.opening.plan.capture_within)
        assert again.effects.count(order.key("apply")) == 1
        await case.answer("triage", "confirm", Role.RESPONDER)
