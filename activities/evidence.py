"""Taking evidence from its sources into locked storage, and sealing what was taken."""

from __future__ import annotations

import base64
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import aclosing
from datetime import datetime
from functools import partial
from typing import Any, cast

from temporalio import activity

from activities.final import final_errors
from activities.keeping import Keeping
from activities.taking import Reached, Taking
from andon.domain.errands import EvidenceQuery
from andon.domain.errors import SignatureError, SourceError
from andon.domain.evidence import (
    EvidenceRow,
    Gap,
    GapReason,
    Manifest,
    Seal,
    seal_of,
    settle_kinds,
    settle_rows,
)
from andon.domain.values import Carried, IncidentId, Instant, Sha256Hex, Slug, canonical
from andon.ports import (
    Captured,
    EvidenceIndex,
    EvidenceSource,
    EvidenceSources,
    EvidenceStore,
    ResumableSource,
    Vault,
)


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
    supplies: tuple[Slug, ...] = ()
    """Kinds that it can give; empty: any."""


class SealCall(Carried):
    """A snapshot whose sources have all answered."""

    incident: IncidentId
    snapshot: int
    previous: Sha256Hex
    rows: tuple[EvidenceRow, ...]
    at: Instant
    supplied: tuple[Slug, ...] | None = None
    """Kinds that the sources supply; None: at least one did not say."""
    system: Slug = ""
    unread: tuple[Slug, ...] = ()
    """Sources that were not read to their end, in whatever number of attempts."""


class EvidenceActivities:
    """Writes evidence; has no right on levers."""

    def __init__(
        self,
        sources: EvidenceSources,
        store: EvidenceStore,
        vault: Vault,
        index: EvidenceIndex,
        now: Callable[[], datetime],
    ) -> None:
        self._sources = sources
        self._store = store
        self._vault = vault
        self._index = index
        self._keeping = Keeping(store, vault, index, now)

    @activity.defn(name="evidence.collect")
    async def collect(self, call: CollectCall) -> Collected:
        """Store everything the source has, encrypted and locked; what it lacks becomes a gap.

        A repeat finds the same bytes in place and stores nothing twice. After an attempt that was cut
        off, a source that can tell where it was goes on behind what is at rest.
        """
        source = await self._sources.of(call.query.system, call.source)
        if source is None:
            gaps = _all_missing(
                call.rows, call.source, frozenset(), GapReason.NOT_CONFIGURED, "no such source"
            )
            await self._index.save_items(call.query.incident, call.snapshot, (), gaps)
            return Collected(source=call.source, items=0, gaps=len(gaps))
        cursor, begun = await self._begun(call)
        if not (cursor and isinstance(source, ResumableSource)):
            cursor, begun = "", Reached()
        taking = Taking(
            begun,
            keep=partial(self._keeping.kept, source, call.query, call.snapshot),
            record=partial(self._index.save_items, call.query.incident, call.snapshot),
            conceal=partial(self._concealed, call),
        )
        async with aclosing(cast("Any", _found(source, call, cursor))) as found:
            reached = await taking.take(found)
        supplies = tuple(sorted(source.supplies))
        return Collected(source=call.source, items=reached.items, gaps=reached.gaps, supplies=supplies)

    @activity.defn(name="evidence.seal")
    async def seal(self, call: SealCall) -> Seal:
        """Write the manifest to locked storage; its digest is the evidence root.

        Raises:
            ApplicationError: `StoreConflictError`: another manifest stands there. Not retryable.
        """
        await self._name_unread(call)
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
            kinds=settle_kinds(call.rows, items, outcomes, gaps, call.supplied),
        )
        key = f"manifests/{call.incident}/{call.snapshot:04d}.json"
        with final_errors():
            await self._store.put(key, canonical(manifest), content_type="application/json")
        await self._index.save_manifest(manifest)
        return seal_of(manifest)

    async def _name_unread(self, call: SealCall) -> None:
        """Put on record what can't be known of: rows of sources that no attempt read to the end."""
        for name in call.unread:
            source = await self._sources.of(call.system, name)
            supplies = source.supplies if source is not None else frozenset()
            gaps = _all_missing(call.rows, name, supplies, GapReason.LATE, "not read to its end")
            await self._index.save_items(call.incident, call.snapshot, (), gaps)

    async def _begun(self, call: CollectCall) -> tuple[str, Reached]:
        """Return where the attempt before was cut off; one that nobody can read any more begins anew."""
        for told in activity.info().heartbeat_details[:1]:
            reached = Reached.model_validate(told)
            if reached.cursor:
                stored = base64.b64decode(reached.cursor)
                try:
                    cursor = await self._vault.decrypt(call.query.incident, stored, bound_to=_cursor_of(call))
                except SignatureError:
                    break
                return cursor.decode(), reached
        return "", Reached()

    async def _concealed(self, call: CollectCall, cursor: str) -> str:
        stored = await self._vault.encrypt(call.query.incident, cursor.encode(), bound_to=_cursor_of(call))
        return base64.b64encode(stored).decode()


async def _found(source: EvidenceSource, call: CollectCall, cursor: str) -> AsyncIterator[Captured | Gap]:
    """Yield what a source gives; if it gives nothing, a gap in each row that it could have filled."""
    if cursor and isinstance(source, ResumableSource):
        given = source.collect_after(call.query, cursor)
    else:
        given = source.collect(call.query)
    try:
        async with aclosing(cast("Any", given)) as found:
            async for one in found:
                yield one
    except SourceError as error:
        for gap in _all_missing(
            call.rows, call.source, source.supplies, GapReason(error.reason), error.detail
        ):
            yield gap


def _all_missing(
    rows: Sequence[EvidenceRow], source: Slug, supplies: frozenset[str], reason: GapReason, detail: str
) -> list[Gap]:
    return [
        Gap(row=row.id, reason=reason, source=source, detail=detail[:200])
        for row in rows
        if not row.later and (not supplies or supplies.intersection(row.kinds))
    ]


def _cursor_of(call: CollectCall) -> str:
    return f"cursor/{call.snapshot}/{call.source}"
