"""CloudEvents as the `cloudevents` package writes them: structured, binary and in batches."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest
from cloudevents.core.bindings.http import HTTPMessage, to_binary_event, to_structured_event
from cloudevents.core.v1.event import CloudEvent

from andon.domain.directory import Role
from tests.api.server import bearer
from tests.door.conftest import Door

LEAK = {"ai_system": "refund_desk", "title": "It shows accounts of others", "harm": "data_exposure"}


def event(name: str, data: Any = None, **attributes: Any) -> CloudEvent:
    given = {"id": name, "source": "/desk/monitor", "type": "com.example.leak", **attributes}
    return CloudEvent(attributes=given, data=LEAK if data is None else data)


async def sent(door: Door, message: HTTPMessage, role: Role = Role.DETECTOR) -> httpx.Response:
    headers = {**message.headers, **bearer(role)}
    return await door.http.post("/v1/cloudevents", content=message.body, headers=headers)


@pytest.mark.parametrize("binding", [to_binary_event, to_structured_event])
async def test_an_event_opens_an_incident_and_sent_again_it_is_the_same(busy: Door, binding: Any) -> None:
    name = f"ev-{binding.__name__}"
    first = await sent(busy, binding(event(name, time=datetime(2026, 5, 4, 12, tzinfo=UTC))))
    assert first.status_code == 202, first.text
    told = first.json()
    assert told["outcome"] == "opened"
    assert told["notes"] == []
    again = (await sent(busy, binding(event(name, time=datetime(2026, 5, 4, 12, tzinfo=UTC))))).json()
    assert (again["receipt"], again["incident"]) == (told["receipt"], told["incident"])
    assert busy.detections.count_joined(told["incident"]) == 0

    kept = busy.detections.get(told["receipt"])
    assert kept is not None
    assert kept.facts["data_exposed"] == "external"
    assert kept.type == "privacy_event"
    assert kept.detected_at == datetime(2026, 5, 4, 12, tzinfo=UTC)


async def test_other_content_under_the_same_id_joins_what_the_first_opened(busy: Door) -> None:
    first = (await sent(busy, to_binary_event(event("ev-changed")))).json()
    changed = event("ev-changed", {**LEAK, "title": "It shows them to more people"})
    joined = (await sent(busy, to_structured_event(changed))).json()
    assert (joined["outcome"], joined["incident"]) == ("joined", first["incident"])
    assert joined["receipt"] != first["receipt"]


async def test_what_is_unknown_in_an_event_is_kept_sealed_and_never_fatal(busy: Door) -> None:
    odd = {**LEAK, "severity": "apocalyptic", "nested": {"card": "4111 1111 1111 1111", "deep": [[1]]}}
    told = (await sent(busy, to_structured_event(event("ev-odd", odd, extension="x")))).json()
    assert told["notes"] == ["severity: 'apocalyptic' is not mapped; none is asserted"]
    kept = busy.detections.get(told["receipt"])
    assert kept is not None
    assert kept.original is not None
    assert "4111" not in kept.model_dump_json()
    original = json.loads(await busy.texts.open(kept.original))
    assert original["data"] == odd
    assert original["extension"] == "x"


async def test_data_that_is_not_json_is_kept_as_text(busy: Door) -> None:
    text = event("ev-text", "the desk shouts", datacontenttype="text/plain", subject="refund_desk")
    told = (await sent(busy, to_binary_event(text))).json()
    kept = busy.detections.get(told["receipt"])
    assert kept is not None
    assert kept.original is not None
    assert kept.system == "refund_desk"
    assert json.loads(await busy.texts.open(kept.original))["data"] == "the desk shouts"


async def test_a_batch_is_taken_event_by_event(busy: Door) -> None:
    events = [json.loads(to_structured_event(event(f"ev-batch-{n}")).body) for n in range(3)]
    message = HTTPMessage(
        {"content-type": "application/cloudevents-batch+json"}, json.dumps([*events, events[0]]).encode()
    )
    answer = await sent(busy, message)
    assert answer.status_code == 202, answer.text
    handled = answer.json()["events"]
    assert [one["outcome"] for one in handled] == ["opened"] * 4
    assert handled[0]["receipt"] == handled[3]["receipt"]
    assert len({one["incident"] for one in handled}) == 3


@pytest.mark.parametrize("name", ["id", "source", "type"])
@pytest.mark.parametrize("binding", [to_binary_event, to_structured_event])
async def test_an_event_without_what_tells_it_apart_is_refused(busy: Door, binding: Any, name: str) -> None:
    whole = binding(event("ev-part"))
    body = whole.body
    if "ce-id" in whole.headers:
        headers = {key: value for key, value in whole.headers.items() if key != f"ce-{name}"}
    else:
        headers = whole.headers
        body = json.dumps({k: v for k, v in json.loads(body).items() if k != name}).encode()
    answer = await sent(busy, HTTPMessage(headers, body))
    assert answer.status_code == 400
    assert f"{name}: is missing" in answer.json()["detail"]


@pytest.mark.parametrize(
    ("headers", "body", "status"),
    [
        ({"content-type": "application/json"}, b"{}", 415),
        ({"content-type": "application/cloudevents+json"}, b"no JSON", 400),
        ({"content-type": "application/cloudevents+json"}, b'{"specversion": "0.3"}', 400),
        ({"content-type": "application/cloudevents-batch+json"}, b"{}", 400),
        ({"content-type": "application/cloudevents-batch+json"}, b"[1]", 400),
        ({"content-type": "application/cloudevents+json"}, b'{"a":' * 40 + b"1" + b"}" * 40, 400),
    ],
)
async def test_what_is_no_event_is_refused_with_its_reason(
    busy: Door, headers: dict[str, str], body: bytes, status: int
) -> None:
    answer = await sent(busy, HTTPMessage(headers, body))
    assert answer.status_code == status
    assert answer.json()["detail"]


async def test_a_source_that_is_not_there_is_named_with_those_that_are(busy: Door) -> None:
    message = to_structured_event(event("ev-source"))
    answer = await busy.http.post(
        "/v1/cloudevents?source=nobody",
        content=message.body,
        headers={**message.headers, **bearer("detector")},
    )
    assert answer.status_code == 404
    assert "there are: cloudevents" in answer.json()["detail"]
