"""Tables of the register for what reports bring: codes, uploads, and who offered which."""

from __future__ import annotations

from sqlalchemy import Column, Index, Integer, LargeBinary, String, Table

from andon.register.tables import REGISTER, Moment

incident_codes = Table(
    "incident_codes",
    REGISTER,
    Column("incident", String(32), primary_key=True),
    Column("kind", String(16), primary_key=True),
    Column("code", String(128), primary_key=True),
    Index("ix_incident_codes_kind_code", "kind", "code"),
)

uploads = Table(
    "uploads",
    REGISTER,
    Column("id", String(32), primary_key=True),
    Column("source", String(128), nullable=False),
    Column("received_at", Moment, nullable=False, index=True),
    Column("sha256", String(64), nullable=False),
    Column("size_bytes", Integer, nullable=False),
    Column("content_type", String(128), nullable=False),
    Column("wrapped", LargeBinary),
    Column("gone_at", Moment),
)

offers = Table(
    "offers",
    REGISTER,
    Column("detection", String(64), primary_key=True),
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("upload", String(32), index=True),
    Column("at", Moment, nullable=False),
)
