"""Spans of one trace, and what each of them holds of evidence."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, NamedTuple

from andon.domain.errors import InvalidInputError
from andon.domain.evidence import EvidenceItem
from andon.domain.trace_names import (
    ACTION,
    DETAILS_EVENT,
    EVENTS,
    FAILED_TOOL,
    SORTS,
    TRACE_KIND,
    kind_of,
    may_be_shown,
)

FAILED: Final = 2
"""Status code of a span that failed, in OTLP."""

OUTGOING: Final = frozenset({3, 4})
"""Kinds of span that call or send to somebody else, in OTLP: client and producer."""

WRITING: Final = frozenset(
    {"INSERT", "UPDATE", "DELETE", "MERGE", "REPLACE", "UPSERT"}
    | {"POST", "PUT", "PATCH", "SEND", "PUBLISH", "CREATE"}
)
_VERBS: Final = (
    "db.operation.name",
    "db.operation",
    "http.request.method",
    "http.method",
    "messaging.operation.type",
    "messaging.operation",
)
_PLACES: Final = (
    "db.collection.name",
    "db.sql.table",
    "messaging.destination.name",
    "server.address",
    "net.peer.name",
)
_TRACE_ID: Final = re.compile(r"(?:tr-)?([0-9a-f]{32})")
"""As OpenTelemetry has it, and with the prefix that MLflow puts before it."""

SPANS_AT_MOST: Final = 5000


@dataclass(frozen=True, slots=True)
class Span:
    """One span as its application sent it; names of ours in `attributes` begin with `otel.`."""

    trace_id: str
    span_id: str
    parent: str | None
    service: str
    name: str
    start: datetime
    end: datetime
    attributes: Mapping[str, Any]
    received_at: datetime | None = None
    """Our own time for it, by which a clock that runs ahead is seen."""


class Part(NamedTuple):
    """One piece of evidence in a span."""

    kind: str
    name: str
    value: Any
    shown: bool
    """Whether it is a name, a version or a verdict, and nobody's words."""


def parts(attributes: Mapping[str, Any]) -> Iterator[Part]:
    """Yield what one span holds of evidence: its attributes, its events and log records, its errors."""
    yield from named(attributes, sort_of(attributes))
    for event in events_of(attributes):
        name, told = str(event.get("name", "")), _told(event)
        if name in EVENTS:
            yield Part(EVENTS[name], name, told, shown=False)
        elif name == DETAILS_EVENT:
            yield from named(told, "")
    status = attributes.get("otel.status")
    if isinstance(status, Mapping) and status.get("code") == FAILED and is_tool(attributes):
        yield Part(FAILED_TOOL, "otel.status", status, shown=False)
    if written := writes(attributes):
        yield Part(ACTION, "otel.write", written, shown=True)


def named(attributes: Mapping[str, Any], sort: str) -> Iterator[Part]:
    """Yield the attributes whose names say what they are."""
    for name, value in attributes.items():
        kind = kind_of(name, sort)
        if kind is not None:
            yield Part(kind, name, value, may_be_shown(name))


def of_resource(attributes: Mapping[str, Any]) -> list[Part]:
    """Return what the span's resource says: the version that ran, and where."""
    resource = attributes.get("otel.resource")
    return list(named(resource, "")) if isinstance(resource, Mapping) else []


def events_of(attributes: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """Return a span's events and the log records written within it."""
    found = [*_list(attributes.get("otel.events")), *_list(attributes.get("otel.logs"))]
    return [one for one in found if isinstance(one, Mapping)]


def sort_of(attributes: Mapping[str, Any]) -> str:
    """Return what OpenInference or Traceloop call the span, or nothing."""
    return next((str(attributes[name]) for name in SORTS if name in attributes), "")


def is_tool(attributes: Mapping[str, Any]) -> bool:
    """Whether a span is the run of a tool."""
    return (
        attributes.get("gen_ai.operation.name") == "execute_tool"
        or "gen_ai.tool.name" in attributes
        or sort_of(attributes).upper() == "TOOL"
    )


def writes(attributes: Mapping[str, Any]) -> dict[str, str]:
    """Return the verb and the place of a call to another system that may have written there."""
    if attributes.get("otel.kind") not in OUTGOING or _asks_a_model(attributes):
        return {}
    verb = next((str(attributes[name]) for name in _VERBS if name in attributes), "")
    if verb.upper() not in WRITING:
        return {}
    places = {name: str(attributes[name]) for name in _PLACES if name in attributes}
    return {"verb": verb.upper(), **places}


def of_stored(content: bytes) -> list[Span]:
    """Read a trace that was kept whole as an evidence item.

    Raises:
        InvalidInputError: it is none.
    """
    try:
        trace = json.loads(content)
        found = [_span(trace, one) for one in trace["spans"][:SPANS_AT_MOST]]
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise InvalidInputError("this item holds no trace") from error
    return found


def trace_id_in(wanted: str) -> str | None:
    """Return the trace id that somebody gave, or None if it can only be an output's."""
    found = _TRACE_ID.fullmatch(wanted.lower())
    return found.group(1) if found else None


def trace_of(item: EvidenceItem) -> str | None:
    """Return the trace that an item keeps whole; None: it keeps something else."""
    if item.kind != TRACE_KIND or item.redaction_of:
        return None
    return trace_id_in(item.id.rsplit("/", 1)[-1])


def outputs_of(spans: Iterable[Span], names: Iterable[str]) -> set[str]:
    """Return the ids of the outputs that spans name, by attribute."""
    wanted = tuple(names)
    return {str(span.attributes[name]) for span in spans for name in wanted if span.attributes.get(name)}


def _span(trace: Mapping[str, Any], one: Mapping[str, Any]) -> Span:
    received = one.get("received_at")
    return Span(
        trace_id=str(trace["trace_id"]),
        span_id=str(one["span_id"]),
        parent=str(one["parent"]) if one.get("parent") else None,
        service=str(one.get("service") or trace.get("service", "")),
        name=str(one["name"]),
        start=_moment(one["start"]),
        end=_moment(one["end"]),
        attributes=dict(one["attributes"]),
        received_at=_moment(received) if received else None,
    )


def _moment(text: str) -> datetime:
    at = datetime.fromisoformat(text)
    if at.tzinfo is None:
        raise ValueError("a time without a zone")
    return at


def _told(event: Mapping[str, Any]) -> dict[str, Any]:
    attributes = event.get("attributes")
    told = dict(attributes) if isinstance(attributes, Mapping) else {}
    if event.get("body") is not None:
        told["body"] = event["body"]
    return told


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _asks_a_model(attributes: Mapping[str, Any]) -> bool:
    return any(name.startswith(("gen_ai.", "llm.", "embedding.")) for name in attributes)
