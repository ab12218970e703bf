"""Log records and GenAI events over OTLP: kept once, beside their spans, as real exporters send them."""

from __future__ import annotations

import asyncio
import gzip
import json
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
from opentelemetry._logs import LogRecord, SeverityNumber
from opentelemetry.exporter.otlp.proto.http._log_exporter import OTLPLogExporter
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import (
    ExportLogsServiceRequest,
    ExportLogsServiceResponse,
)
from opentelemetry.sdk._logs import LoggerProvider
from opentelemetry.sdk._logs.export import SimpleLogRecordProcessor
from opentelemetry.sdk.resources import Resource

from andon.config import Settings
from andon.domain.directory import Role
from andon.domain.trace_links import Link
from andon.domain.trace_names import DETAILS_EVENT
from andon.domain.trace_steps import What
from andon.domain.trace_tree import trace_tree
from andon.register.engine import open_databases
from andon.register.log_records import LogRow, OutputRow
from andon.register.traces import Traces
from tests.api.server import token
from tests.recorder.test_recorder import BEGAN, JSON, PROTOBUF, SPAN, TRACE, request

DETAILS = {
    "gen_ai.input.messages": "hello",
    "gen_ai.response.model": "desk-1",
    "gen_ai.response.id": "resp-7",
}


@pytest.fixture
def kept(settings: Settings, recorder: httpx.AsyncClient) -> Traces:
    return Traces(open_databases(settings.databases).recorder)


def logged(name: str, *, span: str = SPAN, body: str = "", **attributes: str) -> ExportLogsServiceRequest:
    made = ExportLogsServiceRequest()
    resource = made.resource_logs.add()
    resource.resource.attributes.add(key="service.name").value.string_value = "refund_desk"
    record = resource.scope_logs.add().log_records.add(
        trace_id=bytes.fromhex(TRACE), span_id=bytes.fromhex(span), time_unix_nano=BEGAN, event_name=name
    )
    if body:
        record.body.string_value = body
    for key, value in attributes.items():
        record.attributes.add(key=key).value.string_value = value
    return made


async def sent(recorder: httpx.AsyncClient, body: ExportLogsServiceRequest) -> httpx.Response:
    return await recorder.post("/v1/logs", content=body.SerializeToString(), headers=PROTOBUF)


async def test_the_real_exporter_s_records_are_kept_with_body_and_severity(
    recorder: httpx.AsyncClient, kept: Traces
) -> None:
    exporter = OTLPLogExporter(
        endpoint=f"{recorder.base_url}/v1/logs",
        headers={"authorization": f"Bearer {token(Role.DETECTOR)}"},
        timeout=5,
    )
    provider = LoggerProvider(resource=Resource.create({"service.name": "refund_desk"}))
    provider.add_log_record_processor(SimpleLogRecordProcessor(exporter))

    def work() -> None:
        record = LogRecord(
            timestamp=BEGAN,
            severity_text="WARN",
            severity_number=SeverityNumber.WARN,
            body={"refund": [1, 2]},
            event_name="gen_ai.choice",
            attributes={"finish_reason": "stop"},
        )
        provider.get_logger("desk").emit(record)
        provider.shutdown()

    await asyncio.to_thread(work)
    at = datetime.fromtimestamp(BEGAN / 1e9, UTC)
    (row,) = kept.logs.without_trace("refund_desk", at - timedelta(1), at + timedelta(1), 10)
    told = json.loads(row.content)
    assert (row.name, row.at, told["severity"]) == ("gen_ai.choice", at, "WARN")
    assert told["body"] == {"refund": [1, 2]}
    assert told["attributes"] == {"finish_reason": "stop"}


async def test_a_record_is_kept_once_and_stands_with_its_span(
    recorder: httpx.AsyncClient, kept: Traces
) -> None:
    await recorder.post("/v1/traces", content=request().SerializeToString(), headers=PROTOBUF)
    for _ in range(2):
        answer = await sent(recorder, logged("gen_ai.user.message", body="refund me"))
        assert answer.status_code == 200
    (span,) = kept.of([TRACE])
    (record,) = span.attributes["otel.logs"]
    assert (record["name"], record["body"]) == ("gen_ai.user.message", "refund me")
    assert (await recorder.get("/v1/stats")).json()["log_records"] == 1


