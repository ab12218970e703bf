"""Tables of the register for foreign senders: what they call a thing, what they say of it, their secrets."""

from __future__ import annotations

from sqlalchemy import Column, Index, Integer, LargeBinary, String, Table

from andon.register.tables import REGISTER, Moment

sender_keys = Table(
    "sender_keys",
    REGISTER,
    Column("source", String(64), primary_key=True),
    Column("key", String(64), primary_key=True),
    Column("receipt", String(64), nullable=False),
    Column("at", Moment, nullable=False),
)

sender_words = Table(
    "sender_words",
    REGISTER,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("incident", String(32), nullable=False),
    Column("source", String(128), nullable=False),
    Column("says", String(16), nullable=False),
    Column("at", Moment, nullable=False),
    Column("told_at", Moment),
    Index("ix_sender_words_told_at_id", "told_at", "id"),
    Index("ix_sender_words_incident", "incident"),
)

source_secrets = Table(
    "source_secrets",
    REGISTER,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("source", String(64), nullable=False, index=True),
    Column("sealed", LargeBinary, nullable=False),
    Column("made_by", String(64), nullable=False),
    Column("made_at", Moment, nullable=False),
    Column("ends_at", Moment),
)
