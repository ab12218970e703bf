"""When the time of an order is up somebody is asked; nothing lets go by itself."""

from __future__ import annotations

from datetime import timedelta

from temporalio.testing import WorkflowEnvironment

from andon.domain.containment import OrderState
from andon.domain.directory import Role
from andon.domain.incident import IncidentState
from andon.domain.ledger import Kind
from tests.workflows.case import opened


def proven(state: IncidentState) -> bool:
    return state.contained


async def test_an_expired_order_stays_in_force_and_its_assignee_is_asked(
    environment: WorkflowEnvironment,
) -> None:
    async with opened(environment) as case:
        await case.until(proven)
        held = case.parts.levers_fake.stopped()
        await case.skip(days=7, minutes=1)
        request = await case.question("expiry")
        assert request.about == {"orders": "1,2"}
        assert Role.OPERATIONS in request.eligible
        state = await case.state()
        assert {record.state for record in state.orders.values()} == {OrderState.EXPIRED}
        assert state.contained
        await case.skip(days=1)
        state = await case.until(lambda s: s.decisions[request.id].defaulted)
        assert state.decisions[request.id].open
        assert case.parts.levers_fake.stopped() == held
    assert len(case.parts.book.of(Kind.ORDER_EXPIRED)) == 2


async def test_an_extended_order_is_asked_about_again_when_that_time_is_up(
    environment: WorkflowEnvironment,
) -> None:
    async with opened(environment) as case:
        await case.until(proven)
        await case.skip(days=7, minutes=1)
        assert (await case.answer("expiry", "extend", Role.OPERATIONS)).accepted
        state = await case.until(lambda s: not any(one.expired for one in s.orders.values()))
        record = state.orders[next(iter(state.orders))]
        assert record.state is OrderState.PROVEN
        assert record.until is not None
        assert record.until - record.order.expires_at > timedelta(days=6)
        await case.skip(days=8)
        assert (await case.question("expiry")).id == "expiry-2"
    assert [one.after for one in case.parts.book.of(Kind.ORDER_EXTENDED)] == ["extend", "extend"]


async def test_to_say_that_it_is_time_lets_nothing_go_and_tells_those_who_can(
    environment: WorkflowEnvironment,
) -> None:
    async with opened(environment) as case:
        await case.until(proven)
        held = case.parts.levers_fake.stopped()
        await case.skip(days=7, minutes=1)
        await case.answer("expiry", "let_go", Role.OPERATIONS)
        [notice] = await case.told("let_go_wanted", 1)
        assert set(notice.roles) == {Role.BUSINESS_OWNER, Role.INCIDENT_LEAD}
        assert case.parts.levers_fake.stopped() == held
