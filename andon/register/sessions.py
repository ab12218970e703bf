"""Sessions of people who signed in to the pages, known by the SHA-256 of their cookie."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import Engine, Row, delete, or_, select, update

from andon.domain.directory import Role
from andon.domain.values import PersonId, Sha256Hex
from andon.register.access_tables import sessions
from andon.register.engine import reading, writing


class How(StrEnum):
    """How a person showed who they are."""

    TOKEN = "token"  # noqa: S105 - the name of a way to sign in
    LINK = "link"
    OIDC = "oidc"
    PASSKEY = "passkey"


@dataclass(frozen=True, slots=True)
class SessionRow:
    """One session as it is kept."""

    person: PersonId
    role: Role
    how: How
    token: Sha256Hex | None
    created_at: datetime
    seen_at: datetime
    ends_at: datetime
    proven_at: datetime


class SessionRows:
    """The sessions of one installation, shared by its consoles."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def begin(self, digest: Sha256Hex, row: SessionRow, *, instead_of: Sha256Hex | None = None) -> None:
        """Keep a new session, and end the one the browser came with and those whose time is over."""
        over = sessions.c.ends_at <= row.created_at
        with writing(self._engine) as connection:
            connection.execute(delete(sessions).where(or_(over, sessions.c.hash == instead_of)))
            connection.execute(
                sessions.insert().values(
                    hash=digest,
                    person=row.person,
                    role=row.role.value,
                    how=row.how.value,
                    token=row.token,
                    created_at=row.created_at,
                    seen_at=row.seen_at,
                    ends_at=row.ends_at,
                    proven_at=row.proven_at,
                )
            )

    def get(self, digest: Sha256Hex) -> SessionRow | None:
        """Return a session, whether or not its time is over."""
        with reading(self._engine) as connection:
            row = connection.execute(select(sessions).where(sessions.c.hash == digest)).one_or_none()
        return _session(row) if row else None

    def note_use(self, digest: Sha256Hex, at: datetime) -> None:
        """Note that a session was used."""
        with writing(self._engine) as connection:
            connection.execute(update(sessions).where(sessions.c.hash == digest).values(seen_at=at))

    def prove(self, digest: Sha256Hex, fresh: Sha256Hex, at: datetime) -> bool:
        """Give a session a new id after its person proved to be there; False if it has ended."""
        wanted = (
            update(sessions).where(sessions.c.hash == digest).values(hash=fresh, proven_at=at, seen_at=at)
        )
        with writing(self._engine) as connection:
            return connection.execute(wanted).rowcount == 1

    def end(self, digest: Sha256Hex) -> None:
        """End one session."""
        with writing(self._engine) as connection:
            connection.execute(delete(sessions).where(sessions.c.hash == digest))


def _session(row: Row[Any]) -> SessionRow:
    return SessionRow(
        person=row.person,
        role=Role(row.role),
        how=How(row.how),
        token=row.token,
        created_at=row.created_at,
        seen_at=row.seen_at,
        ends_at=row.ends_at,
        proven_at=row.proven_at,
    )
