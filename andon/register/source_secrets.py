"""The secrets that sources sign with, as they are kept: sealed, the newest and the one it replaces."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import Engine, insert, or_, select, update

from andon.register.engine import reading, writing
from andon.register.sender_tables import source_secrets

OVERLAP: Final = timedelta(hours=24)
"""How long a secret that was replaced stays good, so that its sender can be changed in peace."""


@dataclass(frozen=True, slots=True)
class KeptSecret:
    """One secret, sealed."""

    source: str
    sealed: bytes
    made_by: str
    made_at: datetime
    ends_at: datetime | None


class SourceSecrets:
    """Secrets by source."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def replace(self, source: str, sealed: bytes, by: str, at: datetime) -> datetime | None:
        """Keep a new secret; the one in force ends a day later. Returns when it does, if there was one."""
        ends = at + OVERLAP
        with writing(self._engine) as connection:
            ended = connection.execute(
                update(source_secrets)
                .where(source_secrets.c.source == source, source_secrets.c.ends_at.is_(None))
                .values(ends_at=ends)
            )
            connection.execute(
                insert(source_secrets).values(source=source, sealed=sealed, made_by=by, made_at=at)
            )
        return ends if ended.rowcount else None

    def in_force(self, source: str, at: datetime) -> list[KeptSecret]:
        """Return the secrets that are good at a moment, newest first."""
        columns = source_secrets.c
        wanted = (
            select(columns.source, columns.sealed, columns.made_by, columns.made_at, columns.ends_at)
            .where(columns.source == source, or_(columns.ends_at.is_(None), columns.ends_at > at))
            .order_by(columns.id.desc())
        )
        with reading(self._engine) as connection:
            return [KeptSecret(**row) for row in connection.execute(wanted).mappings()]
