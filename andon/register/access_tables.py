"""Tables of the register for signing in: access tokens, sessions, and what may be used once.

No column holds a secret in clear: tokens, session ids and one-time secrets are kept as their SHA-256,
and what a slip carries is sealed by the console.
"""

from __future__ import annotations

from sqlalchemy import Column, Index, LargeBinary, String, Table

from andon.register.tables import REGISTER, Moment

access_tokens = Table(
    "access_tokens",
    REGISTER,
    Column("hash", String(64), primary_key=True),
    Column("id", String(32), nullable=False, unique=True),
    Column("name", String(80), nullable=False),
    Column("person", String(64), nullable=False, index=True),
    Column("role", String(32), nullable=False),
    Column("scopes", String(128)),
    Column("created_by", String(64), nullable=False),
    Column("created_at", Moment, nullable=False),
    Column("expires_at", Moment, nullable=False),
    Column("revoked_at", Moment),
    Column("revoked_by", String(64)),
    Column("last_used_at", Moment),
)

sessions = Table(
    "sessions",
    REGISTER,
    Column("hash", String(64), primary_key=True),
    Column("person", String(64), nullable=False, index=True),
    Column("role", String(32), nullable=False),
    Column("how", String(16), nullable=False),
    Column("token", String(64)),
    Column("created_at", Moment, nullable=False),
    Column("seen_at", Moment, nullable=False),
    Column("ends_at", Moment, nullable=False, index=True),
    Column("proven_at", Moment, nullable=False),
)

slips = Table(
    "slips",
    REGISTER,
    Column("hash", String(64), primary_key=True),
    Column("kind", String(16), nullable=False),
    Column("sealed", LargeBinary, nullable=False),
    Column("expires_at", Moment, nullable=False),
    Index("ix_slips_expires_at", "expires_at"),
)
