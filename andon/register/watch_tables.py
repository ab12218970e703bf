"""The table of watches: how each signal stood when it was looked at last."""

from __future__ import annotations

from typing import Final

from sqlalchemy import Column, Integer, String, Table, Text

from andon.register.tables import REGISTER, Moment

watch_looks: Final = Table(
    "watch_looks",
    REGISTER,
    Column("incident", String(32), primary_key=True),
    Column("watch", Integer, primary_key=True, autoincrement=False),
    Column("looks", Text, nullable=False),
    Column("at", Moment, nullable=False),
)
