"""Evidence from the flight recorder: the traces a detection names, and what went on around them."""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from collections.abc import AsyncIterator, Iterator, Sequence
from datetime import timedelta
from itertools import groupby
from typing import Any, Final

from andon.adapters.sources import genai
from andon.domain.errands import EvidenceQuery
from andon.domain.evidence import EvidenceRow, Gap, GapReason
from andon.ports import Captured
from andon.register.spans import SpanRow, Spans

JSON: Final = "application/json"
TRACES_WITHOUT_NAMES: Final = 20
"""Newest traces of the window that are kept when the detection names none."""

WINDOW_SPANS: Final = 5000
ARRIVE_WITHIN: Final = timedelta(seconds=10)
"""A named trace may still be on its way: exporters send in batches, and again while a recorder restarts."""

LOOK_EVERY: Final = 0.1


class RecorderSource:
    """Turns spans into items: one a kind and trace, and each trace whole."""

    name = "recorder"
    version = "1"
    supplies: frozenset[str] = genai.KINDS | {genai.WINDOW_KIND}

    def __init__(
        self, spans: Spans, rows: Sequence[EvidenceRow], arrive_within: timedelta = ARRIVE_WITHIN
    ) -> None:
        self._spans = spans
        self._rows = [row for row in rows if not row.later and genai.KINDS.intersection(row.kinds)]
        self._arrive_within = arrive_within

    async def collect(self, query: EvidenceQuery) -> AsyncIterator[Captured | Gap]:
        """Yield items of the traces and a count of the window; a row without any becomes a gap."""
        window = await asyncio.to_thread(
            self._spans.window, query.system, query.since, query.until, WINDOW_SPANS
        )
        named = await self._named(query.trace_ids) if query.trace_ids else []
        traces = _by_trace(named or _newest_traces(window))
        found: set[str] = set()
        for trace_id, spans in traces:
            for item in _items(trace_id, spans):
                found.add(item.kind)
                yield item
        if window:
            found.add(genai.WINDOW_KIND)
            yield _summary(query, window)
        reason = await self._why_missing(query, found)
        for row in self._rows:
            if not found.intersection(row.kinds):
                yield Gap(row=row.id, reason=reason, source=self.name)

    async def _named(self, trace_ids: Sequence[str]) -> list[SpanRow]:
        """Return the spans of the named traces, once each has its root or the wait is over."""
        loop = asyncio.get_running_loop()
        end = loop.time() + self._arrive_within.total_seconds()
        while True:
            spans = await asyncio.to_thread(self._spans.by_trace, trace_ids)
            whole = {span.trace_id for span in spans if span.parent is None}
            if whole.issuperset(trace_ids) or loop.time() > end:
                return spans
            await asyncio.sleep(LOOK_EVERY)

    async def _why_missing(self, query: EvidenceQuery, found: set[str]) -> GapReason:
        """Tell whether nothing came in, or what came in was dropped since."""
        oldest = await asyncio.to_thread(self._spans.oldest, query.system)
        if not found and oldest is not None and oldest > query.since:
            return GapReason.RETENTION
        return GapReason.EMPTY


def _by_trace(spans: Sequence[SpanRow]) -> list[tuple[str, list[SpanRow]]]:
    ordered = sorted(spans, key=lambda span: (span.trace_id, span.start, span.span_id))
    return [(trace_id, list(group)) for trace_id, group in groupby(ordered, key=lambda span: span.trace_id)]


def _newest_traces(window: Sequence[SpanRow]) -> list[SpanRow]:
    newest: dict[str, None] = {}
    for span in reversed(window):
        newest.setdefault(span.trace_id)
    kept = set(list(newest)[:TRACES_WITHOUT_NAMES])
    return [span for span in window if span.trace_id in kept]


def _items(trace_id: str, spans: Sequence[SpanRow]) -> Iterator[Captured]:
    by_kind: dict[str, list[dict[str, Any]]] = {}
    whole: list[dict[str, Any]] = []
    for span in spans:
        attributes: dict[str, Any] = json.loads(span.attributes)
        whole.append({**_head(span), "attributes": attributes})
        held: dict[str, dict[str, Any]] = {}
        for kind, name, value in genai.parts(attributes):
            held.setdefault(kind, {})[name] = value
        for kind, values in held.items():
            by_kind.setdefault(kind, []).append({**_head(span), "attributes": values})
    for kind, parts in [*sorted(by_kind.items()), (genai.TRACE_KIND, whole)]:
        yield Captured(
            kind=kind,
            content=_json({"trace_id": trace_id, "service": spans[0].service, "spans": parts}),
            content_type=JSON,
            name=trace_id,
            source_at=spans[0].start,
        )


def _head(span: SpanRow) -> dict[str, Any]:
    return {
        "span_id": span.span_id,
        "parent": span.parent,
        "name": span.name,
        "start": span.start.isoformat(),
        "end": span.end.isoformat(),
    }


def _summary(query: EvidenceQuery, window: Sequence[SpanRow]) -> Captured:
    counted = {
        "service": query.system,
        "since": query.since.isoformat(),
        "until": query.until.isoformat(),
        "spans": len(window),
        "complete": len(window) < WINDOW_SPANS,
        "traces": len({span.trace_id for span in window}),
        "by_name": dict(sorted(Counter(span.name for span in window).items())),
    }
    return Captured(
        kind=genai.WINDOW_KIND,
        content=_json(counted),
        content_type=JSON,
        name="window",
        source_at=window[-1].start,
    )


def _json(value: dict[str, Any]) -> bytes:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), sort_keys=True).encode()
