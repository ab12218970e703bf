"""OTLP/HTTP requests, protobuf or JSON, and how spans become the recorder's.

Formats: OTLP 1.x (opentelemetry-proto); in JSON, trace and span ids are hexadecimal and enums are
numbers, where protobuf's own JSON mapping would have base64 and names.
"""

from __future__ import annotations

import base64
import binascii
import json
import math
import zlib
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any, Final, TypeVar

from google.protobuf.json_format import ParseDict, ParseError
from google.protobuf.message import DecodeError, Message
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, KeyValue
from opentelemetry.proto.trace.v1.trace_pb2 import ResourceSpans, ScopeSpans, Span

from andon.domain.errors import InvalidInputError
from andon.register.spans import SpanRow

ATTRIBUTE_BYTES: Final = 64 * 1024
CUT: Final = "… [cut by the flight recorder]"
NAME_LENGTH: Final = 255
VALUE_DEPTH: Final = 8
EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
LATEST_NANOS: Final = 253_370_764_800 * 10**9
"""Year 9999; later times are no times."""

Request = TypeVar("Request", bound=Message)

_IDS: Final = ("traceId", "spanId", "parentSpanId", "trace_id", "span_id", "parent_span_id")


class TooLargeError(InvalidInputError):
    """A compressed body that unfolds beyond the limit."""


def unfolded(body: bytes, limit: int) -> bytes:
    """Return a gzip body decompressed, stopping at `limit` bytes.

    Raises:
        TooLargeError: it unfolds to more.
        InvalidInputError: it is not gzip, or ends too early.
    """
    inflater = zlib.decompressobj(wbits=16 + zlib.MAX_WBITS)
    try:
        content = inflater.decompress(body, limit + 1)
    except zlib.error as error:
        raise InvalidInputError("the body is not gzip, as Content-Encoding says") from error
    if len(content) > limit:
        raise TooLargeError(f"the body unfolds to more than {limit} bytes; send smaller batches")
    if not inflater.eof:
        raise InvalidInputError("the gzip body ends too early")
    return content


def from_protobuf(body: bytes, kind: type[Request]) -> Request:
    """Read a binary request.

    Raises:
        InvalidInputError: it is none.
    """
    try:
        return kind.FromString(body)
    except DecodeError as error:
        raise InvalidInputError(f"the body is no {kind.DESCRIPTOR.name} in protobuf") from error


def from_json(body: bytes, kind: type[Request]) -> Request:
    """Read a JSON request; unknown fields are ignored, as OTLP asks of receivers.

    Raises:
        InvalidInputError: it is none.
    """
    try:
        return ParseDict(_with_base64_ids(json.loads(body)), kind(), ignore_unknown_fields=True)
    except (ParseError, ValueError, TypeError, RecursionError) as error:
        raise InvalidInputError(f"the body is no {kind.DESCRIPTOR.name} in JSON") from error


def spans_of(request: ExportTraceServiceRequest, received_at: datetime) -> tuple[list[SpanRow], int]:
    """Return the spans that can be kept, and how many can't for want of ids or a time."""
    rows: list[SpanRow] = []
    refused = 0
    for resource, scope, span in _each(request):
        if len(span.trace_id) != 16 or len(span.span_id) != 8 or not _times_hold(span):
            refused += 1
            continue
        rows.append(_row(resource, scope, span, received_at))
    return rows, refused


def _each(request: ExportTraceServiceRequest) -> Iterator[tuple[ResourceSpans, ScopeSpans, Span]]:
    for resource in request.resource_spans:
        for scope in resource.scope_spans:
            for span in scope.spans:
                yield resource, scope, span


