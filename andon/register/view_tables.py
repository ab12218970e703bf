"""The table of redacted views."""

from __future__ import annotations

from typing import Final

from sqlalchemy import Column, LargeBinary, String, Table

from andon.register.tables import REGISTER, Moment

evidence_views: Final = Table(
    "evidence_views",
    REGISTER,
    Column("incident", String(32), primary_key=True),
    Column("name", String(64), primary_key=True),
    Column("engine", String(64), primary_key=True),
    Column("digest", String(64), nullable=False),
    Column("sealed", LargeBinary, nullable=False),
    Column("made_at", Moment, nullable=False),
)
"""`name` is the SHA-256 of the item's id, `digest` that of the view in clear, `sealed` the view under the
item's own key: once that is destroyed, the view can't be opened either."""
