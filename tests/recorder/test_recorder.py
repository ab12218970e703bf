"""The flight recorder takes OTLP as exporters send it, keeps it once, and stays within its bounds."""

from __future__ import annotations

import asyncio
import gzip
import json
import sqlite3
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
from opentelemetry.exporter.otlp.proto.http import Compression
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
    ExportTraceServiceRequest,
    ExportTraceServiceResponse,
)
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor

from andon.config import Settings
from andon.domain.directory import Role
from andon.recorder.otlp import ATTRIBUTE_BYTES, CUT
from andon.register.spans import SpanRow, Spans
from tests.api.server import bearer, token

TRACE = "0af7651916cd43dd8448eb211c80319c"
SPAN = "b7ad6b7169203331"
PROTOBUF = {"Content-Type": "application/x-protobuf"}
JSON = {"Content-Type": "application/json"}
BEGAN = 1_790_000_000_000_000_000


def request(trace: str = TRACE, span: str = SPAN, **attributes: str) -> ExportTraceServiceRequest:
    made = ExportTraceServiceRequest()
    resource = made.resource_spans.add()
    resource.resource.attributes.add(key="service.name").value.string_value = "refund_desk"
    one = resource.scope_spans.add().spans.add(
        trace_id=bytes.fromhex(trace),
        span_id=bytes.fromhex(span),
        name="chat",
        start_time_unix_nano=BEGAN,
        end_time_unix_nano=BEGAN + 5_000_000,
    )
    for key, value in attributes.items():
        one.attributes.add(key=key).value.string_value = value
    return made


def attributes_of(span: SpanRow) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(span.attributes)
    return found


@pytest.mark.parametrize("compression", [Compression.NoCompression, Compression.Gzip])
async def test_the_real_exporter_is_understood(
    recorder: httpx.AsyncClient, spans: Spans, compression: Compression
) -> None:
    exporter = OTLPSpanExporter(
        endpoint=f"{recorder.base_url}/v1/traces",
        headers={"authorization": f"Bearer {token(Role.DETECTOR)}"},
        compression=compression,
        timeout=5,
    )
    provider = TracerProvider(resource=Resource.create({"service.name": "refund_desk"}))
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    tracer = provider.get_tracer("desk")

    def work() -> str:
        with tracer.start_as_current_span("invoke_agent") as outer:
            outer.set_attribute("gen_ai.input.messages", '[{"role":"user"}]')
            with tracer.start_as_current_span("chat") as inner:
                inner.set_attributes({"gen_ai.usage.input_tokens": 12, "numbers": [1, 2]})
                inner.add_event("gen_ai.choice", {"finish_reason": "stop"})
        provider.shutdown()
        return format(outer.get_span_context().trace_id, "032x")

    trace = await asyncio.to_thread(work)
    agent, chat = spans.by_trace([trace])
    assert (agent.name, agent.service, agent.parent) == ("invoke_agent", "refund_desk", None)
    assert (chat.name, chat.parent) == ("chat", agent.span_id)
    kept = attributes_of(chat)
    assert kept["gen_ai.usage.input_tokens"] == 12
    assert kept["numbers"] == [1, 2]
    assert kept["otel.resource"]["service.name"] == "refund_desk"
    assert kept["otel.events"][0]["name"] == "gen_ai.choice"
    assert kept["otel.events"][0]["attributes"] == {"finish_reason": "stop"}


async def test_a_span_that_is_sent_twice_is_kept_once(recorder: httpx.AsyncClient, spans: Spans) -> None:
    body = request(text="first").SerializeToString()
    for _ in range(2):
        answer = await recorder.post("/v1/traces", content=body, headers=PROTOBUF)
        assert answer.status_code == 200
        assert answer.headers["content-type"] == "application/x-protobuf"
        assert not ExportTraceServiceResponse.FromString(answer.content).partial_success.rejected_spans
    changed = request(text="second").SerializeToString()
    await recorder.post("/v1/traces", content=changed, headers=PROTOBUF)
    (kept,) = spans.by_trace([TRACE])
    assert attributes_of(kept)["text"] == "first"
    assert (await recorder.get("/v1/stats")).json()["spans"] == 1


async def test_json_with_hexadecimal_ids_is_understood(recorder: httpx.AsyncClient, spans: Spans) -> None:
    sent = {
        "resourceSpans": [
            {
                "resource": {
                    "attributes": [{"key": "service.name", "value": {"stringValue": "refund_desk"}}]
                },
                "scopeSpans": [
                    {
                        "spans": [
                            {
                                "traceId": TRACE,
                                "spanId": SPAN,
                                "parentSpanId": "",
                                "name": "chat",
                                "kind": 3,
                                "startTimeUnixNano": str(BEGAN),
                                "endTimeUnixNano": str(BEGAN + 1),
                                "attributes": [{"key": "n", "value": {"intValue": "7"}}],
                                "fieldOfTomorrow": 1,
                            }
                        ]
                    }
                ],
            }
        ]
    }
    answer = await recorder.post("/v1/traces", json=sent)
    assert (answer.status_code, answer.json()) == (200, {})
    (kept,) = spans.by_trace([TRACE])
    assert (kept.service, kept.span_id, attributes_of(kept)["n"]) == ("refund_desk", SPAN, 7)


