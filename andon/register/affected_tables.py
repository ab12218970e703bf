"""The table of affected records: sealed batches, each naming the one before it."""

from __future__ import annotations

from typing import Final

from sqlalchemy import Column, Index, String, Table

from andon.register.tables import REGISTER, Moment

affected_batches: Final = Table(
    "affected_batches",
    REGISTER,
    Column("incident", String(32), primary_key=True),
    Column("digest", String(64), primary_key=True),
    Column("previous", String(64), nullable=False),
    Column("text_id", String(64), nullable=False),
    Column("at", Moment, nullable=False),
    Index("ix_affected_batches_text_id", "text_id"),
)
