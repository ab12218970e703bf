"""The table of what the ends of incidents decided about the use of AI systems."""

from __future__ import annotations

from typing import Final

from sqlalchemy import Column, Index, String, Table

from andon.register.tables import REGISTER, Moment

system_uses: Final = Table(
    "system_uses",
    REGISTER,
    Column("incident", String(32), primary_key=True),
    Column("system", String(64), nullable=False),
    Column("decided", String(16), nullable=False),
    Column("since", Moment, nullable=False),
    Index("ix_system_uses_system_since", "system", "since"),
)