async def test_spans_without_ids_or_times_are_counted_as_rejected(
    recorder: httpx.AsyncClient, spans: Spans
) -> None:
    body = request()
    body.resource_spans[0].scope_spans[0].spans.add(trace_id=b"short", name="nameless")
    answer = await recorder.post("/v1/traces", content=body.SerializeToString(), headers=PROTOBUF)
    told = ExportTraceServiceResponse.FromString(answer.content).partial_success
    assert told.rejected_spans == 1
    assert "trace id" in told.error_message
    assert len(spans.by_trace([TRACE])) == 1


async def test_an_attribute_is_kept_whole_up_to_the_limit_and_marked_when_cut(
    recorder: httpx.AsyncClient, spans: Spans
) -> None:
    whole, long = "ä" * (ATTRIBUTE_BYTES // 2), "ä" * ATTRIBUTE_BYTES
    body = request(whole=whole, long=long).SerializeToString()
    assert (await recorder.post("/v1/traces", content=body, headers=PROTOBUF)).status_code == 200
    kept = attributes_of(spans.by_trace([TRACE])[0])
    assert kept["whole"] == whole
    assert kept["long"] == whole + CUT


@pytest.mark.parametrize(
    ("headers", "body", "status", "says"),
    [
        (PROTOBUF, b"\xff\xff\xff", 400, "ExportTraceServiceRequest"),
        (JSON, b"{", 400, "ExportTraceServiceRequest"),
        (JSON, b'{"resourceSpans": 3}', 400, "ExportTraceServiceRequest"),
        (JSON, b'{"resourceSpans":[{"scopeSpans":[{"spans":[{"traceId":"zz"}]}]}]}', 400, "Export"),
        (JSON, b'{"a":' * 100 + b"1" + b"}" * 100, 400, "deeper"),
        ({"Content-Type": "text/plain"}, b"x", 415, "application/x-protobuf"),
        (PROTOBUF | {"Content-Encoding": "br"}, b"x", 415, "gzip"),
        (PROTOBUF | {"Content-Encoding": "gzip"}, b"no gzip", 400, "gzip"),
        (PROTOBUF | {"Content-Encoding": "gzip"}, gzip.compress(b"x" * 99, mtime=0)[:-9], 400, "too early"),
        (PROTOBUF | {"Content-Encoding": "gzip"}, gzip.compress(b"\0" * 50_000_000, mtime=0), 413, "unfolds"),
        (PROTOBUF, b"\0" * 2_000_000, 413, "batch size"),
    ],
)
async def test_what_cannot_be_used_is_refused_with_what_to_do(
    recorder: httpx.AsyncClient, headers: dict[str, str], body: bytes, status: int, says: str
) -> None:
    answer = await recorder.post("/v1/traces", content=body, headers=headers)
    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"
    assert says in answer.json()["detail"]


async def test_every_role_may_send_and_nobody_else(recorder: httpx.AsyncClient) -> None:
    body = request().SerializeToString()
    for role in Role:
        answer = await recorder.post("/v1/traces", content=body, headers=PROTOBUF | bearer(role))
        assert answer.status_code == 200
    for path in ("/v1/traces", "/v1/stats"):
        method = "POST" if path == "/v1/traces" else "GET"
        wrong = {"Authorization": "Bearer x"}
        assert (await recorder.request(method, path, headers=wrong)).status_code == 401


def test_old_and_surplus_spans_are_dropped_oldest_first(spans: Spans) -> None:
    now = datetime.now(UTC)

    def span(number: int, age: timedelta) -> SpanRow:
        return SpanRow(
            trace_id=f"{number:032x}",
            span_id=f"{number:016x}",
            parent=None,
            service="s",
            name="n",
            start=now,
            end=now,
            attributes=b"{}",
            size=100,
            received_at=now - age,
        )

    spans.add([span(number, timedelta(minutes=10 * number)) for number in range(1, 10)])
    assert spans.trim(timedelta(hours=1), 300, now=now) == 6
    kept = [f"{number:032x}" for number in range(1, 4)]
    assert sorted(one.trace_id for one in spans.by_trace([f"{n:032x}" for n in range(10)])) == kept


@pytest.mark.long
async def test_a_busy_recorder_asks_for_the_spans_again_and_keeps_them_then(
    recorder: httpx.AsyncClient, spans: Spans, settings: Settings
) -> None:
    body = request().SerializeToString()
    with sqlite3.connect(settings.data_dir / "recorder.db", isolation_level=None) as other:
        other.execute("BEGIN IMMEDIATE")
        answer = await recorder.post("/v1/traces", content=body, headers=PROTOBUF)
        other.execute("ROLLBACK")
    other.close()
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "2")
    assert (await recorder.post("/v1/traces", content=body, headers=PROTOBUF)).status_code == 200
    assert len(spans.by_trace([TRACE])) == 1
