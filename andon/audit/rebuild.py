"""Rebuilding a lost register from locked storage and workflow histories.

1. Ledger: every batch in locked storage, in the order of its chain, with the statements in it.
2. Incidents: what each was opened with and what it showed last, from its histories in Temporal, or else
   from its archive.
3. Evidence: every sealed manifest, with its items and gaps.
4. Changes of closed incidents, as the entries of their follow-ups have left them.
5. The log over all incidents and its checkpoints, and what is archived.

Nothing that stands in the register is changed, so that a second run adds nothing. What can't be had
again is named: the register alone keeps keys, and what was encrypted with a lost key stays closed.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, Final, Protocol

from pydantic import ValidationError
from sqlalchemy import Engine
from temporalio.client import WorkflowHistory

from andon.adapters.store.ledger import read_batch
from andon.audit.archived import read_archive
from andon.audit.remembered import remembered
from andon.domain.archive import Archive, archives_under
from andon.domain.checkpoint import LOG, NOTES, read_lines
from andon.domain.errors import AndonError, LedgerBrokenError, NotFoundError
from andon.domain.evidence import Manifest
from andon.domain.incident import Exhibit, OpenIncident
from andon.domain.ledger import Chain, Entry, Head
from andon.domain.values import IncidentId
from andon.register.archives import Archives
from andon.register.checkpoints import CheckpointLog
from andon.register.evidence import Evidence
from andon.register.follow_ups import FollowUps
from andon.register.incidents import Incidents
from andon.register.ledger import Ledger
from andon.register.rebuilding import Rebuilding

_OF_INCIDENT: Final = re.compile(r"^ledger/(INC-[0-9]{8}-[0-9a-z]{6})/")
_FIRST: Final = re.compile(r"/(\d+)\.[a-z]+\Z")


class Objects(Protocol):
    """Locked storage, read only."""

    async def get(self, key: str) -> bytes:
        """Return the content under `key`."""

    async def keys(self, prefix: str) -> list[str]:
        """Return the keys under a prefix, sorted."""


Histories = Callable[[IncidentId], AsyncIterator[WorkflowHistory]]
"""Gives the histories that Temporal still has of an incident."""


@dataclass(frozen=True)
class Batch:
    """Entries that are to be put back, from one object."""

    key: str
    entries: list[Entry]
    exhibits: list[Exhibit]

    @property
    def head(self) -> Head:
        """The end of the chain once they are."""
        return Head(length=self.entries[-1].sequence + 1, digest=self.entries[-1].digest())


@dataclass
class Rebuilt:
    """What was put back, and what could not be."""

    incidents: int = 0
    entries: int = 0
    statements: int = 0
    manifests: int = 0
    items: int = 0
    leaves: int = 0
    checkpoints: int = 0
    archives: int = 0
    lost: list[str] = field(default_factory=list)

    def plain(self) -> dict[str, Any]:
        """Return it as JSON."""
        return asdict(self)


class Rebuild:
    """One run over one register."""

    def __init__(self, register: Engine, objects: Objects, histories: Histories) -> None:
        self._objects = objects
        self._histories = histories
        self._ledger = Ledger(register)
        self._evidence = Evidence(register)
        self._incidents = Incidents(register)
        self._rows = Rebuilding(register)
        self._log = CheckpointLog(register)
        self._archives = Archives(register)
        self._follow_ups = FollowUps(register)
        self._report = Rebuilt()

    async def run(self) -> Rebuilt:
        """Put back what can be had, and say what can't."""
        keys = await self._objects.keys("ledger/")
        incidents = sorted({found[1] for key in keys if (found := _OF_INCIDENT.match(key))})
        for incident in incidents:
            for chain in Chain:
                await self._chain(incident, chain, keys)
            await self._shown(incident)
            await asyncio.to_thread(self._follow_ups.rebuild, incident)
            await self._preserved(incident)
            await self._archived(incident)
            await asyncio.to_thread(self._name_what_is_lost, incident)
        await self._logged()
        return self._report

    async def _chain(self, incident: IncidentId, chain: Chain, keys: Sequence[str]) -> None:
        """Put back a chain; what the batch after it does not confirm is not taken."""
        prefix = f"ledger/{incident}/{chain}/"
        known = await asyncio.to_thread(self._ledger.head, incident, chain)
        batch: Batch | None = None
        for key in (key for key in keys if key.startswith(prefix)):
            length = batch.head.length if batch else known.length
            try:
                following = await self._batch(key, length)
                if following is None:
                    continue
                if batch is not None:
                    _confirmed(batch, following)
                    await self._put_back(batch)
            except (AndonError, ValidationError) as error:
                self._lose(batch.key if batch else key, f"and what follows in its chain: {_short(error)}")
                return
            batch = following
        if batch is not None:
            try:
                await self._put_back(batch)
            except AndonError as error:
                self._lose(batch.key, _short(error))

    async def _batch(self, key: str, length: int) -> Batch | None:
        """Return what a batch holds beyond the first `length` entries; None: nothing."""
        entries, exhibits = read_batch(await self._objects.get(key))
        fresh = [entry for entry in entries if entry.sequence >= length]
        return Batch(key, fresh, exhibits) if fresh else None

    async def _put_back(self, batch: Batch) -> None:
        await asyncio.to_thread(self._ledger.append, batch.entries, batch.exhibits)
        self._report.entries += len(batch.entries)
        self._report.statements += len(batch.exhibits)

    async def _shown(self, incident: IncidentId) -> None:
        """Put back what an incident was opened with and showed last."""
        histories = [history async for history in self._histories(incident)]
        found = remembered(incident, histories)
        if found.opening is None or found.view is None:
            older = remembered(incident, await self._from_archive(incident))
            found = older if older.opening is not None else found
        if found.opening is not None:
            await self._opened(found.opening)
        if found.view is not None:
            await asyncio.to_thread(self._incidents.show, found.view)
        if not await asyncio.to_thread(self._rows.knows, incident):
            self._lose(incident, "its chain is here; what it was opened with is in no history or archive")

    async def _opened(self, opening: OpenIncident) -> None:
        absent = await asyncio.to_thread(self._rows.incident, opening)
        self._report.incidents += absent

    async def _from_archive(self, incident: IncidentId) -> Iterable[WorkflowHistory]:
        keys = await self._objects.keys(archives_under(incident))
        contents = {key: await self._objects.get(key) for key in keys}
        try:
            return read_archive(incident, contents, contents.__getitem__).histories
        except NotFoundError:
            return ()
        except AndonError as error:
            self._lose(incident, f"its archive: {_short(error)}")
            return ()

    async def _preserved(self, incident: IncidentId) -> None:
        for key in await self._objects.keys(f"manifests/{incident}/"):
            try:
                manifest = Manifest.model_validate_json(await self._objects.get(key))
            except ValidationError as error:
                self._lose(key, _short(error))
                continue
            at = manifest.incident, manifest.snapshot
            await asyncio.to_thread(self._evidence.save_items, *at, manifest.items, manifest.gaps)
            await asyncio.to_thread(self._evidence.save_manifest, manifest)
            self._report.manifests += 1
            self._report.items += len(manifest.items)

    async def _archived(self, incident: IncidentId) -> None:
        for key in await self._objects.keys(archives_under(incident)):
            if "/histories/" in key:
                continue
            try:
                archive = Archive.model_validate_json(await self._objects.get(key))
            except ValidationError as error:
                self._lose(key, _short(error))
                continue
            self._report.archives += await asyncio.to_thread(self._archives.keep, archive)

    async def _logged(self) -> None:
        for key in await self._objects.keys(LOG):
            found = _FIRST.search(key)
            try:
                leaves = read_lines(await self._objects.get(key))
                size = await asyncio.to_thread(self._log.size)
                await asyncio.to_thread(self._log.append, int(found[1]) if found else -1, leaves)
            except AndonError as error:
                self._lose(key, f"and what follows it in the log: {_short(error)}")
                return
            self._report.leaves += await asyncio.to_thread(self._log.size) - size
        # Whoever signs the log finds its checkpoints where they lie; only they have its key.
        notes = [key for key in await self._objects.keys(NOTES) if key.endswith(".note")]
        self._report.checkpoints = len(notes)

    def _name_what_is_lost(self, incident: IncidentId) -> None:
        if not self._rows.can_open(incident):
            self._lose(
                incident,
                "its key was in the register alone: preserved originals and people's words stay closed "
                "for ever, unless a copy of the register has it",
            )
        entries = list(_all(self._ledger, incident))
        named = {entry.digests["directory"] for entry in entries if "directory" in entry.digests}
        for digest in sorted(one for one in named if not self._rows.has_directory(one)):
            self._lose(incident, f"the directory {digest[:16]} by which answers were judged")
        row = self._incidents.get(incident)
        if row is None or row.view is None:
            return
        if (missing := row.view.joined + 1 - self._rows.detections_of(incident)) > 0:
            self._lose(incident, f"{missing} detections, with the facts that they told")
        if row.closed_at is None:
            self._lose(incident, "the key by which detections join it: the next one opens another incident")

    def _lose(self, what: str, why: str) -> None:
        self._report.lost.append(f"{what}: {why}")


def _confirmed(batch: Batch, following: Batch) -> None:
    """Raise unless the next batch follows on from this one."""
    first = following.entries[0]
    if (first.sequence, first.previous) != (batch.head.length, batch.head.digest):
        raise LedgerBrokenError(first.sequence, f"does not follow what {batch.key} holds")


def _all(ledger: Ledger, incident: IncidentId) -> Iterable[Entry]:
    last = None
    while page := ledger.entries(incident, after=last):
        yield from page
        last = page[-1].sequence


def _short(error: Exception) -> str:
    return f"{type(error).__name__}: {str(error).splitlines()[0][:200]}"
