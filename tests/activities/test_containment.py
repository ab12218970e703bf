"""Applying and proving: safe to repeat, final when the lever does not exist."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from temporalio.exceptions import ApplicationError
from temporalio.testing import ActivityEnvironment

from activities.containment import ApplyCall, ContainmentActivities, ProveCall
from andon.domain.containment import Lever, Order, Verb
from andon.domain.directory import Role
from tests import fakes

AT = datetime(2026, 11, 21, 9, 0, tzinfo=UTC)
ORDER = Order(
    id="INC-20261121-abc123/order/1",
    incident="INC-20261121-abc123",
    lever=Lever(id="desk.allowed", adapter="flag", system="desk", verb=Verb.PAUSE_SYSTEM),
    authority="playbook:general",
    assignee=Role.OPERATIONS,
    reason="harmful_output",
    ordered_at=AT,
    expires_at=AT + timedelta(days=7),
)
APPLY = ApplyCall(order=ORDER, capture_within=timedelta(seconds=1))


async def test_a_repeated_order_is_applied_once() -> None:
    levers = fakes.MemoryLevers()
    containment = ContainmentActivities({"flag": levers})
    first = await ActivityEnvironment().run(containment.apply, APPLY)
    again = await ActivityEnvironment().run(containment.apply, APPLY)
    assert first == again
    assert levers.effects == [f"{ORDER.id}/apply"]


@pytest.mark.parametrize("served", [{}, {"flag": fakes.MemoryLevers(known=lambda _: False)}])
async def test_a_lever_nobody_serves_is_a_final_error(served: dict[str, fakes.MemoryLevers]) -> None:
    with pytest.raises(ApplicationError) as refused:
        await ActivityEnvironment().run(ContainmentActivities(served).apply, APPLY)
    assert (refused.value.type, refused.value.non_retryable) == ("LeverUnknownError", True)


async def test_a_lever_that_is_away_is_left_to_the_retry_policy() -> None:
    containment = ContainmentActivities({"flag": fakes.MemoryLevers(outages=1)})
    with pytest.raises(ConnectionError):
        await ActivityEnvironment().run(containment.apply, APPLY)


async def test_the_effect_is_looked_for_until_the_time_is_up_and_never_claimed() -> None:
    levers = fakes.MemoryLevers(blind=True)
    containment = ContainmentActivities({"flag": levers})
    environment = ActivityEnvironment()
    beats: list[object] = []
    environment.on_heartbeat = lambda *seen: beats.append(seen)
    await environment.run(containment.apply, APPLY)
    proof = await environment.run(
        containment.prove, ProveCall(order=ORDER, within=timedelta(milliseconds=400))
    )
    assert not proof.held
    assert len(beats) >= 2
