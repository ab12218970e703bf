"""What was put in force stays in force: whatever is undone behind our back is put on anew and told."""

from __future__ import annotations

import pytest
from temporalio.client import Client

from andon.domain.incident import workflow_id
from andon.domain.ledger import Kind
from tests.care.yard import Yard


async def test_a_hold_that_is_undone_is_put_on_anew_and_its_incident_told_and_proven(yard: Yard) -> None:
    incident = await yard.incident()
    held = yard.held()
    order = min(held)
    await yard.look_after()
    yard.undo(order)
    [seen] = await yard.until(lambda: yard.entries(incident, Kind.ORDER_DEVIATED))
    assert (seen.subject, seen.facts["count"], seen.facts["applied_anew"]) == (order, 1, True)
    assert await yard.until(lambda: yard.held() == held)
    effects = [one.key for one in yard.office.queries.switches.effects(order)]
    assert effects == [f"{order}/apply", f"{order}/reapply/1"]
    again = await yard.until(lambda: [e for e in yard.entries(incident, Kind.ORDER_PROVEN) if e.at > seen.at])
    assert again[0].subject == order
    assert (await yard.office.until(incident, lambda view: view.contained)).orders


async def test_an_order_nobody_can_see_is_not_called_contained_until_it_is_seen_again(yard: Yard) -> None:
    incident = await yard.incident()
    await yard.look_after()
    yard.probe.blind = True
    view = await yard.office.until(incident, lambda view: not view.contained)
    assert {record.state for record in view.orders} <= {"unproven", "proven"}
    [seen, *_] = await yard.until(lambda: yard.entries(incident, Kind.ORDER_DEVIATED))
    assert seen.facts["applied_anew"] is False
    yard.probe.blind = False
    await yard.office.until(incident, lambda view: view.contained)
    effects = [one.verb for one in yard.office.queries.switches.effects(seen.subject)]
    assert effects == ["apply"]


@pytest.mark.long
async def test_a_hold_is_looked_after_while_its_incident_has_no_workflow(
    yard: Yard, temporal: Client
) -> None:
    incident = await yard.incident()
    held = yard.held()
    await yard.look_after()
    await temporal.get_workflow_handle("reconcile").terminate("so that nobody starts it again")
    await temporal.get_workflow_handle(workflow_id(incident)).terminate("somebody's doing")
    yard.undo(min(held))
    assert await yard.until(lambda: yard.held() == held)


async def test_what_was_let_go_of_is_not_looked_after_any_more(yard: Yard) -> None:
    incident = await yard.incident()
    order = min(yard.held())
    switches = yard.office.queries.switches
    assert await yard.holds.stands(order)
    page = await yard.holds.page("flag", None, 500)
    assert [one.order.id for one in page.standing] == sorted(yard.held())
    assert (await yard.holds.page("webhook", None, 500)).standing == ()
    switches.release(order, f"{order}/release", at=page.standing[0].order.ordered_at)
    assert not await yard.holds.stands(order)
    assert order not in {one.order.id for one in (await yard.holds.page("flag", None, 500)).standing}
    assert set(await yard.holds.released([order])) == {order}
    assert {one.id for one in await yard.holds.of(incident)} == yard.held()


async def test_pages_of_holds_follow_one_another(yard: Yard) -> None:
    await yard.incident()
    names, after = [], None
    while True:
        page = await yard.holds.page("flag", after, 1)
        names += [one.order.id for one in page.standing]
        if (after := page.after) is None:
            break
    assert names == sorted(yard.held())
