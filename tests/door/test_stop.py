"""Pulling the cord stops at once, opens an incident, and never pretends."""

from __future__ import annotations

import asyncio

import pytest
from temporalio.client import Client

from andon.domain.containment import OrderState
from andon.domain.directory import Role
from andon.domain.incident import OpenIncident
from andon.door.answers import first_orders
from tests.api.server import bearer
from tests.door.conftest import Door


async def test_a_stop_holds_the_system_and_its_incident_adopts_the_hold(door: Door, worker: Client) -> None:
    told = (await door.stop(reason="It refunds strangers")).json()
    assert (told["outcome"], told["severity"]) == ("opened", "high")
    assert told["orders"] == [
        {"lever": "refund_desk.allowed", "verb": "pause_system", "state": OrderState.APPLIED}
    ]
    (held,) = door.switches.holds("refund_desk")
    row = door.incidents.get(told["incident"])
    assert row is not None
    opening: OpenIncident | None = row.opening
    assert opening is not None
    assert (opening.source, opening.channel) == ("person:responder-1", "human_review")
    assert [order.id for order in first_orders(opening)] == [held.order]
    assert (await door.flag("refund_desk.tool.issue_refund.allowed")).json()["value"] is False
    history = await worker.get_workflow_handle(f"incident/{told['incident']}").fetch_history()
    assert "strangers" not in history.to_json()


async def test_one_tool_can_be_stopped_and_the_rest_goes_on(door: Door) -> None:
    told = (await door.stop(verb="disable_tool", target="issue_refund")).json()
    assert [one["lever"] for one in told["orders"]] == ["refund_desk.tool.issue_refund.allowed"]
    assert (await door.flag("refund_desk.tool.issue_refund.allowed")).json()["value"] is False
    assert (await door.flag("refund_desk.allowed")).json()["value"] is True


async def test_a_stop_pulled_twice_joins_while_its_hold_stands_and_not_after(door: Door) -> None:
    first = (await door.stop()).json()
    second = (await door.stop(Role.SECURITY)).json()
    assert (second["outcome"], second["incident"]) == ("joined", first["incident"])
    assert second["orders"] == first["orders"]
    (held,) = door.switches.holds("refund_desk")
    door.switches.release(held.order, f"{held.order}/release", at=held.since)
    assert (await door.flag("refund_desk.allowed")).json()["value"] is True
    third = (await door.stop()).json()
    assert (third["outcome"], third["incident"] == first["incident"]) == ("opened", False)
    assert (await door.flag("refund_desk.allowed")).json()["value"] is False


async def test_a_stop_sent_again_under_its_key_counts_once_even_at_the_same_moment(door: Door) -> None:
    keyed = {**bearer(Role.RESPONDER), "Idempotency-Key": "one-press-of-one-page"}
    body = {"system": "refund_desk", "verb": "disable_tool", "target": "issue_refund", "reason": "twice"}
    answers = await asyncio.gather(*(door.http.post("/v1/stop", json=body, headers=keyed) for _ in range(3)))
    told = [one.json() for one in answers]
    assert {one.status_code for one in answers} == {202}
    assert len({one["receipt"] for one in told}) == len({one["incident"] for one in told}) == 1
    assert len(door.switches.holds("refund_desk")) == 1


@pytest.mark.parametrize(
    ("request_", "status", "says"),
    [
        ({"system": "refund_dsk"}, 404, "Registered are:"),
        ({"system": "unknown"}, 404, "Nothing was stopped"),
        ({"verb": "disable_tool"}, 400, "it has: disable_tool issue_refund, pause_system"),
        ({"verb": "disable_tool", "target": "typo"}, 400, "Nothing was stopped"),
        ({"verb": "revoke_credential"}, 400, "it has:"),
        ({"verb": "explode"}, 400, "verb"),
        ({"target": "x; rm"}, 400, "target"),
        ({"reason": " "}, 400, "reason"),
        ({"colour": "red"}, 400, "unknown field; the fields are: system, reason, verb, target"),
    ],
)
async def test_a_stop_that_cannot_be_carried_out_says_so(
    busy: Door, request_: dict[str, str], status: int, says: str
) -> None:
    answer = await busy.stop(**request_)
    assert answer.status_code == status
    assert says in answer.json()["detail"]
