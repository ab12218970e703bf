"""The directory of people, version by version: the list it rests on, and what was changed since."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Any, Final

from sqlalchemy import Connection, Engine, Row, select, update

from andon.domain import overlay as laid
from andon.domain.directory import Absence, Directory
from andon.domain.errors import InvalidInputError, NotFoundError, OutdatedError
from andon.domain.overlay import Overlay, compose
from andon.domain.personal_keys import PersonalKey
from andon.domain.values import PersonId, Sha256Hex
from andon.ports import SealedText
from andon.register.engine import insert_if_absent, reading, writing
from andon.register.tables import directories, directory_sources, directory_versions

_ONLY: Final = 1
"""Key of the one row that says what the directory in force is composed of."""


class Origin(StrEnum):
    """Where the list of people in force comes from."""

    FILE = "file"
    API = "api"


class Change(StrEnum):
    """Why a version was made."""

    FILE = "file"
    REPLACED = "replaced"
    KEY_ADDED = "key_added"
    KEY_REVOKED = "key_revoked"
    SUSPENDED = "suspended"
    RESTORED = "restored"
    ABSENCE_ADDED = "absence_added"
    ABSENCE_ENDED = "absence_ended"


@dataclass(frozen=True, slots=True)
class Version:
    """One directory, from when it was in force, and who made it so."""

    number: int
    digest: Sha256Hex
    in_force_from: datetime
    by: PersonId | None
    why: Change
    about: PersonId | None
    reason: SealedText | None


@dataclass(frozen=True, slots=True)
class Made:
    """Who changes the directory, when, why, and whom it is about."""

    why: Change
    at: datetime
    by: PersonId | None = None
    about: PersonId | None = None
    reason: SealedText | None = None


@dataclass(frozen=True, slots=True)
class _Sources:
    base: Directory | None
    origin: Origin
    file: Sha256Hex | None
    overlay: Overlay


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

        def imported(sources: _Sources) -> _Sources:
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
            InvalidInputError: the list does not fit what was changed since.
        """
        return self._change(
            lambda sources: replace(sources, base=directory, origin=Origin.API),
            Made(Change.REPLACED, at, by),
            expected,
        )

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
            row = connection.execute(_newest_first().limit(1)).first()
            if row is None:
                raise NotFoundError("directory", "latest")
            origin = connection.execute(select(directory_sources.c.origin)).scalar()
            return _stored(connection, row.digest), _version(row), Origin(origin or Origin.FILE)

    def base(self) -> Directory:
        """Return the list that the directory in force rests on, without what was changed since.

        Raises:
            NotFoundError: there is none.
        """
        with reading(self._engine) as connection:
            digest = connection.execute(select(directory_sources.c.base)).scalar()
            if digest is None:
                raise NotFoundError("directory", "latest")
            return _stored(connection, digest)

    def versions(self, limit: int = 50, before: int | None = None) -> list[Version]:
        """Return versions, newest first; `before` is the number of the last one of the page before."""
        wanted = select(directory_versions).order_by(directory_versions.c.id.desc()).limit(limit)
        if before is not None:
            wanted = wanted.where(directory_versions.c.id < before)
        with reading(self._engine) as connection:
            return [_version(row) for row in connection.execute(wanted)]

    def _lay(self, change: Callable[[Directory, Overlay], Overlay], made: Made) -> bool:
        def changed(sources: _Sources) -> _Sources:
            if sources.base is None:
                raise NotFoundError("directory", "latest")
            return replace(sources, overlay=change(sources.base, sources.overlay))

        return self._change(changed, made)

    def _change(
        self, change: Callable[[_Sources], _Sources], made: Made, expected: Sha256Hex | None = None
    ) -> bool:
        with writing(self._engine) as connection:
            sources = _sources(connection)
            newest = connection.execute(_newest_first().limit(1)).first()
            if expected is not None and (newest is None or newest.digest != expected):
                raise OutdatedError("directory", newest.digest if newest else "")
            changed = change(sources)
            if changed is sources:
                return False
            assert changed.base is not None  # noqa: S101 - every change above leaves one
            directory = compose(changed.base, changed.overlay)
            digest = _keep(connection, directory)
            _keep_sources(connection, changed)
            if newest is not None and newest.digest == digest:
                return False
            # Clocks differ between processes: a change never comes into force before the one it builds on.
            begins = max(made.at, newest.in_force_from) if newest is not None else made.at
            connection.execute(directory_versions.insert().values(**_row(made, digest, begins)))
            return True

    def _directory(self, at: datetime | None) -> Directory:
        wanted = _newest_first()
        if at is not None:
            wanted = wanted.where(directory_versions.c.in_force_from <= at)
        with reading(self._engine) as connection:
            row = connection.execute(wanted.limit(1)).first()
            if row is None:
                raise NotFoundError("directory", at.isoformat() if at else "latest")
            return _stored(connection, row.digest)


def _newest_first() -> Any:
    return select(directory_versions).order_by(
        directory_versions.c.in_force_from.desc(), directory_versions.c.id.desc()
    )


def _stored(connection: Connection, digest: str) -> Directory:
    found = connection.execute(
        select(directories.c.directory).where(directories.c.digest == digest)
    ).scalar_one()
    return Directory.model_validate_json(found)


def _sources(connection: Connection) -> _Sources:
    """Return what the directory is composed of; nobody else changes it until this transaction ends."""
    empty = {"id": _ONLY, "origin": Origin.FILE, "overlay": Overlay().model_dump_json()}
    insert_if_absent(connection, directory_sources, empty, on=("id",))
    row = connection.execute(select(directory_sources).with_for_update()).one()
    newest = connection.execute(_newest_first().limit(1)).first()
    base = row.base or (newest.digest if newest is not None else None)
    return _Sources(
        base=_stored(connection, base) if base else None,
        origin=Origin(row.origin),
        file=row.file,
        overlay=Overlay.model_validate_json(row.overlay),
    )


def _keep(connection: Connection, directory: Directory) -> Sha256Hex:
    digest = directory.digest()
    row = {"digest": digest, "directory": directory.model_dump_json()}
    insert_if_absent(connection, directories, row, on=("digest",))
    return digest


def _keep_sources(connection: Connection, sources: _Sources) -> None:
    assert sources.base is not None  # noqa: S101 - checked by the caller
    connection.execute(
        update(directory_sources).values(
            base=_keep(connection, sources.base),
            origin=sources.origin,
            file=sources.file,
            overlay=sources.overlay.model_dump_json(),
        )
    )


def _row(made: Made, digest: str, begins: datetime) -> dict[str, Any]:
    return {
        "digest": digest,
        "in_force_from": begins,
        "made_by": made.by,
        "why": made.why,
        "about": made.about,
        "reason_id": made.reason.id if made.reason else None,
        "reason_digest": made.reason.digest if made.reason else None,
    }


def _version(row: Row[Any]) -> Version:
    return Version(
        number=row.id,
        digest=row.digest,
        in_force_from=row.in_force_from,
        by=row.made_by,
        why=Change(row.why),
        about=row.about,
        reason=SealedText(id=row.reason_id, digest=row.reason_digest) if row.reason_id else None,
    )
