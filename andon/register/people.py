"""The directory of people, version by version: the list it rests on, and what was changed since."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime

from sqlalchemy import Engine, select

from andon.domain import overlay as laid
from andon.domain.directory import Absence, Directory
from andon.domain.errors import InvalidInputError, NotFoundError, OutdatedError
from andon.domain.overlay import Overlay, compose
from andon.domain.personal_keys import PersonalKey
from andon.domain.values import PersonId, Sha256Hex
from andon.ports import SealedText
from andon.register.directory_rows import (
    Change,
    Made,
    Origin,
    Sources,
    Version,
    keep,
    keep_sources,
    newest_first,
    row_of,
    sources_of,
    stored,
    version_of,
)
from andon.register.engine import reading, writing
from andon.register.tables import directory_sources, directory_versions

__all__ = ["Change", "Origin", "People", "Version"]


class People:
    """Directories by content, and from when each was in force."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def import_file(self, directory: Directory, at: datetime) -> bool:
        """Take in the list of people from the file; the same list again changes nothing.

        Keys, suspensions and absences that were changed since stay. A list that was put here in
        place of the file stays until the file says something new.

        Returns:
            Whether another directory is in force now.

        Raises:
            InvalidInputError: the list does not fit what was changed since.
        """
        digest = directory.digest()

        def imported(sources: Sources) -> Sources:
            if sources.file == digest:
                return sources
            return replace(sources, base=directory, origin=Origin.FILE, file=digest)

        return self._change(imported, Made(Change.FILE, at))

    def put_directory(
        self,
        directory: Directory,
        at: datetime,
        *,
        by: PersonId | None = None,
        expected: Sha256Hex | None = None,
    ) -> bool:
        """Put a list of people in the place of the file's, until the file says something new.

        Args:
            directory: the list; keys, suspensions and absences that were changed since stay.
            at: from when.
            by: who puts it there.
            expected: digest of the directory it was made from; None: whatever is in force.

        Returns:
            Whether another directory is in force now.

        Raises:
            OutdatedError: another directory than the expected one is in force.
            InvalidInputError: the list does not fit what was changed since, or somebody (`by`) would give
                others a key with it.
        """

        def replaced(sources: Sources) -> Sources:
            if by is not None and sources.base is not None:
                before, after = (compose(one, sources.overlay) for one in (sources.base, directory))
                laid.check_no_new_keys(before, after)
            return replace(sources, base=directory, origin=Origin.API)

        return self._change(replaced, Made(Change.REPLACED, at, by), expected)

    def add_key(
        self, person: PersonId, key: PersonalKey, at: datetime, *, by: PersonId | None = None
    ) -> bool:
        """Give somebody a key that counts from `at` on; see `andon.domain.overlay.add_key`."""
        return self._lay(
            lambda base, overlay: laid.add_key(base, overlay, person, key, at),
            Made(Change.KEY_ADDED, at, by or person, person),
        )

    def revoke_key(
        self, person: PersonId, key: Sha256Hex, at: datetime, *, by: PersonId | None = None
    ) -> bool:
        """Let a key count no more from `at` on; see `andon.domain.overlay.revoke_key`."""
        return self._lay(
            lambda base, overlay: laid.revoke_key(base, overlay, person, key, at),
            Made(Change.KEY_REVOKED, at, by or person, person),
        )

    def suspend(
        self, person: PersonId, at: datetime, *, by: PersonId, reason: SealedText | None = None
    ) -> bool:
        """Let nothing that somebody answers from `at` on count; see `andon.domain.overlay.suspend`."""
        return self._lay(
            lambda base, overlay: laid.suspend(base, overlay, person, at),
            Made(Change.SUSPENDED, at, by, person, reason),
        )

    def restore(
        self, person: PersonId, at: datetime, *, by: PersonId, reason: SealedText | None = None
    ) -> bool:
        """Lift a suspension, the list's included.

        Raises:
            NotFoundError: nobody has this id.
            InvalidInputError: nobody restores themselves.
        """
        if by == person:
            raise InvalidInputError(f"{person} can't restore themselves: ask another admin")
        return self._lay(
            lambda base, overlay: laid.restore(base, overlay, person),
            Made(Change.RESTORED, at, by, person, reason),
        )

    def add_absence(
        self, person: PersonId, absence: Absence, at: datetime, *, by: PersonId | None = None
    ) -> bool:
        """Note that somebody will be away; see `andon.domain.overlay.add_absence`."""
        return self._lay(
            lambda base, overlay: laid.add_absence(base, overlay, person, absence, at),
            Made(Change.ABSENCE_ADDED, at, by or person, person),
        )

    def end_absence(self, person: PersonId, at: datetime, *, by: PersonId | None = None) -> bool:
        """Let somebody be back; see `andon.domain.overlay.end_absence`."""
        return self._lay(
            lambda base, overlay: laid.end_absence(base, overlay, person, at),
            Made(Change.ABSENCE_ENDED, at, by or person, person),
        )

    def directory_at(self, at: datetime) -> Directory:
        """Return the directory that was in force at a moment.

        Raises:
            NotFoundError: none was yet.
        """
        return self._directory(at)

    def latest(self) -> Directory:
        """Return the newest directory.

        Raises:
            NotFoundError: there is none.
        """
        return self._directory(None)

    def current(self) -> tuple[Directory, Version, Origin]:
        """Return the newest directory, its version, and where the list it rests on comes from.

        Raises:
            NotFoundError: there is none.
        """
        with reading(self._engine) as connection:
            row = connection.execute(newest_first().limit(1)).first()
            if row is None:
                raise NotFoundError("directory", "latest")
            origin = connection.execute(select(directory_sources.c.origin)).scalar()
            return stored(connection, row.digest), version_of(row), Origin(origin or Origin.FILE)

    def base(self) -> Directory:
        """Return the list that the directory in force rests on, without what was changed since.

        Raises:
            NotFoundError: there is none.
        """
        with reading(self._engine) as connection:
            digest = connection.execute(select(directory_sources.c.base)).scalar()
            if digest is None:
                raise NotFoundError("directory", "latest")
            return stored(connection, digest)

    def versions(self, limit: int = 50, before: int | None = None) -> list[Version]:
        """Return versions, newest first; `before` is the number of the last one of the page before."""
        wanted = select(directory_versions).order_by(directory_versions.c.id.desc()).limit(limit)
        if before is not None:
            wanted = wanted.where(directory_versions.c.id < before)
        with reading(self._engine) as connection:
            return [version_of(row) for row in connection.execute(wanted)]

    def _lay(self, change: Callable[[Directory, Overlay], Overlay], made: Made) -> bool:
        def changed(sources: Sources) -> Sources:
            if sources.base is None:
                raise NotFoundError("directory", "latest")
            return replace(sources, overlay=change(sources.base, sources.overlay))

        return self._change(changed, made)

    def _change(
        self, change: Callable[[Sources], Sources], made: Made, expected: Sha256Hex | None = None
    ) -> bool:
        with writing(self._engine) as connection:
            sources = sources_of(connection)
            newest = connection.execute(newest_first().limit(1)).first()
            if expected is not None and (newest is None or newest.digest != expected):
                raise OutdatedError("directory", newest.digest if newest else "")
            changed = change(sources)
            if changed is sources:
                return False
            assert changed.base is not None  # noqa: S101 - every change above leaves one
            directory = compose(changed.base, changed.overlay)
            digest = keep(connection, directory)
            keep_sources(connection, changed)
            if newest is not None and newest.digest == digest:
                return False
            # Clocks differ between processes: a change never comes into force before the one it builds on.
            begins = max(made.at, newest.in_force_from) if newest is not None else made.at
            connection.execute(directory_versions.insert().values(**row_of(made, digest, begins)))
            return True

    def _directory(self, at: datetime | None) -> Directory:
        wanted = newest_first()
        if at is not None:
            wanted = wanted.where(directory_versions.c.in_force_from <= at)
        with reading(self._engine) as connection:
            row = connection.execute(wanted.limit(1)).first()
            if row is None:
                raise NotFoundError("directory", at.isoformat() if at else "latest")
            return stored(connection, row.digest)
