"""Whole traces out of the flight recorder: spans, with the log records that were written within them."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import Engine

from andon.domain.trace import Span
from andon.domain.trace_names import DETAILS_EVENT
from andon.register.log_records import LogRecords, LogRow
from andon.register.spans import SpanRow, Spans

LOGS_SHARE: Final = 4
_Place = tuple[str, str]


class Traces:
    """Reads spans and log records together."""

    def __init__(self, engine: Engine) -> None:
        self.spans = Spans(engine)
        self.logs = LogRecords(engine)

    def of(self, trace_ids: Sequence[str]) -> list[Span]:
        """Return the spans of some traces, by trace and start.

        Where log records tell of a span that was not seen, one stands for it that holds what they say.
        """
        records: dict[_Place, list[LogRow]] = {}
        for record in self.logs.by_trace(trace_ids):
            records.setdefault((record.trace_id or "", record.span_id or ""), []).append(record)
        rows = self.spans.by_trace(trace_ids)
        found = [_span(row, records.pop((row.trace_id, row.span_id), [])) for row in rows]
        found += [_standing_for(one) for one in records.values()]
        return sorted(found, key=lambda span: (span.trace_id, span.start, span.span_id))

    def of_output(self, output_id: str) -> list[Span]:
        """Return the spans of the newest trace that names an output."""
        return self.of(self.logs.traces_of_output(output_id, limit=1))

    def trim(self, max_age: timedelta, max_bytes: int, *, now: datetime) -> int:
        """Drop what came in too long ago, then the oldest above the size; return how many rows.

        Log records get at most a quarter of the size, so that they can't push the spans out.
        """
        dropped = self.logs.trim(max_age, max_bytes // LOGS_SHARE, now=now)
        dropped += self.spans.trim(max_age, max_bytes - self.logs.size_bytes(), now=now)
        left = (self.spans.counts().oldest, self.logs.oldest())
        self.logs.forget_outputs(min((at for at in left if at is not None), default=now))
        return dropped


def read_log(record: LogRow) -> dict[str, Any]:
    """Return a log record as spans hold it, and as evidence keeps it."""
    content: dict[str, Any] = json.loads(record.content)
    return {"name": record.name, "at": record.at.isoformat(), **content}


def _span(row: SpanRow, records: Sequence[LogRow]) -> Span:
    attributes: dict[str, Any] = json.loads(row.attributes)
    if records:
        attributes["otel.logs"] = [_within(one) for one in records]
    return Span(
        trace_id=row.trace_id,
        span_id=row.span_id,
        parent=row.parent,
        service=row.service,
        name=row.name,
        start=row.start,
        end=row.end,
        attributes=attributes,
        received_at=row.received_at,
    )


def _standing_for(records: Sequence[LogRow]) -> Span:
    first, last = records[0], records[-1]
    told = [read_log(one) for one in records]
    details = [one["attributes"] for one in told if one["name"] == DETAILS_EVENT]
    attributes = {name: value for one in details for name, value in one.items()}
    attributes["otel.resource"] = told[0].get("otel.resource", {})
    attributes["otel.logs"] = [_within(one) for one in records if one.name != DETAILS_EVENT]
    return Span(
        trace_id=first.trace_id or "",
        span_id=first.span_id or first.id[:16],
        parent=None,
        service=first.service,
        name=first.name,
        start=first.at,
        end=last.at,
        attributes=attributes,
        received_at=last.received_at,
    )


def _within(record: LogRow) -> dict[str, Any]:
    """Return a log record without what it shares with its span."""
    return {name: value for name, value in read_log(record).items() if not name.startswith("otel.")}
