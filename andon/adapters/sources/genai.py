"""Evidence items out of spans, the same for every place that traces come from."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby
from typing import Any, Final

from andon.domain.trace import Span, of_resource, parts
from andon.domain.trace_names import TRACE_KIND
from andon.ports import Captured

JSON: Final = "application/json"


def by_trace(spans: Sequence[Span]) -> list[tuple[str, list[Span]]]:
    """Return spans by their trace, each trace in the order of its spans' starts."""
    ordered = sorted(spans, key=lambda span: (span.trace_id, span.start, span.span_id))
    return [(trace_id, list(group)) for trace_id, group in groupby(ordered, key=lambda span: span.trace_id)]


def items_of(trace_id: str, spans: Sequence[Span]) -> Iterator[Captured]:
    """Yield one item for each kind of evidence that a trace holds, and the trace whole.

    Args:
        trace_id: the trace.
        spans: its spans, at least one, in the order in which they began.
    """
    by_kind: dict[str, list[dict[str, Any]]] = {}
    said: set[str] = set()
    for span in spans:
        for kind, values in _held(span, said).items():
            by_kind.setdefault(kind, []).append({**_head(span), "attributes": values})
    whole = [_whole(span) for span in spans]
    for kind, found in [*sorted(by_kind.items()), (TRACE_KIND, whole)]:
        yield Captured(
            kind=kind,
            content=as_json({"trace_id": trace_id, "service": spans[0].service, "spans": found}),
            content_type=JSON,
            name=trace_id,
            source_at=spans[0].start,
        )


def as_json(value: Mapping[str, Any]) -> bytes:
    """Return what an item holds; the same value gives the same bytes."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), sort_keys=True).encode(
        errors="replace"
    )


def _held(span: Span, said: set[str]) -> dict[str, dict[str, Any]]:
    """Return what a span holds by kind; what its resource says only once a resource."""
    held: dict[str, dict[str, Any]] = {}
    for part in parts(span.attributes):
        values = held.setdefault(part.kind, {})
        values[_free(part.name, values)] = part.value
    about = of_resource(span.attributes)
    resource = repr(about)
    if resource not in said:
        said.add(resource)
        for part in about:
            held.setdefault(part.kind, {})[part.name] = part.value
    return held


def _free(name: str, taken: Mapping[str, Any]) -> str:
    """Return a name that is not taken: one span may tell of several messages or approvals."""
    number, free = 1, name
    while free in taken:
        number += 1
        free = f"{name}#{number}"
    return free


def _head(span: Span) -> dict[str, Any]:
    return {
        "span_id": span.span_id,
        "parent": span.parent,
        "name": span.name,
        "start": span.start.isoformat(),
        "end": span.end.isoformat(),
    }


def _whole(span: Span) -> dict[str, Any]:
    received = span.received_at.isoformat() if span.received_at else None
    about = {"service": span.service, "received_at": received}
    return {**_head(span), **about, "attributes": dict(span.attributes)}