def _row(resource: ResourceSpans, scope: ScopeSpans, span: Span, received_at: datetime) -> SpanRow:
    about = plain(resource.resource.attributes)
    kept = plain(span.attributes)
    # Names of our own stand beside the span's; the reserved prefix `otel.` keeps them apart.
    kept["otel.resource"] = about
    kept["otel.scope"] = scope.scope.name[:NAME_LENGTH]
    kept["otel.kind"] = int(span.kind)
    kept["otel.status"] = {"code": int(span.status.code), "message": _cut(span.status.message)}
    kept["otel.events"] = [
        {"name": event.name, "at": moment(event.time_unix_nano).isoformat(), **_nested(event.attributes)}
        for event in span.events
        if event.time_unix_nano < LATEST_NANOS
    ]
    kept["otel.links"] = [
        {"trace_id": one.trace_id.hex(), "span_id": one.span_id.hex()} for one in span.links
    ]
    attributes = json.dumps(kept, ensure_ascii=False, separators=(",", ":")).encode()
    name = span.name[:NAME_LENGTH]
    return SpanRow(
        trace_id=span.trace_id.hex(),
        span_id=span.span_id.hex(),
        parent=span.parent_span_id.hex() or None,
        service=str(about.get("service.name", "unknown"))[:NAME_LENGTH],
        name=name,
        start=moment(span.start_time_unix_nano),
        end=moment(span.end_time_unix_nano),
        attributes=attributes,
        size=len(attributes) + len(name.encode()) + 200,
        received_at=received_at,
    )


def _nested(attributes: Iterable[KeyValue]) -> dict[str, Any]:
    return {"attributes": plain(attributes)}


def plain(attributes: Iterable[KeyValue]) -> dict[str, Any]:
    """Return attributes as JSON has them."""
    return {one.key[:NAME_LENGTH]: value_of(one.value) for one in attributes}


def value_of(value: AnyValue, depth: int = VALUE_DEPTH) -> Any:
    """Return a value as JSON has it, cut at the limits of depth and size."""
    kind = value.WhichOneof("value")
    if kind in ("array_value", "kvlist_value"):
        return _cut_whole(_members(value, depth - 1)) if depth else CUT
    return _scalar(value, kind)


def _members(value: AnyValue, depth: int) -> Any:
    if value.HasField("array_value"):
        return [value_of(one, depth) for one in value.array_value.values]
    return {one.key: value_of(one.value, depth) for one in value.kvlist_value.values}


def _scalar(value: AnyValue, kind: str | None) -> Any:
    if kind == "string_value":
        return _cut(value.string_value)
    if kind == "bytes_value":
        return _cut(base64.b64encode(value.bytes_value).decode())
    if kind == "double_value" and not math.isfinite(value.double_value):
        return str(value.double_value)  # JSON has no NaN and no infinity
    return getattr(value, kind) if kind in ("bool_value", "int_value", "double_value") else None


def _cut(text: str) -> str:
    content = text.encode()
    if len(content) <= ATTRIBUTE_BYTES:
        return text
    return content[:ATTRIBUTE_BYTES].decode(errors="ignore") + CUT


def _cut_whole(value: Any) -> Any:
    text = json.dumps(value, ensure_ascii=False)
    return value if len(text.encode()) <= ATTRIBUTE_BYTES else _cut(text)


def _times_hold(span: Span) -> bool:
    return 0 < span.start_time_unix_nano < LATEST_NANOS and span.end_time_unix_nano < LATEST_NANOS


def moment(nanos: int) -> datetime:
    """Return a time in nanoseconds since 1970, in whole microseconds."""
    return EPOCH + timedelta(microseconds=nanos // 1000)


def _with_base64_ids(value: Any) -> Any:
    if isinstance(value, dict):
        return {
            key: _base64_of_hex(item) if key in _IDS and isinstance(item, str) else _with_base64_ids(item)
            for key, item in value.items()
        }
    return [_with_base64_ids(item) for item in value] if isinstance(value, list) else value


def _base64_of_hex(text: str) -> str:
    try:
        return base64.b64encode(binascii.unhexlify(text)).decode()
    except binascii.Error as error:
        raise ValueError("an id is not hexadecimal") from error
