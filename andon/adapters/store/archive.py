"""Histories in locked storage, then in the access chain, then in the register."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import datetime
from typing import Final, Protocol

from andon.adapters.clock import utc_now
from andon.adapters.store.ledger import LockedObjects
from andon.domain.archive import Archive, ArchiveCall, RunKept, archive_key
from andon.domain.custody import Access, AccessKind
from andon.domain.errors import NotFoundError, StoreConflictError
from andon.domain.ledger import Entry
from andon.domain.values import IncidentId, sha256
from andon.register.archives import Archives

JSON: Final = "application/json"


class AccessWriter(Protocol):
    """Writes to access chains."""

    async def write(self, access: Access) -> Entry:
        """Write one entry and return it once it is locked."""


class LockedArchive:
    """Keeps archives; a repeat finds what an earlier attempt has stored."""

    def __init__(
        self,
        store: LockedObjects,
        archives: Archives,
        access: AccessWriter,
        build: Callable[[], str],
        now: Callable[[], datetime] = utc_now,
    ) -> None:
        self._store = store
        self._archives = archives
        self._access = access
        self._build = build
        self._now = now

    async def standing(self, call: ArchiveCall) -> Archive | None:
        """Return what an earlier attempt has archived at this milestone."""
        try:
            content = await self._store.get(archive_key(call.incident, call.milestone))
        except NotFoundError:
            return None
        return Archive.model_validate_json(content)

    async def keep_history(self, incident: IncidentId, run: RunKept, content: bytes) -> None:
        """Store one history under its digest."""
        if sha256(content) != run.sha256:
            raise StoreConflictError(run.key(incident), sha256(content))
        await self._store.keep(run.key(incident), content, content_type=JSON)

    async def keep(self, call: ArchiveCall, runs: tuple[RunKept, ...]) -> Archive:
        """Store what was archived, and write it down; an earlier attempt's stands."""
        made = Archive(
            incident=call.incident,
            milestone=call.milestone,
            at=self._now(),
            build=self._build(),
            runs=runs,
        )
        try:
            await self._store.keep(
                archive_key(call.incident, call.milestone), made.content(), content_type=JSON
            )
        except StoreConflictError:
            made = await self.standing(call) or made
        await self.written_down(made)
        return made

    async def written_down(self, archive: Archive) -> None:
        """Name an archive in the access chain and in the register; a repeat changes nothing."""
        known = await asyncio.to_thread(self._archives.of, archive.incident)
        key = archive_key(archive.incident, archive.milestone)
        if any(row.key == key for row in known):
            return
        await self._access.write(
            Access(
                incident=archive.incident,
                actor="andon",
                what=AccessKind.ARCHIVED,
                item=key,
                at=self._now(),
                outcome=archive.milestone.kind,
                digests={"archive": archive.digest()},
                facts={"runs": len(archive.runs), "events": sum(run.events for run in archive.runs)},
            )
        )
        await asyncio.to_thread(self._archives.keep, archive)
