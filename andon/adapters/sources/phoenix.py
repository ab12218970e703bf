"""Traces out of Arize Phoenix: the named ones, or the newest spans of a project's window."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import quote

from andon.adapters.options import Option
from andon.adapters.sources.kinds import SourceKind, SourceMeans
from andon.adapters.sources.paged_store import PagedStore, Pages
from andon.adapters.sources.trace_store import (
    SECRET,
    SUPPLIES,
    URL,
    TraceSource,
    checked,
    from_iso,
)
from andon.domain.system import SourceEntry
from andon.domain.trace import FAILED, Span

OPTIONS: Final = {
    "url": URL,
    "secret": SECRET,
    "project": Option("name of the project whose spans are asked for", needed=True),
}
FAILED_STATE: Final = "ERROR"


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
    pages = Pages(
        path=f"/v1/projects/{quote(entry.options['project'], safe='')}/spans",
        trace="trace_id",
        window=("start_time", "end_time"),
        span=_span,
        following=lambda answer: answer.get("next_cursor"),
        refused="spans that are not in Phoenix's form",
    )
    return TraceSource(entry, PagedStore(entry, means, pages))


KIND: Final = SourceKind(
    name="phoenix", version="1", options=OPTIONS, supplies=SUPPLIES, build=build, check=checked
)
