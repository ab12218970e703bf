"""Spans of the flight recorder, bounded by age and size."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import Engine, Select, delete, func, select, tuple_
from sqlalchemy.sql.elements import ColumnElement

from andon.register.engine import insert_all_absent, reading, writing
from andon.register.tables import spans

TRIMMED_AT_ONCE: Final = 500
"""Rows deleted in one transaction, so that intake never waits long."""


@dataclass(frozen=True, slots=True)
class SpanRow:
    """One span; `attributes` is JSON in UTF-8, `size` what the span counts for against the bound."""

    trace_id: str
    span_id: str
    parent: str | None
    service: str
    name: str
    start: datetime
    end: datetime
    attributes: bytes
    size: int
    received_at: datetime


@dataclass(frozen=True, slots=True)
class SpanCounts:
    """What the recorder holds."""

    spans: int
    size_bytes: int
    oldest: datetime | None


class Spans:
    """The recorder's store."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def add(self, batch: Sequence[SpanRow]) -> None:
        """Keep spans in one transaction; a span that is there stays."""
        rows = [asdict(span) for span in batch]
        with writing(self._engine) as connection:
            insert_all_absent(connection, spans, rows, on=("trace_id", "span_id"))

    def by_trace(self, trace_ids: Sequence[str], limit: int = 5000) -> list[SpanRow]:
        """Return the spans of some traces, by trace and start."""
        wanted = select(spans).where(spans.c.trace_id.in_(list(trace_ids)))
        return self._list(wanted.order_by(spans.c.trace_id, spans.c.start, spans.c.span_id).limit(limit))

    def window(self, service: str, since: datetime, until: datetime, limit: int = 5000) -> list[SpanRow]:
        """Return the newest spans of a service that started in a window, oldest first."""
        wanted = (
            select(spans)
            .where(spans.c.service == service, spans.c.start >= since, spans.c.start <= until)
            .order_by(spans.c.start.desc(), spans.c.trace_id, spans.c.span_id)
            .limit(limit)
        )
        return self._list(wanted)[::-1]

    def passing(self, service: str, name: str, at: datetime) -> tuple[int, int]:
        """Return how many spans of a name began at or after a moment, and how many were under way then."""
        named = select(func.count()).where(spans.c.service == service, spans.c.name == name)
        with reading(self._engine) as connection:
            began = connection.execute(named.where(spans.c.start >= at)).scalar_one()
            across = connection.execute(named.where(spans.c.start < at, spans.c.end > at)).scalar_one()
            return began, across

    def oldest(self, service: str) -> datetime | None:
        """Return when the oldest span that is still kept of a service started."""
        with reading(self._engine) as connection:
            return connection.execute(
                select(spans.c.start).where(spans.c.service == service).order_by(spans.c.start).limit(1)
            ).scalar()

    def counts(self) -> SpanCounts:
        """Return how much is kept."""
        wanted = select(func.count(), func.coalesce(func.sum(spans.c.size), 0), func.min(spans.c.received_at))
        with reading(self._engine) as connection:
            count, size, oldest = connection.execute(wanted).one()
        return SpanCounts(spans=count, size_bytes=size, oldest=oldest)

    def trim(self, max_age: timedelta, max_bytes: int, *, now: datetime) -> int:
        """Drop spans that came in too long ago, then the oldest above the size; return how many."""
        dropped = 0
        while batch := self._drop(spans.c.received_at < now - max_age, None):
            dropped += batch
        while (above := self.counts().size_bytes - max_bytes) > 0:
            dropped += self._drop(None, above)
        return dropped

    def _drop(self, condition: ColumnElement[bool] | None, above: int | None) -> int:
        """Drop one batch of the oldest spans: those that meet `condition`, or `above` bytes' worth."""
        wanted = select(spans.c.trace_id, spans.c.span_id, spans.c.size)
        if condition is not None:
            wanted = wanted.where(condition)
        with writing(self._engine) as connection:
            oldest = connection.execute(wanted.order_by(spans.c.received_at).limit(TRIMMED_AT_ONCE)).all()
            doomed: list[tuple[str, str]] = []
            for row in oldest:
                if above is not None and above <= 0:
                    break
                doomed.append((row.trace_id, row.span_id))
                above = None if above is None else above - row.size
            connection.execute(delete(spans).where(tuple_(spans.c.trace_id, spans.c.span_id).in_(doomed)))
        return len(doomed)

    def _list(self, wanted: Select[tuple[object, ...]]) -> list[SpanRow]:
        with reading(self._engine) as connection:
            return [SpanRow(**row) for row in connection.execute(wanted).mappings()]
