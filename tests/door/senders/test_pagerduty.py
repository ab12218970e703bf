"""The client that PagerDuty ships, with nothing changed but its URL."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import Any

import pagerduty
import pytest

from andon.register.quality import IssueState, QualityIssues
from tests.api.server import token
from tests.door.conftest import Door

LEAK = {"ai_system": "refund_desk", "harm": "data_exposure"}


@pytest.fixture
def client(door: Door) -> Iterator[pagerduty.EventsApiV2Client]:
    found = pagerduty.EventsApiV2Client(token("detector"), base_url="https://localhost")
    # The client takes https only, and the door of a test speaks http on loopback.
    found._url = door.url
    yield found
    found.close()


async def test_the_client_opens_joins_acknowledges_and_resolves(
    door: Door, client: pagerduty.EventsApiV2Client, told: Any
) -> None:
    def trigger() -> str:
        return client.trigger(
            "It shows accounts of others", "desk-1", dedup_key="leak-1", custom_details=LEAK
        )

    assert await asyncio.to_thread(trigger) == "leak-1"
    assert await asyncio.to_thread(trigger) == "leak-1"
    (row,) = door.incidents.list()
    assert row.system == "refund_desk"
    assert door.detections.count_joined(row.incident) == 1

    assert await asyncio.to_thread(client.acknowledge, "leak-1") == "leak-1"
    assert await asyncio.to_thread(client.resolve, "leak-1") == "leak-1"
    said = await told(row.incident, 2)
    assert [(one["source"], one["says"], one["count"]) for one in said] == [
        ("source:detector-1", "acknowledged", 1),
        ("source:detector-1", "resolved", 1),
    ]
    after = door.incidents.get(row.incident)
    assert after is not None
    assert after.closed_at is None
    assert door.switches.holds("refund_desk")


async def test_without_a_key_one_is_made_and_given_back(
    door: Door, client: pagerduty.EventsApiV2Client
) -> None:
    key = await asyncio.to_thread(client.trigger, "It refunds strangers", "refund_desk", custom_details=LEAK)
    assert len(key) == 32
    again = await asyncio.to_thread(
        client.trigger, "It refunds strangers", "refund_desk", dedup_key=key, custom_details=LEAK
    )
    assert again == key
    assert len(door.incidents.list()) == 1


async def test_a_quality_issue_is_resolved_with_its_alert(
    door: Door, client: pagerduty.EventsApiV2Client
) -> None:
    harmless = {
        "output_fault": "low_quality",
        "impact": "none",
        "exposure": "internal_caught",
        "data_exposed": "no",
        "data_sensitivity": "public",
        "autonomy": "recommends",
        "safety": "none",
        "ongoing": "no",
        "can_continue_safely": "yes",
        "uncertainty": "low",
    }
    rule = {"when": {"payload.class": "tone"}, "then": harmless}
    door.write_source("desk_tone", kind="pagerduty", dedupe=["dedup_key"], facts=[rule])

    def send(action: str) -> None:
        payload = {"summary": "It is rude", "source": "desk", "severity": "info", "class": "tone"}
        event = {"event_action": action, "dedup_key": "tone-1", "payload": payload}
        client.post("/v2/enqueue?source=desk_tone", json=event).raise_for_status()

    await asyncio.to_thread(send, "trigger")
    assert door.incidents.list() == []
    (issue,) = QualityIssues(door.databases.register).list()
    assert issue.state is IssueState.OPEN
    await asyncio.to_thread(send, "acknowledge")
    assert QualityIssues(door.databases.register).list()[0].state is IssueState.OPEN
    await asyncio.to_thread(send, "resolve")
    (issue,) = QualityIssues(door.databases.register).list()
    assert (issue.state, issue.settled_by) == (IssueState.RESOLVED, "source:detector-1")


async def test_what_nobody_opened_can_be_resolved_without_harm(
    door: Door, client: pagerduty.EventsApiV2Client
) -> None:
    assert await asyncio.to_thread(client.resolve, "never-heard-of") == "never-heard-of"
    assert door.incidents.list() == []


async def test_the_routing_key_is_not_kept_with_the_event(
    door: Door, client: pagerduty.EventsApiV2Client
) -> None:
    await asyncio.to_thread(client.trigger, "Leak", "desk", dedup_key="k", custom_details=LEAK)
    (row,) = door.incidents.list()
    (kept,) = door.detections.of(row.incident)
    assert kept.original is not None
    original = await door.texts.open(kept.original)
    assert token("detector") not in original
    assert '"harm": "data_exposure"' in original


@pytest.mark.parametrize(
    ("event", "error"),
    [
        ({"event_action": "explode", "payload": {}}, "event_action"),
        ({"event_action": "resolve"}, "dedup_key"),
        ({"event_action": "trigger"}, "payload"),
        ({"event_action": "trigger", "payload": {"source": "a", "severity": "info"}}, "payload.summary"),
        (
            {"event_action": "trigger", "payload": {"summary": "a", "source": "b", "severity": "bad"}},
            "payload.severity",
        ),
        ({"event_action": "trigger", "dedup_key": "x" * 256, "payload": {}}, "dedup_key"),
    ],
)
async def test_a_bad_event_is_refused_in_the_form_clients_read(
    busy: Door, event: dict[str, Any], error: str
) -> None:
    answer = await busy.http.post("/v2/enqueue", json={"routing_key": token("detector"), **event})
    assert answer.status_code == 400
    told = answer.json()
    assert told["status"] == "invalid event"
    assert any(error in one for one in told["errors"])


@pytest.mark.parametrize("key", ["nobodys", "", 7, None, "x" * 5000])
async def test_a_routing_key_of_nobody_opens_nothing(busy: Door, key: object) -> None:
    payload = {"summary": "a", "source": "refund_desk", "severity": "info"}
    event = {"routing_key": key, "event_action": "trigger", "payload": payload}
    answer = await busy.http.post("/v2/enqueue", json=event)
    assert answer.status_code == 401
    assert "routing_key" in answer.json()["detail"]


async def test_a_routing_key_of_another_role_is_not_enough(busy: Door) -> None:
    event = {"routing_key": token("auditor"), "event_action": "resolve", "dedup_key": "x"}
    assert (await busy.http.post("/v2/enqueue", json=event)).status_code == 403
