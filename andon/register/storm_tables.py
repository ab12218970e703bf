"""The tables of storms: the incident that stands over all, and the one of each AI system."""

from __future__ import annotations

from typing import Final

from sqlalchemy import Column, Index, String, Table

from andon.register.tables import REGISTER, Moment

storms: Final = Table(
    "storms",
    REGISTER,
    Column("incident", String(32), primary_key=True),
    Column("began_at", Moment, nullable=False),
    Column("last_at", Moment, nullable=False, index=True),
)

storm_members: Final = Table(
    "storm_members",
    REGISTER,
    Column("storm", String(32), primary_key=True),
    Column("system", String(64), primary_key=True),
    Column("incident", String(32), nullable=False),
    Index("ix_storm_members_incident", "incident"),
)
