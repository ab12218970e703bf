"""Traces out of Langfuse: its observations of named traces, or the newest of a window.

Written from the documented API (`GET /api/public/v2/observations`, as its SDK 5.0.4 calls it); its server
was not run here.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from andon.adapters.sources.kinds import SourceKind, SourceMeans
from andon.adapters.sources.paged_store import PagedStore, Pages
from andon.adapters.sources.trace_store import (
    SECRET,
    SUPPLIES,
    URL,
    TraceSource,
    checked,
    from_iso,
    named,
)
from andon.domain.system import SourceEntry
from andon.domain.trace import FAILED, Span

API: Final = "/api/public/v2/observations"
FIELDS: Final = "core,basic,io,metadata,model,usage,prompt,trace_context"
WHOLE: Final = "attributes,resourceAttributes"
"""Metadata that Langfuse would else cut at 200 characters: where it keeps what came over OpenTelemetry."""

OPTIONS: Final = {"url": URL, "secret": SECRET}
_NAMES: Final[dict[str, str]] = {
    "input": "input.value",
    "output": "output.value",
    "model": "gen_ai.request.model",
    "modelParameters": "llm.invocation_parameters",
    "promptName": "gen_ai.prompt.name",
    "promptVersion": "gen_ai.prompt.version",
    "userId": "user.id",
    "sessionId": "session.id",
    "type": "langfuse.observation.type",
}
_RESOURCE: Final[dict[str, str]] = {
    "version": "service.version",
    "release": "vcs.ref.head.revision",
    "environment": "deployment.environment.name",
}
_USAGE: Final = {"input": "gen_ai.usage.input_tokens", "output": "gen_ai.usage.output_tokens"}


def _span(one: Mapping[str, Any]) -> Span:
    start = from_iso(one["startTime"])
    name = str(one.get("name") or one["type"])
    parent = one.get("parentObservationId")
    about = _about(one)
    return Span(
        trace_id=str(one["traceId"]),
        span_id=str(one["id"]),
        parent=str(parent) if parent else None,
        service=str(about.get("service.name", "")),
        name=name,
        start=start,
        end=from_iso(one["endTime"]) if one.get("endTime") else start,
        attributes=_attributes(one, name, about),
    )


def _attributes(one: Mapping[str, Any], name: str, about: dict[str, Any]) -> dict[str, Any]:
    sent = named((one.get("metadata") or {}).get("attributes"))
    attributes = dict(sent) if isinstance(sent, dict) else {}
    for field, known_as in _NAMES.items():
        if one.get(field) is not None:
            attributes.setdefault(known_as, one[field])
    for field, known_as in _USAGE.items():
        if (count := (one.get("usageDetails") or {}).get(field)) is not None:
            attributes.setdefault(known_as, count)
    if one["type"] == "TOOL":
        attributes.setdefault("gen_ai.tool.name", name)
    failed = one.get("level") == "ERROR"
    attributes["otel.resource"] = about
    attributes["otel.status"] = {
        "code": FAILED if failed else 0,
        "message": str(one.get("statusMessage") or ""),
    }
    return attributes


def _about(one: Mapping[str, Any]) -> dict[str, Any]:
    sent = named((one.get("metadata") or {}).get("resourceAttributes"))
    about = dict(sent) if isinstance(sent, dict) else {}
    for field, known_as in _RESOURCE.items():
        if one.get(field):
            about.setdefault(known_as, one[field])
    return about


PAGES: Final = Pages(
    path=API,
    trace="traceId",
    window=("fromStartTime", "toStartTime"),
    always={"fields": FIELDS, "expandMetadata": WHOLE},
    span=_span,
    following=lambda answer: (answer.get("meta") or {}).get("cursor"),
    refused="observations that are not in Langfuse's form",
)


def build(entry: SourceEntry, means: SourceMeans) -> TraceSource:
    """Return the source of an entry."""
    return TraceSource(entry, PagedStore(entry, means, PAGES))


KIND: Final = SourceKind(
    name="langfuse", version="1", options=OPTIONS, supplies=SUPPLIES, build=build, check=checked
)
