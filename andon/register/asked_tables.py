"""The table of open questions: of whom each is asked, beside the incident that asks it."""

from __future__ import annotations

from sqlalchemy import Column, Index, String, Table, Text

from andon.register.tables import REGISTER, Moment

asked_questions = Table(
    "asked_questions",
    REGISTER,
    Column("incident", String(32), primary_key=True),
    Column("decision", String(64), primary_key=True),
    Column("kind", String(64), nullable=False),
    Column("policy", String(64), nullable=False),
    Column("opened_at", Moment, nullable=False),
    Column("deadline", Moment),
    Column("expires_at", Moment),
    Column("roles", Text, nullable=False),
    Column("barred", Text, nullable=False),
    Index("ix_asked_questions_deadline", "deadline"),
)
"""`roles`: as JSON, each with the moment from which on it is asked, or null; `barred`: ids as JSON."""
