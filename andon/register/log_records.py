"""Log records of the flight recorder, and which trace an output lies in; bounded like the spans."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import Engine, delete, func, select

from andon.register.engine import insert_all_absent, reading, writing
from andon.register.trace_tables import log_records, outputs

TRIMMED_AT_ONCE: Final = 500
"""Rows deleted in one transaction, so that intake never waits long."""


@dataclass(frozen=True, slots=True)
class LogRow:
    """One log record; `content` is JSON in UTF-8, its id a digest of all it says."""

    id: str
    trace_id: str | None
    span_id: str | None
    service: str
    name: str
    at: datetime
    content: bytes
    size: int
    received_at: datetime


@dataclass(frozen=True, slots=True)
class OutputRow:
    """An output that a span names, so that its trace is found by it."""

    output_id: str
    trace_id: str
    span_id: str
    received_at: datetime


class LogRecords:
    """The recorder's log records and outputs."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def add(self, batch: Sequence[LogRow]) -> None:
        """Keep records in one transaction; one that is there stays."""
        rows = [asdict(one) for one in batch]
        with writing(self._engine) as connection:
            insert_all_absent(connection, log_records, rows, on=("id",))

    def add_outputs(self, batch: Sequence[OutputRow]) -> None:
        """Keep in which trace outputs lie."""
        if not batch:
            return
        rows = [asdict(one) for one in batch]
        with writing(self._engine) as connection:
            insert_all_absent(connection, outputs, rows, on=("output_id", "trace_id"))

    def by_trace(self, trace_ids: Sequence[str], limit: int = 5000) -> list[LogRow]:
        """Return the records of some traces, by trace and time."""
        wanted = (
            select(log_records)
            .where(log_records.c.trace_id.in_(list(trace_ids)))
            .order_by(log_records.c.trace_id, log_records.c.at, log_records.c.id)
            .limit(limit)
        )
        with reading(self._engine) as connection:
            return [LogRow(**row) for row in connection.execute(wanted).mappings()]

    def without_trace(self, service: str, since: datetime, until: datetime, limit: int) -> list[LogRow]:
        """Return the newest records of a service in a window that belong to no trace, oldest first."""
        wanted = (
            select(log_records)
            .where(
                log_records.c.service == service,
                log_records.c.trace_id.is_(None),
                log_records.c.at >= since,
                log_records.c.at <= until,
            )
            .order_by(log_records.c.at.desc(), log_records.c.id)
            .limit(limit)
        )
        with reading(self._engine) as connection:
            return [LogRow(**row) for row in connection.execute(wanted).mappings()][::-1]

    def traces_of_output(self, output_id: str, limit: int = 10) -> list[str]:
        """Return the traces that name an output, newest first."""
        wanted = (
            select(outputs.c.trace_id)
            .where(outputs.c.output_id == output_id)
            .order_by(outputs.c.received_at.desc(), outputs.c.trace_id)
            .limit(limit)
        )
        with reading(self._engine) as connection:
            return list(connection.execute(wanted).scalars())

    def size_bytes(self) -> int:
        """Return how much the records take."""
        wanted = select(func.coalesce(func.sum(log_records.c.size), 0))
        with reading(self._engine) as connection:
            return int(connection.execute(wanted).scalar_one())

    def count(self) -> int:
        """Count the records."""
        with reading(self._engine) as connection:
            return connection.execute(select(func.count()).select_from(log_records)).scalar_one()

    def trim(self, max_age: timedelta, max_bytes: int, *, now: datetime) -> int:
        """Drop what came in too long ago, then the oldest records above the size; return how many."""
        dropped = 0
        while batch := self._drop_before(now - max_age):
            dropped += batch
        while (above := self.size_bytes() - max_bytes) > 0:
            dropped += self._drop_above(above)
        return dropped

    def oldest(self) -> datetime | None:
        """Return when the oldest record that is kept came in."""
        with reading(self._engine) as connection:
            return connection.execute(select(func.min(log_records.c.received_at))).scalar()

    def forget_outputs(self, before: datetime) -> None:
        """Forget outputs that came in before a moment."""
        with writing(self._engine) as connection:
            connection.execute(delete(outputs).where(outputs.c.received_at < before))

    def _drop_before(self, moment: datetime) -> int:
        old = select(log_records.c.id).where(log_records.c.received_at < moment).limit(TRIMMED_AT_ONCE)
        with writing(self._engine) as connection:
            doomed = list(connection.execute(old).scalars())
            connection.execute(delete(log_records).where(log_records.c.id.in_(doomed)))
        return len(doomed)

    def _drop_above(self, above: int) -> int:
        oldest = select(log_records.c.id, log_records.c.size).order_by(log_records.c.received_at)
        doomed: list[str] = []
        with writing(self._engine) as connection:
            for row in connection.execute(oldest.limit(TRIMMED_AT_ONCE)).all():
                if above <= 0:
                    break
                doomed.append(row.id)
                above -= row.size
            connection.execute(delete(log_records).where(log_records.c.id.in_(doomed)))
        return len(doomed)
