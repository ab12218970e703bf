"""Traces out of Langfuse: its observations of named traces, or the newest of a window.

Written from the documented API (`GET /api/public/v2/observations`, as its SDK 5.0.4 calls it); its server
was not run here.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from typing import Any, Final

from andon.adapters.sources.kinds import SourceKind, SourceMeans
from andon.adapters.sources.trace_store import (
    SECRET,
    SPANS_AT_ONCE,
    SUPPLIES,
    URL,
    Fetched,
    StoreAddress,
    TraceSource,
    checked,
    from_iso,
    named,
    newest,
)
from andon.domain.errands import EvidenceQuery
from andon.domain.system import SourceEntry
from andon.domain.trace import FAILED, SPANS_AT_MOST, Span

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


class LangfuseObservations:
    """Asks for observations, page by page."""

    def __init__(self, entry: SourceEntry, means: SourceMeans) -> None:
        self._at = StoreAddress(entry, means)

    async def traces(self, query: EvidenceQuery) -> AsyncIterator[Fetched]:
        """Yield the traces that the query names, or the newest of its window."""
        window = {"fromStartTime": query.since.isoformat(), "toStartTime": query.until.isoformat()}
        asked = [{"traceId": one} for one in query.trace_ids] or [window]
        for parameters in asked:
            fetched = await self._observations(parameters)
            kept = fetched.spans if query.trace_ids else newest(fetched.spans)
            if kept:
                yield Fetched(kept, fetched.origin, fetched.skew_ms)

    async def _observations(self, parameters: Mapping[str, str]) -> Fetched:
        spans: list[Span] = []
        asked: dict[str, str | int] = {
            **parameters,
            "fields": FIELDS,
            "expandMetadata": WHOLE,
            "limit": SPANS_AT_ONCE,
        }
        cursor, skew = "", None
        while len(spans) < SPANS_AT_MOST:
            more = {"cursor": cursor} if cursor else {}
            page = await self._at.asking.get(self._at.url(API, **asked, **more))
            skew = page.skew_ms
            answer = page.read(self._at.source)
            try:
                spans += [_span(one) for one in answer["data"]]
                following = str((answer.get("meta") or {}).get("cursor") or "")
            except (KeyError, TypeError, ValueError, AttributeError) as error:
                raise self._at.refused("observations that are not in Langfuse's form") from error
            if not following or following == cursor:
                break
            cursor = following
        return Fetched(spans, self._at.url(API, **parameters), skew)


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


def build(entry: SourceEntry, means: SourceMeans) -> TraceSource:
    """Return the source of an entry."""
    return TraceSource(entry, LangfuseObservations(entry, means))


KIND: Final = SourceKind(
    name="langfuse", version="1", options=OPTIONS, supplies=SUPPLIES, build=build, check=checked
)
