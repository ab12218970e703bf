"""Evaluation results in traces: those that are wanted reach the door, each once, and none is lost."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor

from andon.config import RecorderSettings, Settings
from andon.domain.detection import UNKNOWN_SYSTEM
from andon.domain.directory import Role
from andon.recorder.app import create_app
from andon.register.detections import Detection
from andon.register.engine import open_databases
from andon.register.results import Results
from tests.api.server import bearer, free_socket, running, token
from tests.door.conftest import Door, make_settings, nowhere, opened

__all__ = ["nowhere"]
EVENT = "gen_ai.evaluation.result"
LEAKED = {
    "gen_ai.evaluation.name": "disclosure",
    "gen_ai.evaluation.score.label": "leaked",
    "gen_ai.evaluation.score.value": 0.02,
    "gen_ai.evaluation.explanation": "It names the account of another customer",
}
PASSED = {**LEAKED, "gen_ai.evaluation.score.label": "pass", "gen_ai.evaluation.score.value": 0.98}


def with_token(settings: Settings, **changes: object) -> Settings:
    bounds = RecorderSettings.model_validate({"door_token": token(Role.DETECTOR), **changes})
    return settings.model_copy(update={"recorder": bounds})


@pytest.fixture
async def door(tmp_path: Path, nowhere: str) -> AsyncIterator[Door]:
    """A door whose Temporal is away: what it takes stands in the register all the same."""
    listening = free_socket()
    settings = with_token(make_settings(tmp_path, nowhere, listening.getsockname()[1]))
    async with opened(settings, listening) as one:
        yield one


def send(url: str, *events: dict[str, Any], service: str = "refund_desk") -> str:
    """Send one span with evaluation results through the real exporter; return its trace id."""
    exporter = OTLPSpanExporter(
        endpoint=f"{url}/v1/traces", headers={"authorization": f"Bearer {token(Role.DETECTOR)}"}, timeout=10
    )
    provider = TracerProvider(resource=Resource.create({"service.name": service, "build": "17"}))
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    with provider.get_tracer("judge").start_as_current_span("chat") as span:
        span.set_attribute("gen_ai.request.model", "desk-1")
        span.set_attribute("gen_ai.input.messages", "x" * 2000)
        for attributes in events:
            span.add_event(EVENT, attributes)
    provider.shutdown()
    return format(span.get_span_context().trace_id, "032x")


def detections(door: Door) -> list[Detection]:
    return [one for row in door.incidents.list() for one in door.detections.of(row.incident)]


async def until(condition: Callable[[], Awaitable[bool]], seconds: float = 30) -> None:
    async with asyncio.timeout(seconds):
        while not await condition():
            await asyncio.sleep(0.1)


async def settled(url: str) -> None:
    async with httpx.AsyncClient(base_url=url, headers=bearer(Role.DETECTOR), trust_env=False) as client:

        async def none_waits() -> bool:
            return bool((await client.get("/v1/stats")).json()["evaluation_results_waiting"] == 0)

        await until(none_waits)


async def test_a_result_that_is_wanted_becomes_a_detection_with_its_trace(door: Door) -> None:
    async with running(create_app(door.settings)) as url:
        trace = await asyncio.to_thread(send, url, LEAKED, PASSED)
        await settled(url)
    (found,) = detections(door)
    assert (found.system, found.source) == ("refund_desk", "source:detector-1")
    assert (found.channel, found.type) == ("anomaly_detection", "privacy_event")
    assert found.trace_ids == (trace,)
    assert found.facts["data_exposed"] == "external"
    assert found.original is not None
    original = json.loads(await door.texts.open(found.original))
    assert original["attributes"] == LEAKED
    assert original["span"]["attributes"] == {"gen_ai.request.model": "desk-1"}
    assert original["resource"]["build"] == "17"


async def test_a_result_that_comes_as_a_log_record_becomes_one_too_and_once(door: Door) -> None:
    trace = "0af7651916cd43dd8448eb211c80319c"
    body = ExportLogsServiceRequest()
    resource = body.resource_logs.add()
    resource.resource.attributes.add(key="service.name").value.string_value = "refund_desk"
    for told in (LEAKED, PASSED):
        record = resource.scope_logs.add().log_records.add(
            trace_id=bytes.fromhex(trace), time_unix_nano=1_790_000_000_000_000_000, event_name=EVENT
        )
        for key, value in told.items():
            held = record.attributes.add(key=key).value
            setattr(held, "string_value" if isinstance(value, str) else "double_value", value)
    headers = {**bearer(Role.DETECTOR), "Content-Type": "application/x-protobuf"}
    async with (
        running(create_app(door.settings)) as url,
        httpx.AsyncClient(base_url=url, headers=headers, trust_env=False) as client,
    ):
        for _ in range(2):
            answer = await client.post("/v1/logs", content=body.SerializeToString())
            assert answer.status_code == 200
        await settled(url)
    (found,) = detections(door)
    assert (found.system, found.type, found.trace_ids) == ("refund_desk", "privacy_event", (trace,))


async def test_the_same_span_again_is_told_once(door: Door) -> None:
    async with running(create_app(door.settings)) as url:
        await asyncio.to_thread(send, url, LEAKED)
        await settled(url)
        results = Results(open_databases(door.settings.databases).recorder)
        assert results.count_untold() == 0
    async with running(create_app(door.settings)) as url:
        await settled(url)
    assert len(detections(door)) == 1


async def test_what_the_door_could_not_take_waits_and_is_told_by_the_next_recorder(door: Door) -> None:
    away = door.settings.model_copy(
        update={"door": door.settings.door.model_copy(update={"url": "http://127.0.0.1:9"})}
    )
    async with running(create_app(away)) as url:
        await asyncio.to_thread(send, url, LEAKED)
        results = Results(open_databases(door.settings.databases).recorder)
        assert results.count_untold() == 1
    assert detections(door) == []
    async with running(create_app(door.settings)) as url:
        await settled(url)
    assert len(detections(door)) == 1


async def test_one_that_was_told_but_not_noted_is_the_same_detection(door: Door) -> None:
    async with running(create_app(door.settings)) as url:
        await asyncio.to_thread(send, url, LEAKED)
        await settled(url)
    (first,) = detections(door)
    original = json.loads(await door.texts.open(first.original)) if first.original else {}
    answer = await door.http.post("/v1/evaluation-results", json=original, headers=bearer(Role.DETECTOR))
    assert answer.status_code == 202
    assert answer.json()["receipt"] == first.id
    assert len(detections(door)) == 1


async def test_without_a_token_results_stay_in_the_traces(door: Door) -> None:
    async with running(create_app(with_token(door.settings, door_token=""))) as url:
        await asyncio.to_thread(send, url, LEAKED)
        await settled(url)
    assert Results(open_databases(door.settings.databases).recorder).count_untold() == 0
    assert detections(door) == []


async def test_a_source_file_says_which_scores_are_wanted_and_of_what_system(door: Door) -> None:
    assert door.settings.policy.playbooks is not None
    folder = door.settings.policy.playbooks / "sources"
    folder.mkdir()
    score = "attributes.gen_ai.evaluation.score.value"
    low = {
        "id": "a_low_scores",
        "kind": "otel_evaluation",
        "system": {"paths": ["resource.build"], "names": {"17": "refund_desk"}},
        "title": ["attributes.gen_ai.evaluation.name"],
        "wanted": [{score: {"at_most": 0.1}}],
        "facts": [{"when": {score: {"at_most": 0.1}}, "then": {"unauthorized_action": "yes"}}],
    }
    (folder / "a_low_scores.yaml").write_text(yaml.safe_dump(low))
    door.app.state.policy.load()
    async with running(create_app(door.settings)) as url:
        await asyncio.to_thread(
            send, url, {**LEAKED, "gen_ai.evaluation.score.label": "odd"}, service="other"
        )
        await settled(url)
    (found,) = detections(door)
    assert found.system == "refund_desk"
    assert found.facts["unauthorized_action"] == "yes"


async def test_a_service_that_is_no_registered_system_is_taken_all_the_same(door: Door) -> None:
    async with running(create_app(door.settings)) as url:
        await asyncio.to_thread(send, url, LEAKED, service="Some Service!")
        await settled(url)
    (found,) = detections(door)
    assert found.system == UNKNOWN_SYSTEM
