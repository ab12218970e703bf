"""What was archived of each incident, as the register keeps it beside locked storage."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Engine, and_, func, select

from andon.domain.archive import Archive, archive_key
from andon.domain.ledger import Chain, Kind
from andon.register.checkpoint_tables import archives
from andon.register.engine import insert_if_absent, reading, writing
from andon.register.tables import incidents, ledger_entries


@dataclass(frozen=True, slots=True)
class ArchiveRow:
    """One archive."""

    incident: str
    key: str
    milestone: str
    digest: str
    runs: int
    at: datetime


class Archives:
    """One row an archive."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def keep(self, archive: Archive) -> bool:
        """Keep an archive; a repeat changes nothing. Returns whether it is a new one."""
        row = {
            "incident": archive.incident,
            "key": archive_key(archive.incident, archive.milestone),
            "milestone": archive.milestone.kind,
            "digest": archive.digest(),
            "runs": len(archive.runs),
            "at": archive.at,
        }
        with writing(self._engine) as connection:
            return insert_if_absent(connection, archives, row, on=("incident", "key"))

    def of(self, incident: str) -> list[ArchiveRow]:
        """Return an incident's archives, oldest first."""
        wanted = select(archives).where(archives.c.incident == incident).order_by(archives.c.key)
        with reading(self._engine) as connection:
            return [ArchiveRow(**row._mapping) for row in connection.execute(wanted)]  # noqa: SLF001

    def due(self, before: datetime, limit: int = 50) -> list[tuple[str, int]]:
        """Return incidents closed before a moment that were not archived since, with their last entry."""
        whole = and_(archives.c.incident == incidents.c.incident, archives.c.milestone == Kind.CLOSED)
        wanted = (
            select(incidents.c.incident, func.max(ledger_entries.c.sequence))
            .outerjoin(archives, whole)
            .join(ledger_entries, ledger_entries.c.incident == incidents.c.incident)
            .where(
                incidents.c.closed_at < before,
                archives.c.key.is_(None),
                ledger_entries.c.chain == Chain.RESPONSE,
            )
            .group_by(incidents.c.incident)
            .order_by(incidents.c.incident)
            .limit(limit)
        )
        with reading(self._engine) as connection:
            return [(row[0], row[1]) for row in connection.execute(wanted)]
