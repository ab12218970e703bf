"""Evidence from the flight recorder: the traces a detection names, and what went on around them."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from datetime import timedelta
from typing import Final

from andon.adapters.sources.genai import JSON, as_json, by_trace, items_of
from andon.domain.errands import EvidenceQuery
from andon.domain.evidence import EvidenceRow, Gap, GapReason
from andon.domain.trace import Span
from andon.domain.trace_names import KINDS, TRACE_KIND, WINDOW_KIND
from andon.ports import Captured
from andon.register.log_records import LogRow
from andon.register.spans import SpanRow
from andon.register.traces import Traces, read_log

TRACES_WITHOUT_NAMES: Final = 20
"""Newest traces of the window that are kept when the detection names none."""

WINDOW_SPANS: Final = 5000
WINDOW_RECORDS: Final = 1000
ARRIVE_WITHIN: Final = timedelta(seconds=10)
"""A named trace may still be on its way: exporters send in batches, and again while a recorder restarts."""

LOOK_EVERY: Final = 0.1


class RecorderSource:
    """Turns spans into items: one a kind and trace, and each trace whole."""

    name = "recorder"
    version = "2"
    supplies: frozenset[str] = KINDS

    def __init__(
        self, kept: Traces, rows: Sequence[EvidenceRow], arrive_within: timedelta = ARRIVE_WITHIN
    ) -> None:
        self._kept = kept
        self._rows = [row for row in rows if not row.later and KINDS.intersection(row.kinds)]
        self._arrive_within = arrive_within

    async def collect(self, query: EvidenceQuery) -> AsyncIterator[Captured | Gap]:
        """Yield items of the traces and a count of the window; a row without any becomes a gap."""
        window = await asyncio.to_thread(
            self._kept.spans.window, query.system, query.since, query.until, WINDOW_SPANS
        )
        named = await self._named(query.trace_ids) if query.trace_ids else []
        spans = named or await asyncio.to_thread(self._kept.of, _newest_traces(window))
        found: set[str] = set()
        for trace_id, group in by_trace(spans):
            for item in items_of(trace_id, group):
                found.add(item.kind)
                yield item
        for item in await self._around(query, window):
            found.add(item.kind)
            yield item
        reason = await self._why_missing(query, found)
        for row in self._rows:
            if not found.intersection(row.kinds):
                yield Gap(row=row.id, reason=reason, source=self.name)

    async def _around(self, query: EvidenceQuery, window: Sequence[SpanRow]) -> list[Captured]:
        """Return the count of the window, and the log records in it that belong to no trace."""
        records = await asyncio.to_thread(
            self._kept.logs.without_trace, query.system, query.since, query.until, WINDOW_RECORDS
        )
        counted = [_summary(query, window)] if window else []
        return [*counted, *([_logs(query, records)] if records else [])]

    async def _named(self, trace_ids: Sequence[str]) -> list[Span]:
        """Return the spans of the named traces, once each has its root or the wait is over."""
        loop = asyncio.get_running_loop()
        end = loop.time() + self._arrive_within.total_seconds()
        while True:
            rows = await asyncio.to_thread(self._kept.spans.by_trace, trace_ids)
            whole = {row.trace_id for row in rows if row.parent is None}
            if whole.issuperset(trace_ids) or loop.time() > end:
                return await asyncio.to_thread(self._kept.of, trace_ids)
            await asyncio.sleep(LOOK_EVERY)

    async def _why_missing(self, query: EvidenceQuery, found: set[str]) -> GapReason:
        """Tell whether nothing came in, or what came in was dropped since."""
        oldest = await asyncio.to_thread(self._kept.spans.oldest, query.system)
        if not found and oldest is not None and oldest > query.since:
            return GapReason.RETENTION
        return GapReason.EMPTY


def _newest_traces(window: Sequence[SpanRow]) -> list[str]:
    newest: dict[str, None] = {}
    for span in reversed(window):
        newest.setdefault(span.trace_id)
    return list(newest)[:TRACES_WITHOUT_NAMES]


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
        kind=WINDOW_KIND,
        content=as_json(counted),
        content_type=JSON,
        name="window",
        source_at=window[-1].start,
    )


def _logs(query: EvidenceQuery, records: Sequence[LogRow]) -> Captured:
    told = {
        "service": query.system,
        "since": query.since.isoformat(),
        "until": query.until.isoformat(),
        "complete": len(records) < WINDOW_RECORDS,
        "records": [read_log(one) for one in records],
    }
    return Captured(
        kind=TRACE_KIND,
        content=as_json(told),
        content_type=JSON,
        name="logs",
        source_at=records[-1].at,
    )
