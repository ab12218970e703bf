"""The table of detections that joined an incident and whose workflow is still to be told of it."""

from __future__ import annotations

from typing import Final

from sqlalchemy import Boolean, Column, Index, String, Table, Text

from andon.register.tables import REGISTER, Moment

untold: Final = Table(
    "untold",
    REGISTER,
    Column("receipt", String(64), primary_key=True),
    Column("incident", String(32), nullable=False),
    Column("received_at", Moment, nullable=False),
    Column("graver", Boolean, nullable=False),
    Column("brought", Boolean, nullable=False),
    Column("sessions", Text, nullable=False),
    Column("held_at", Moment, nullable=False),
    Index("ix_untold_held_at", "held_at"),
)
