"""Taking evidence from its sources into locked storage, and sealing what was taken."""

from __future__ import annotations

import asyncio

from temporalio import activity

from activities.final import final_errors
from andon.domain.errands import EvidenceQuery
from andon.domain.errors import SourceError
from andon.domain.evidence import (
    EvidenceItem,
    EvidenceRow,
    Gap,
    GapReason,
    Manifest,
    Seal,
    seal_of,
    settle_kinds,
    settle_rows,
)
from andon.domain.values import Carried, IncidentId, Instant, Sha256Hex, Slug, canonical, digest_of, sha256
from andon.ports import Captured, EvidenceIndex, EvidenceSource, EvidenceSources, EvidenceStore, Vault

SIDE_BY_SIDE = 8
"""Uploads at a time: on two cores more threads do not upload faster."""


class CollectCall(Carried):
    """One source asked for one snapshot."""

    source: Slug
    snapshot: int
    query: EvidenceQuery
    rows: tuple[EvidenceRow, ...]
    at: Instant


class Collected(Carried):
    """How many items and gaps a source gave; the items themselves are in the index."""

    source: Slug
    items: int
    gaps: int


class SealCall(Carried):
    """A snapshot whose sources have all answered."""

    incident: IncidentId
    snapshot: int
    previous: Sha256Hex
    rows: tuple[EvidenceRow, ...]
    at: Instant


class EvidenceActivities:
    """Writes evidence; has no right on levers."""

    def __init__(
        self,
        sources: EvidenceSources,
        store: EvidenceStore,
        vault: Vault,
        index: EvidenceIndex,
    ) -> None:
        self._sources = sources
        self._store = store
        self._vault = vault
        self._index = index

    @activity.defn(name="evidence.collect")
    async def collect(self, call: CollectCall) -> Collected:
        """Store everything the source has, encrypted and locked; what it lacks becomes a gap.

        A repeat finds the same bytes in place and stores nothing twice.
        """
        items: list[EvidenceItem] = []
        gaps: list[Gap] = []
        source = await self._sources.of(call.query.system, call.source)
        if source is None:
            gaps = _all_missing(call, GapReason.NOT_CONFIGURED, "no such source")
        else:
            await self._take_all(source, call, items, gaps)
        await self._index.save_items(call.query.incident, call.snapshot, items, gaps)
        return Collected(source=call.source, items=len(items), gaps=len(gaps))

    @activity.defn(name="evidence.seal")
    async def seal(self, call: SealCall) -> Seal:
        """Write the manifest to locked storage; its digest is the evidence root.

        Raises:
            ApplicationError: `StoreConflictError`: another manifest stands there. Not retryable.
        """
        items, gaps = await self._index.collected(call.incident, call.snapshot)
        leftovers = await self._index.leftovers(call.incident, call.snapshot)
        outcomes, named = settle_rows(call.rows, items, gaps)
        manifest = Manifest(
            incident=call.incident,
            snapshot=call.snapshot,
            sealed_at=call.at,
            previous=call.previous,
            items=items,
            rows=outcomes,
            gaps=named,
            leftovers=leftovers,
            kinds=settle_kinds(call.rows, items, outcomes),
        )
        key = f"manifests/{call.incident}/{call.snapshot:04d}.json"
        with final_errors():
            await self._store.put(key, canonical(manifest), content_type="application/json")
        await self._index.save_manifest(manifest)
        return seal_of(manifest)

    async def _take_all(
        self, source: EvidenceSource, call: CollectCall, items: list[EvidenceItem], gaps: list[Gap]
    ) -> None:
        slots = asyncio.Semaphore(SIDE_BY_SIDE)

        async def keep(captured: Captured) -> None:
            try:
                items.append(await self._kept(source, call, captured))
            finally:
                slots.release()
            activity.heartbeat(len(items))

        async with asyncio.TaskGroup() as uploads:
            try:
                async for found in source.collect(call.query):
                    if isinstance(found, Gap):
                        gaps.append(found)
                        continue
                    await slots.acquire()
                    uploads.create_task(keep(found))
            except SourceError as error:
                gaps += _all_missing(call, GapReason(error.reason), error.detail)

    async def _kept(self, source: EvidenceSource, call: CollectCall, captured: Captured) -> EvidenceItem:
        incident = call.query.incident
        bound_to = f"{captured.kind}/{source.name}/{captured.name}"
        stored = await self._vault.encrypt(incident, captured.content, bound_to=bound_to)
        digest = sha256(stored)
        key = f"evidence/{incident}/{digest}"
        # What is locked can't be removed: should this attempt be cut off, the manifest still names it.
        await self._index.intend(incident, call.snapshot, key)
        receipt = await self._store.put(key, stored, content_type="application/octet-stream")
        return EvidenceItem(
            id=bound_to,
            kind=captured.kind,
            source=source.name,
            query=digest_of(call.query),
            captured_at=call.at,
            source_at=captured.source_at,
            sha256=digest,
            size_bytes=len(stored),
            content_type=captured.content_type,
            key=receipt.key,
            version_id=receipt.version_id,
            locked_until=receipt.locked_until,
            collector=f"{source.name}/{source.version}",
        )


def _all_missing(call: CollectCall, reason: GapReason, detail: str) -> list[Gap]:
    return [
        Gap(row=row.id, reason=reason, source=call.source, detail=detail[:200])
        for row in call.rows
        if not row.later
    ]
