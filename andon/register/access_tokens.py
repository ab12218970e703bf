"""Access tokens that people made, known by their SHA-256."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import Engine, Row, bindparam, select, update

from andon.domain.access import Scope
from andon.domain.directory import Role
from andon.domain.values import PersonId, Sha256Hex
from andon.register.access_tables import access_tokens
from andon.register.engine import reading, writing

USED_EVERY: Final = timedelta(minutes=5)
"""How coarse the last use is noted: a write a request would hold up detections."""

_BY_HASH: Final = select(access_tokens).where(access_tokens.c.hash == bindparam("digest"))


@dataclass(frozen=True, slots=True)
class AccessToken:
    """One token, without the token itself."""

    id: str
    name: str
    person: PersonId
    role: Role
    scopes: frozenset[Scope] | None
    created_by: PersonId
    created_at: datetime
    expires_at: datetime
    revoked_at: datetime | None = None
    revoked_by: PersonId | None = None
    last_used_at: datetime | None = None

    def in_force_at(self, at: datetime) -> bool:
        """Whether it lets its person in at a moment."""
        return self.revoked_at is None and at < self.expires_at


class AccessTokens:
    """The tokens of one installation."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def add(self, digest: Sha256Hex, token: AccessToken) -> None:
        """Put a token in force."""
        row = {
            "hash": digest,
            "id": token.id,
            "name": token.name,
            "person": token.person,
            "role": token.role.value,
            "scopes": _written(token.scopes),
            "created_by": token.created_by,
            "created_at": token.created_at,
            "expires_at": token.expires_at,
        }
        with writing(self._engine) as connection:
            connection.execute(access_tokens.insert().values(**row))

    def find(self, digest: Sha256Hex) -> AccessToken | None:
        """Return the token with this SHA-256, in force or not."""
        with reading(self._engine) as connection:
            row = connection.execute(_BY_HASH, {"digest": digest}).one_or_none()
        return _token(row) if row else None

    def get(self, token: str) -> AccessToken | None:
        """Return the token with this id."""
        wanted = select(access_tokens).where(access_tokens.c.id == token)
        with reading(self._engine) as connection:
            row = connection.execute(wanted).one_or_none()
        return _token(row) if row else None

    def listed(self, person: PersonId | None = None) -> list[AccessToken]:
        """Return tokens, newest first: those of one person, or all."""
        wanted = select(access_tokens).order_by(access_tokens.c.created_at.desc(), access_tokens.c.id)
        if person is not None:
            wanted = wanted.where(access_tokens.c.person == person)
        with reading(self._engine) as connection:
            return [_token(row) for row in connection.execute(wanted)]

    def revoke(self, token: str, by: PersonId, at: datetime) -> bool:
        """Take a token out of force for good; False if it was already, or there is none."""
        wanted = (
            update(access_tokens)
            .where(access_tokens.c.id == token, access_tokens.c.revoked_at.is_(None))
            .values(revoked_at=at, revoked_by=by)
        )
        with writing(self._engine) as connection:
            return connection.execute(wanted).rowcount == 1

    def note_use(self, digest: Sha256Hex, at: datetime) -> None:
        """Note that a token was used, unless that was noted a moment ago."""
        seen = access_tokens.c.last_used_at
        wanted = (
            update(access_tokens)
            .where(access_tokens.c.hash == digest, seen.is_(None) | (seen < at - USED_EVERY))
            .values(last_used_at=at)
        )
        with writing(self._engine) as connection:
            connection.execute(wanted)


def _written(scopes: Iterable[Scope] | None) -> str | None:
    return None if scopes is None else " ".join(sorted(scopes))


def _token(row: Row[Any]) -> AccessToken:
    return AccessToken(
        id=row.id,
        name=row.name,
        person=row.person,
        role=Role(row.role),
        scopes=None if row.scopes is None else frozenset(Scope(one) for one in row.scopes.split()),
        created_by=row.created_by,
        created_at=row.created_at,
        expires_at=row.expires_at,
        revoked_at=row.revoked_at,
        revoked_by=row.revoked_by,
        last_used_at=row.last_used_at,
    )
