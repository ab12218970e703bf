"""Who may act just now, by the directory in force; asked on every request."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from sqlalchemy import Engine, bindparam, select

from andon.domain.access import Bar, bar_of
from andon.domain.directory import Directory, Role
from andon.domain.values import PersonId, Sha256Hex
from andon.register.engine import reading
from andon.register.tables import directories, directory_versions

_NEWEST: Final = (
    select(directory_versions.c.digest)
    .where(directory_versions.c.in_force_from <= bindparam("at"))
    .order_by(directory_versions.c.in_force_from.desc(), directory_versions.c.id.desc())
    .limit(1)
)
"""Built once: it is asked on every request, and to build it takes as long as to ask."""


class Standings:
    """Keeps the directory last read; its digest is looked up each time, so that a suspension acts at once."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._kept: tuple[Sha256Hex, Directory] | None = None

    def directory(self, at: datetime) -> Directory | None:
        """Return the directory in force; None before the first."""
        with reading(self._engine) as connection:
            digest = connection.execute(_NEWEST, {"at": at}).scalar()
            if digest is None:
                return None
            if self._kept is None or self._kept[0] != digest:
                text = connection.execute(
                    select(directories.c.directory).where(directories.c.digest == digest)
                ).scalar_one()
                self._kept = (digest, Directory.model_validate_json(text))
        return self._kept[1]

    def bar(self, person: PersonId, role: Role, at: datetime) -> Bar | None:
        """Return what keeps a person from acting; while there is no directory, nothing does."""
        directory = self.directory(at)
        return bar_of(directory, person, role, at) if directory else None
