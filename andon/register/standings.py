"""Who may act, by the directory in force at a moment; asked on every request and before each release."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from sqlalchemy import Engine, bindparam, select

from andon.domain.access import Bar, bar_of
from andon.domain.directory import Directory, Role, Standing, standing_at
from andon.domain.values import NOTHING_YET, PersonId, Sha256Hex
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
        found = self._in_force(at)
        return found[1] if found else None

    def standing(self, person: PersonId, at: datetime) -> Standing:
        """Return what the directory in force says of a person; before the first, nobody is known."""
        found = self._in_force(at)
        if found is None:
            return Standing(
                person=person, known=False, suspended=False, roles=(), directory_digest=NOTHING_YET
            )
        digest, directory = found
        return standing_at(directory, person, at, digest)

    def bar(self, person: PersonId, role: Role, at: datetime) -> Bar | None:
        """Return what keeps a person from acting; while there is no directory, nothing does."""
        directory = self.directory(at)
        return bar_of(directory, person, role, at) if directory else None

    def _in_force(self, at: datetime) -> tuple[Sha256Hex, Directory] | None:
        with reading(self._engine) as connection:
            digest = connection.execute(_NEWEST, {"at": at}).scalar()
            if digest is None:
                return None
            kept = self._kept
            if kept is None or kept[0] != digest:
                text = connection.execute(
                    select(directories.c.directory).where(directories.c.digest == digest)
                ).scalar_one()
                self._kept = kept = (digest, Directory.model_validate_json(text))
        return kept
