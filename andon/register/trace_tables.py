"""Tables of the flight recorder beside the spans: log records, and the outputs that spans name."""

from __future__ import annotations

from sqlalchemy import Column, Index, Integer, LargeBinary, String, Table

from andon.register.tables import RECORDER, Moment

log_records = Table(
    "log_records",
    RECORDER,
    Column("id", String(64), primary_key=True),
    Column("trace_id", String(32)),
    Column("span_id", String(16)),
    Column("service", String(255), nullable=False),
    Column("name", String(255), nullable=False),
    Column("at", Moment, nullable=False),
    Column("content", LargeBinary, nullable=False),
    Column("size", Integer, nullable=False),
    Column("received_at", Moment, nullable=False, index=True),
    Index("ix_log_records_trace_id", "trace_id"),
    Index("ix_log_records_service_at", "service", "at"),
)

outputs = Table(
    "outputs",
    RECORDER,
    Column("output_id", String(255), primary_key=True),
    Column("trace_id", String(32), primary_key=True),
    Column("span_id", String(16), nullable=False),
    Column("received_at", Moment, nullable=False, index=True),
)
