"""Ledger entries and statements in locked storage, and then in the register.

Locked storage comes first: what the register says of a chain can always be found there too.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Final, Protocol

from andon.domain.errors import NotFoundError
from andon.domain.incident import Exhibit
from andon.domain.ledger import Chain, Entry, Head
from andon.domain.signing import Envelope
from andon.domain.values import IncidentId, Sha256Hex, canonical
from andon.ports import EvidenceStore
from andon.register.ledger import Ledger

JSON: Final = "application/json"
SIDE_BY_SIDE: Final = 8


class LockedObjects(EvidenceStore, Protocol):
    """Locked storage that also keeps what needs no receipt: the register holds each entry's digest."""

    async def keep(self, key: str, content: bytes, *, content_type: str) -> None:
        """Store `content` under `key` unless something stands there; locked by policy.

        Raises:
            StoreConflictError: other bytes stand under `key`. Final.
            EvidenceStoreError: the store refused. Final.
        """


class LockedLedger:
    """Each entry and each statement is a locked object of its own."""

    def __init__(self, store: LockedObjects, ledger: Ledger) -> None:
        self._store = store
        self._ledger = ledger

    async def append(self, entries: Sequence[Entry], exhibits: Sequence[Exhibit]) -> Head:
        """Store entries and statements; a repeat with the same content changes nothing."""
        objects = [(entry_key(entry), canonical(entry)) for entry in entries]
        objects += [
            (statement_key(entries[0].incident, exhibit.digest), canonical(exhibit.envelope))
            for exhibit in exhibits
            if entries
        ]
        slots = asyncio.Semaphore(SIDE_BY_SIDE)

        async def keep(key: str, content: bytes) -> None:
            async with slots:
                await self._store.keep(key, content, content_type=JSON)

        # All are waited for before an error is raised: no put may go on behind a retry's back.
        outcomes = await asyncio.gather(*(keep(*one) for one in objects), return_exceptions=True)
        for outcome in outcomes:
            if outcome is not None:
                raise outcome
        return await asyncio.to_thread(self._ledger.append, entries, exhibits)

    async def head(self, incident: IncidentId) -> Head:
        """Return the head of the response chain in locked storage; the register is brought up to it.

        Entries behind a missing one do not count: their batch never came to rest.
        """
        known = await asyncio.to_thread(self._ledger.head, incident, Chain.RESPONSE)
        stored = frozenset(await self._store.keys(f"ledger/{incident}/{Chain.RESPONSE}/"))
        length = known.length
        while (key := _key(incident, Chain.RESPONSE, length)) in stored:
            entry = Entry.model_validate_json(await self._store.get(key))
            known = await asyncio.to_thread(self._ledger.append, [entry])
            length = known.length
        return known


class StoredStatements:
    """Reads statements back from locked storage."""

    def __init__(self, store: EvidenceStore) -> None:
        self._store = store

    async def read(self, incident: IncidentId, digest: Sha256Hex) -> Envelope:
        """Return a stored statement."""
        try:
            content = await self._store.get(statement_key(incident, digest))
        except NotFoundError as error:
            raise NotFoundError("statement", digest) from error
        return Envelope.model_validate_json(content)


def entry_key(entry: Entry) -> str:
    """Return the object key of a ledger entry."""
    return _key(entry.incident, entry.chain, entry.sequence)


def statement_key(incident: IncidentId, digest: Sha256Hex) -> str:
    """Return the object key of a signed statement."""
    return f"statements/{incident}/{digest}.json"


def _key(incident: IncidentId, chain: Chain, sequence: int) -> str:
    return f"ledger/{incident}/{chain}/{sequence:08d}.json"
