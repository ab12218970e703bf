"""The table of decisions on the use of AI systems."""

from __future__ import annotations

from typing import Final

from sqlalchemy import Column, Index, String, Table

from andon.register.tables import REGISTER, Moment

use_decisions: Final = Table(
    "use_decisions",
    REGISTER,
    Column("id", String(32), primary_key=True),
    Column("system", String(64), nullable=False),
    Column("since", Moment, nullable=False),
    Column("until", Moment, nullable=False),
    Column("answer", String(16), nullable=False),
    Column("owner", String(64), nullable=False),
    Column("made_by", String(64), nullable=False),
    Column("role", String(32), nullable=False),
    Column("at", Moment, nullable=False),
    Column("reason_id", String(64), nullable=False),
    Column("reason_digest", String(64), nullable=False),
    Index("ix_use_decisions_since_until", "since", "until"),
)
"""Rows are added and never changed: the newest of a system and period is in force."""
