"""OTLP log records as the recorder keeps them; GenAI events come in this form as well as within spans."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Any

from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.logs.v1.logs_pb2 import LogRecord, ResourceLogs, ScopeLogs

from andon.domain.trace_names import OUTPUT_IDS
from andon.recorder.otlp import LATEST_NANOS, NAME_LENGTH, moment, plain, value_of
from andon.register.log_records import LogRow, OutputRow
from andon.register.spans import SpanRow

_OUTPUT_IDS = tuple(name.encode() for name in OUTPUT_IDS)


def logs_of(request: ExportLogsServiceRequest, received_at: datetime) -> tuple[list[LogRow], int]:
    """Return the records that can be kept, and how many can't for want of a time or a whole id."""
    rows: list[LogRow] = []
    refused = 0
    for resource, scope, record in _each(request):
        nanos = record.time_unix_nano or record.observed_time_unix_nano
        ids_hold = len(record.trace_id) in (0, 16) and len(record.span_id) in (0, 8)
        if not (ids_hold and 0 < nanos < LATEST_NANOS):
            refused += 1
            continue
        rows.append(_row(resource, scope, record, moment(nanos), received_at))
    return rows, refused


def outputs_in(rows: Iterable[SpanRow | LogRow]) -> list[OutputRow]:
    """Return the outputs that spans or log records name, so that their traces are found by them."""
    return [found for row in rows for found in _outputs(row)]


def _each(request: ExportLogsServiceRequest) -> Iterator[tuple[ResourceLogs, ScopeLogs, LogRecord]]:
    for resource in request.resource_logs:
        for scope in resource.scope_logs:
            for record in scope.log_records:
                yield resource, scope, record


def _row(
    resource: ResourceLogs, scope: ScopeLogs, record: LogRecord, at: datetime, received_at: datetime
) -> LogRow:
    about, attributes = plain(resource.resource.attributes), plain(record.attributes)
    # Older senders name an event by an attribute, where OTLP now has a field for it.
    name = str(record.event_name or attributes.get("event.name", ""))[:NAME_LENGTH]
    content = {
        "severity": record.severity_text or int(record.severity_number),
        "body": value_of(record.body),
        "attributes": attributes,
        "otel.resource": about,
        "otel.scope": scope.scope.name[:NAME_LENGTH],
    }
    text = json.dumps(content, ensure_ascii=False, separators=(",", ":")).encode(errors="replace")
    trace, span = record.trace_id.hex(), record.span_id.hex()
    said = "\n".join((trace, span, name, at.isoformat())).encode() + b"\n" + text
    return LogRow(
        id=hashlib.sha256(said).hexdigest(),
        trace_id=trace or None,
        span_id=span or None,
        service=str(about.get("service.name", "unknown"))[:NAME_LENGTH],
        name=name,
        at=at,
        content=text,
        size=len(text) + len(name.encode()) + 300,
        received_at=received_at,
    )


def _outputs(row: SpanRow | LogRow) -> Iterator[OutputRow]:
    text = row.attributes if isinstance(row, SpanRow) else row.content
    if row.trace_id is None or not any(name in text for name in _OUTPUT_IDS):
        return
    held: dict[str, Any] = json.loads(text)
    attributes = held if isinstance(row, SpanRow) else held["attributes"]
    for name in OUTPUT_IDS:
        output = attributes.get(name)
        if isinstance(output, str) and 0 < len(output) <= NAME_LENGTH:
            yield OutputRow(output, row.trace_id, row.span_id or "", row.received_at)
