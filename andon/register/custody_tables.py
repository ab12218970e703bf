"""The tables of custody: what waits to be locked, keys of items, holds, erasures, when items are due."""

from __future__ import annotations

from typing import Final

from sqlalchemy import Boolean, Column, Index, Integer, LargeBinary, String, Table, Text

from andon.register.tables import REGISTER, Moment

access_unlocked: Final = Table(
    "access_unlocked",
    REGISTER,
    Column("incident", String(32), primary_key=True),
    Column("sequence", Integer, primary_key=True, autoincrement=False),
)
"""Entries of access chains that are not known to be in locked storage yet."""

access_marks: Final = Table(
    "access_marks",
    REGISTER,
    Column("incident", String(32), primary_key=True),
    Column("sequence", Integer, primary_key=True, autoincrement=False),
    Column("at", Moment, nullable=False),
    Column("actor", String(128), nullable=False),
    Column("kind", String(32), nullable=False),
    Index("ix_access_marks_at", "at", "incident", "sequence"),
    Index("ix_access_marks_actor_at", "actor", "at"),
    Index("ix_access_marks_kind_at", "kind", "at"),
)
"""By what the entries of all access chains are looked up; the entries themselves are in `ledger_entries`."""

item_keys: Final = Table(
    "item_keys",
    REGISTER,
    Column("incident", String(32), primary_key=True),
    Column("name", String(64), primary_key=True),
    Column("wrapped", LargeBinary),
    Column("destroyed_at", Moment),
)
"""`name` is the SHA-256 of what the content is bound to; no `wrapped`: the key was destroyed."""

custody_holds: Final = Table(
    "custody_holds",
    REGISTER,
    Column("incident", String(32), primary_key=True),
    Column("wanted", Boolean, nullable=False),
    Column("cause", String(16), nullable=False),
    Column("person", String(64), nullable=False),
    Column("reason", String(64)),
    Column("since", Moment, nullable=False),
    Column("in_force", Boolean, nullable=False),
    Column("versions", Integer, nullable=False),
    Column("settled_at", Moment),
)

held_versions: Final = Table(
    "held_versions",
    REGISTER,
    Column("incident", String(32), primary_key=True),
    Column("key", String(255), primary_key=True),
    Column("version", String(128), primary_key=True),
)
"""Object versions whose legal hold was read back from the store."""

erasures: Final = Table(
    "erasures",
    REGISTER,
    Column("id", String(32), primary_key=True),
    Column("incident", String(32), nullable=False, index=True),
    Column("items", Text, nullable=False),
    Column("reason", String(64), nullable=False),
    Column("state", String(16), nullable=False),
    Column("asked_by", String(64), nullable=False),
    Column("asked_as", String(32), nullable=False),
    Column("asked_at", Moment, nullable=False),
    Column("confirmed_by", String(64)),
    Column("confirmed_as", String(32)),
    Column("confirmed_at", Moment),
    Column("destroyed", Integer),
    Column("destroyed_at", Moment),
    Column("scrubbed_at", Moment),
)

kept_items: Final = Table(
    "kept_items",
    REGISTER,
    Column("incident", String(32), primary_key=True),
    Column("item", String(255), primary_key=True),
    Column("snapshot", Integer, primary_key=True, autoincrement=False),
    Column("due", Moment, nullable=False),
    Column("keyless_at", Moment),
    Column("deleted_at", Moment),
    Index("ix_kept_items_due", "due"),
)
"""When the content of each item is due to go; what is gone leaves its row, its digest and its entry."""
