"""The table of when each lever was last proven, and the index of incidents by AI system."""

from __future__ import annotations

from typing import Final

from sqlalchemy import Boolean, Column, Index, String, Table

from andon.register.tables import REGISTER, Moment, incidents

lever_proofs: Final = Table(
    "lever_proofs",
    REGISTER,
    Column("lever", String(255), primary_key=True),
    Column("exercise", Boolean, primary_key=True),
    Column("adapter", String(64), nullable=False),
    Column("order_id", String(64), nullable=False),
    Column("incident", String(32), nullable=False),
    Column("proven_at", Moment, nullable=False),
    Column("via", String(64), nullable=False),
)

# All that a count by AI system reads is in the index: rows of incidents are wide.
Index(
    "ix_incidents_system_opened_at",
    incidents.c.system,
    incidents.c.exercise,
    incidents.c.opened_at,
    incidents.c.closed_at,
    incidents.c.incident,
)
