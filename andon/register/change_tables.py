"""Tables of the register for changes that incidents caused, and for what becomes of them after the close."""

from __future__ import annotations

from sqlalchemy import Boolean, Column, Index, Integer, String, Table, Text

from andon.register.tables import REGISTER, Moment

changes = Table(
    "changes",
    REGISTER,
    Column("incident", String(32), primary_key=True),
    Column("id", String(16), primary_key=True),
    Column("place", Integer, nullable=False),
    Column("system", String(64), nullable=False),
    Column("severity", String(16), nullable=False),
    Column("exercise", Boolean, nullable=False),
    Column("type", String(32), nullable=False),
    Column("owner", String(64), nullable=False),
    Column("due", Moment, nullable=False),
    Column("state", String(16), nullable=False),
    Column("change", Text, nullable=False),
    Column("settled_at", Moment),
    Column("settled_by", String(64)),
    Column("reason", String(64)),
    Column("followed", Boolean, nullable=False),
    Index("ix_changes_state_due", "state", "due"),
    Index("ix_changes_system_type", "system", "type"),
)

follow_ups = Table(
    "follow_ups",
    REGISTER,
    Column("incident", String(32), primary_key=True),
    Column("looked_at", Moment),
    Column("ended_at", Moment),
)

follow_up_steps = Table(
    "follow_up_steps",
    REGISTER,
    Column("incident", String(32), primary_key=True),
    Column("key", String(128), primary_key=True),
    Column("sequence", Integer, nullable=False),
)

recurrences = Table(
    "recurrences",
    REGISTER,
    Column("incident", String(32), primary_key=True),
    Column("days", Integer, primary_key=True, autoincrement=False),
    Column("measured_at", Moment, nullable=False, index=True),
    Column("recurrence", Text, nullable=False),
)
