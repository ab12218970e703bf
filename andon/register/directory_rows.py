"""What the register keeps of the directory: its content, its versions, and what it is composed of."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from functools import lru_cache
from typing import Any, Final

from sqlalchemy import Connection, Row, select, update

from andon.domain.directory import Directory
from andon.domain.overlay import Overlay
from andon.domain.values import PersonId, Sha256Hex
from andon.ports import SealedText
from andon.register.engine import insert_if_absent
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
class Sources:
    """What the directory in force is composed of; `file` is the digest of the list last read from it."""

    base: Directory | None
    origin: Origin
    file: Sha256Hex | None
    overlay: Overlay


def newest_first() -> Any:
    """Return the query for versions, the one in force first."""
    return select(directory_versions).order_by(
        directory_versions.c.in_force_from.desc(), directory_versions.c.id.desc()
    )


def stored(connection: Connection, digest: str) -> Directory:
    """Return a directory by its digest."""
    found = connection.execute(
        select(directories.c.directory).where(directories.c.digest == digest)
    ).scalar_one()
    return _directory(found)


@lru_cache(maxsize=8)
def _directory(text: str) -> Directory:
    """Read a directory; each request asks for the one in force several times, and none can be changed."""
    return Directory.model_validate_json(text)


def sources_of(connection: Connection) -> Sources:
    """Return what the directory is composed of; nobody else changes it until this transaction ends."""
    empty = {"id": _ONLY, "origin": Origin.FILE, "overlay": Overlay().model_dump_json()}
    insert_if_absent(connection, directory_sources, empty, on=("id",))
    row = connection.execute(select(directory_sources).with_for_update()).one()
    newest = connection.execute(newest_first().limit(1)).first()
    base = row.base or (newest.digest if newest is not None else None)
    return Sources(
        base=stored(connection, base) if base else None,
        origin=Origin(row.origin),
        file=row.file,
        overlay=Overlay.model_validate_json(row.overlay),
    )


def keep(connection: Connection, directory: Directory) -> Sha256Hex:
    """Keep a directory by its content and return its digest."""
    digest = directory.digest()
    row = {"digest": digest, "directory": directory.model_dump_json()}
    insert_if_absent(connection, directories, row, on=("digest",))
    return digest


def keep_sources(connection: Connection, sources: Sources) -> None:
    """Keep what the directory in force is composed of."""
    assert sources.base is not None  # noqa: S101 - checked by the caller
    connection.execute(
        update(directory_sources).values(
            base=keep(connection, sources.base),
            origin=sources.origin,
            file=sources.file,
            overlay=sources.overlay.model_dump_json(),
        )
    )


def row_of(made: Made, digest: str, begins: datetime) -> dict[str, Any]:
    """Return the columns of a new version."""
    return {
        "digest": digest,
        "in_force_from": begins,
        "made_by": made.by,
        "why": made.why,
        "about": made.about,
        "reason_id": made.reason.id if made.reason else None,
        "reason_digest": made.reason.digest if made.reason else None,
    }


def version_of(row: Row[Any]) -> Version:
    """Return a version as its row says it."""
    return Version(
        number=row.id,
        digest=row.digest,
        in_force_from=row.in_force_from,
        by=row.made_by,
        why=Change(row.why),
        about=row.about,
        reason=SealedText(id=row.reason_id, digest=row.reason_digest) if row.reason_id else None,
    )
