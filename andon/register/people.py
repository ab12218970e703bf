"""The directory of people, version by version."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Connection, Engine, select

from andon.domain.directory import Directory
from andon.domain.errors import NotFoundError
from andon.register.engine import insert_if_absent, reading, writing
from andon.register.tables import directories, directory_versions


class People:
    """Directories by content, and from when each was in force."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def put_directory(self, directory: Directory, in_force_from: datetime) -> bool:
        """Put a directory in force; return False if it is the one in force already."""
        digest = directory.digest()
        with writing(self._engine) as connection:
            if _newest(connection, None) == digest:
                return False
            row = {"digest": digest, "directory": directory.model_dump_json()}
            insert_if_absent(connection, directories, row, on=("digest",))
            connection.execute(directory_versions.insert().values(digest=digest, in_force_from=in_force_from))
            return True

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

    def _directory(self, at: datetime | None) -> Directory:
        with reading(self._engine) as connection:
            digest = _newest(connection, at)
            found = connection.execute(
                select(directories.c.directory).where(directories.c.digest == digest)
            ).scalar()
        if found is None:
            raise NotFoundError("directory", at.isoformat() if at else "latest")
        return Directory.model_validate_json(found)


def _newest(connection: Connection, at: datetime | None) -> str | None:
    wanted = select(directory_versions.c.digest).order_by(
        directory_versions.c.in_force_from.desc(), directory_versions.c.id.desc()
    )
    if at is not None:
        wanted = wanted.where(directory_versions.c.in_force_from <= at)
    return connection.execute(wanted.limit(1)).scalar()
