"""Table of the register for people's words in post-incident reviews."""

from __future__ import annotations

from typing import Final

from sqlalchemy import Column, Integer, String, Table

from andon.register.tables import REGISTER, Moment

review_words: Final = Table(
    "review_words",
    REGISTER,
    Column("incident", String(32), primary_key=True),
    Column("part", String(32), primary_key=True),
    Column("version", Integer, primary_key=True, autoincrement=False),
    Column("text_id", String(64), nullable=False),
    Column("digest", String(64), nullable=False),
    Column("person", String(64), nullable=False),
    Column("role", String(32), nullable=False),
    Column("at", Moment, nullable=False),
)
