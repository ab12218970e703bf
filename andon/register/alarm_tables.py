"""The tables of alarms: what was found of incidents' workflows, and the run of each that was seen last."""

from __future__ import annotations

from typing import Final

from sqlalchemy import Column, Index, Integer, String, Table, Text

from andon.register.tables import REGISTER, Moment

alarms: Final = Table(
    "alarms",
    REGISTER,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("kind", String(32), nullable=False),
    Column("incident", String(32), nullable=False),
    Column("at", Moment, nullable=False),
    Column("details", Text, nullable=False),
    Column("cleared_at", Moment),
    Index("ix_alarms_incident_cleared_at", "incident", "cleared_at"),
)

incident_runs: Final = Table(
    "incident_runs",
    REGISTER,
    Column("incident", String(32), primary_key=True),
    Column("run", String(64), nullable=False),
    Column("seen_at", Moment, nullable=False),
)