async def test_records_of_a_span_that_was_not_seen_stand_for_it(
    recorder: httpx.AsyncClient, kept: Traces
) -> None:
    await sent(recorder, logged(DETAILS_EVENT, **DETAILS))
    (span,) = kept.of_output("resp-7")
    tree = trace_tree(TRACE, [span], asked="resp-7")
    assert [(step.what, step.asked) for step in tree.steps] == [(What.MODEL, True)]
    seen = {one.link for one in tree.links if one.steps}
    assert {Link.PROMPT, Link.MODEL, Link.OUTPUT} <= seen


async def test_json_with_hexadecimal_ids_and_gzip_is_understood(
    recorder: httpx.AsyncClient, kept: Traces
) -> None:
    record = {
        "traceId": TRACE.upper(),
        "spanId": SPAN,
        "observedTimeUnixNano": str(BEGAN),
        "severityNumber": 9,
        "body": {"stringValue": "said"},
        "attributes": [{"key": "event.name", "value": {"stringValue": "gen_ai.choice"}}],
        "fieldOfTomorrow": 1,
    }
    body = json.dumps({"resourceLogs": [{"scopeLogs": [{"logRecords": [record]}]}]}).encode()
    headers = JSON | {"Content-Encoding": "gzip"}
    answer = await recorder.post("/v1/logs", content=gzip.compress(body, mtime=0), headers=headers)
    assert (answer.status_code, answer.json()) == (200, {})
    (row,) = kept.logs.by_trace([TRACE])
    assert (row.name, row.span_id, row.service) == ("gen_ai.choice", SPAN, "unknown")


async def test_records_without_a_time_or_with_half_an_id_are_counted_as_rejected(
    recorder: httpx.AsyncClient, kept: Traces
) -> None:
    body = logged("one")
    body.resource_logs[0].scope_logs[0].log_records.add(event_name="timeless")
    body.resource_logs[0].scope_logs[0].log_records.add(trace_id=b"short", time_unix_nano=BEGAN)
    answer = await sent(recorder, body)
    told = ExportLogsServiceResponse.FromString(answer.content).partial_success
    assert told.rejected_log_records == 2
    assert "time" in told.error_message
    assert len(kept.logs.by_trace([TRACE])) == 1


@pytest.mark.parametrize(
    ("headers", "body", "status"),
    [
        (PROTOBUF, b"\xff\xff\xff", 400),
        (JSON, b'{"resourceLogs": 3}', 400),
        (JSON, b'{"a":' * 100 + b"1" + b"}" * 100, 400),
        ({"Content-Type": "text/plain"}, b"x", 415),
        (PROTOBUF | {"Content-Encoding": "gzip"}, gzip.compress(b"\0" * 50_000_000, mtime=0), 413),
        (PROTOBUF, b"\0" * 2_000_000, 413),
    ],
)
async def test_what_cannot_be_used_is_refused(
    recorder: httpx.AsyncClient, headers: dict[str, str], body: bytes, status: int
) -> None:
    assert (await recorder.post("/v1/logs", content=body, headers=headers)).status_code == status


async def test_records_get_a_quarter_of_the_room_and_outputs_go_with_their_spans(
    recorder: httpx.AsyncClient, kept: Traces
) -> None:
    await recorder.post("/v1/traces", content=request().SerializeToString(), headers=PROTOBUF)
    now = datetime.now(UTC)
    kept.logs.add([row(number, now - timedelta(minutes=number)) for number in range(1, 10)])
    kept.logs.add_outputs([OutputRow("old", "0" * 32, "", now - timedelta(days=1))])
    kept.logs.add_outputs([OutputRow("new", TRACE, SPAN, now + timedelta(seconds=9))])
    assert kept.trim(timedelta(hours=1), 4 * 300, now=now) == 6
    assert [one.id for one in kept.logs.by_trace(["1" * 32])] == ["3", "2", "1"]
    assert kept.logs.traces_of_output("old") == []
    assert kept.logs.traces_of_output("new") == [TRACE]
    assert kept.trim(timedelta(minutes=2, seconds=30), 10**6, now=now) == 1


def row(number: int, at: datetime) -> LogRow:
    content: dict[str, Any] = {"severity": 9, "body": None, "attributes": {}}
    return LogRow(
        id=str(number),
        trace_id="1" * 32,
        span_id=None,
        service="s",
        name="n",
        at=at,
        content=json.dumps(content).encode(),
        size=100,
        received_at=at,
    )
