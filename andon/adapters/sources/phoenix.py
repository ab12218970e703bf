"""Traces out of Arize Phoenix: the named ones, or the newest spans of a project's window."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from typing import Any, Final
from urllib.parse import quote

from andon.adapters.sources.kinds import Option, SourceKind, SourceMeans
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
    newest,
)
from andon.domain.errands import EvidenceQuery
from andon.domain.system import SourceEntry
from andon.domain.trace import FAILED, SPANS_AT_MOST, Span

OPTIONS: Final = {
    "url": URL,
    "secret": SECRET,
    "project": Option("name of the project whose spans are asked for", needed=True),
}
FAILED_STATE: Final = "ERROR"


class PhoenixSpans:
    """Asks for a project's spans, page by page."""

    def __init__(self, entry: SourceEntry, means: SourceMeans) -> None:
        self._at = StoreAddress(entry, means)
        self._path = f"/v1/projects/{quote(entry.options['project'], safe='')}/spans"

    async def traces(self, query: EvidenceQuery) -> AsyncIterator[Fetched]:
        """Yield the traces that the query names, or the newest of its window."""
        window = {"start_time": query.since.isoformat(), "end_time": query.until.isoformat()}
        asked = [{"trace_id": one} for one in query.trace_ids] or [window]
        for parameters in asked:
            fetched = await self._spans(parameters)
            kept = fetched.spans if query.trace_ids else newest(fetched.spans)
            if kept:
                yield Fetched(kept, fetched.origin, fetched.skew_ms)

    async def _spans(self, parameters: Mapping[str, str]) -> Fetched:
        spans: list[Span] = []
        cursor, origin, skew = "", self._at.url(self._path, **parameters), None
        while len(spans) < SPANS_AT_MOST:
            more = {"cursor": cursor} if cursor else {}
            page = await self._at.asking.get(
                self._at.url(self._path, **parameters, **more, limit=SPANS_AT_ONCE)
            )
            skew = page.skew_ms
            answer = page.read(self._at.source)
            try:
                spans += [_span(one) for one in answer["data"]]
                following = str(answer.get("next_cursor") or "")
            except (KeyError, TypeError, ValueError, AttributeError) as error:
                raise self._at.refused("spans that are not in Phoenix's form") from error
            if not following or following == cursor:
                break
            cursor = following
        return Fetched(spans, origin, skew)


def _span(one: Mapping[str, Any]) -> Span:
    attributes = dict(one.get("attributes") or {})
    failed = one.get("status_code") == FAILED_STATE
    kind = str(one.get("span_kind") or "")
    # Phoenix gives every span a kind of OpenInference, `UNKNOWN` where the application said none.
    if kind and kind != "UNKNOWN":
        attributes.setdefault("openinference.span.kind", kind)
    attributes["otel.status"] = {
        "code": FAILED if failed else 0,
        "message": str(one.get("status_message") or ""),
    }
    attributes["otel.events"] = [
        {
            "name": str(event.get("name", "")),
            "at": from_iso(event["timestamp"]).isoformat(),
            "attributes": dict(event.get("attributes") or {}),
        }
        for event in one.get("events") or []
    ]
    parent = one.get("parent_id")
    return Span(
        trace_id=str(one["context"]["trace_id"]),
        span_id=str(one["context"]["span_id"]),
        parent=str(parent) if parent else None,
        service=str(attributes.get("service.name", "")),
        name=str(one["name"]),
        start=from_iso(one["start_time"]),
        end=from_iso(one["end_time"]),
        attributes=attributes,
    )


def build(entry: SourceEntry, means: SourceMeans) -> TraceSource:
    """Return the source of an entry."""
    return TraceSource(entry, PhoenixSpans(entry, means))


KIND: Final = SourceKind(
    name="phoenix", version="1", options=OPTIONS, supplies=SUPPLIES, build=build, check=checked
)
