"""The tables of the log over all incidents, of its checkpoints, and of what is archived."""

from __future__ import annotations

from typing import Final

from sqlalchemy import Column, Integer, LargeBinary, String, Table, Text

from andon.register.tables import REGISTER, Moment

log_leaves: Final = Table(
    "log_leaves",
    REGISTER,
    Column("position", Integer, primary_key=True, autoincrement=False),
    Column("incident", String(32), index=True),
    Column("chain", String(16)),
    Column("length", Integer, nullable=False),
    Column("leaf", Text, nullable=False),
)

log_nodes: Final = Table(
    "log_nodes",
    REGISTER,
    Column("level", Integer, primary_key=True, autoincrement=False),
    Column("position", Integer, primary_key=True, autoincrement=False),
    Column("hash", LargeBinary, nullable=False),
)

log_heads: Final = Table(
    "log_heads",
    REGISTER,
    Column("incident", String(32), primary_key=True),
    Column("chain", String(16), primary_key=True),
    Column("length", Integer, nullable=False),
)

checkpoints: Final = Table(
    "checkpoints",
    REGISTER,
    Column("size", Integer, primary_key=True, autoincrement=False),
    Column("note", Text, nullable=False),
    Column("key", String(512), nullable=False),
    Column("made_at", Moment, nullable=False),
    Column("checked_at", Moment, nullable=False),
    Column("stamp", LargeBinary),
    Column("stamped_at", Moment),
    Column("stamp_problem", String(64)),
    Column("witnessed", Text),
    Column("witnessed_at", Moment),
    Column("witness_problem", String(64)),
)

archives: Final = Table(
    "archives",
    REGISTER,
    Column("incident", String(32), primary_key=True),
    Column("key", String(255), primary_key=True),
    Column("milestone", String(64), nullable=False),
    Column("digest", String(64), nullable=False),
    Column("runs", Integer, nullable=False),
    Column("at", Moment, nullable=False),
)
