"""Ledger entries and statements in locked storage, and then in the register.

Locked storage comes first: what the register says of a chain can always be found there too. Each
batch is one object, named after its first entry: a put takes longer than all else an answer waits for.
"""

from __future__ import annotations

import asyncio
import re
from collections import OrderedDict
from collections.abc import Sequence
from typing import Final, Protocol

from andon.domain.errors import NotFoundError
from andon.domain.incident import Exhibit
from andon.domain.ledger import Chain, Entry, Head
from andon.domain.signing import Envelope
from andon.domain.values import IncidentId, Sha256Hex, canonical, sha256
from andon.ports import EvidenceStore
from andon.register.ledger import Ledger

LINES: Final = "application/jsonl"
REMEMBERED: Final = 2_000
_NAME: Final = re.compile(r"/(\d{8})\.jsonl$")


class LockedObjects(EvidenceStore, Protocol):
    """Locked storage that also keeps what needs no receipt: the register holds each entry's digest."""

    async def keep(self, key: str, content: bytes, *, content_type: str) -> None:
        """Store `content` under `key` unless something stands there; locked by policy.

        Raises:
            StoreConflictError: other bytes stand under `key`. Final.
            EvidenceStoreError: the store refused. Final.
        """


class LockedLedger:
    """Each batch is a locked object of its own: a line per entry, after it the statement it names."""

    def __init__(self, store: LockedObjects, ledger: Ledger) -> None:
        self._store = store
        self._ledger = ledger
        self._known: OrderedDict[Sha256Hex, Envelope] = OrderedDict()

    async def append(self, entries: Sequence[Entry], exhibits: Sequence[Exhibit]) -> Head:
        """Store entries and statements; a repeat with the same content changes nothing."""
        if entries:
            await self._store.keep(batch_key(entries[0]), lines_of(entries, exhibits), content_type=LINES)
            for exhibit in exhibits:
                self._remember(exhibit.digest, exhibit.envelope)
        return await asyncio.to_thread(self._ledger.append, entries, exhibits)

    async def head(self, incident: IncidentId) -> Head:
        """Return the head of the response chain in locked storage; the register is brought up to it.

        Entries behind a missing one do not count: their batch never came to rest.
        """
        known = await asyncio.to_thread(self._ledger.head, incident, Chain.RESPONSE)
        keys = await self._batches(incident)
        while key := next((key for key in reversed(keys) if _first(key) <= known.length), None):
            lines = (await self._store.get(key)).splitlines()
            held = [Entry.model_validate_json(line) for line in lines if not _is_statement(line)]
            fresh = [entry for entry in held if entry.sequence >= known.length]
            if not fresh:
                break
            known = await asyncio.to_thread(self._ledger.append, fresh)
        return known

    async def read(self, incident: IncidentId, digest: Sha256Hex) -> Envelope:
        """Return a stored statement.

        One that this process stored, or read, is not read again: locked bytes stay what they are, and
        the digest names them.
        """
        if digest not in self._known:
            await self._look_for(incident, digest)
        return self._known[digest]

    async def _look_for(self, incident: IncidentId, digest: Sha256Hex) -> None:
        for key in reversed(await self._batches(incident)):
            for line in (await self._store.get(key)).splitlines():
                if _is_statement(line):
                    self._remember(sha256(line), Envelope.model_validate_json(line))
            if digest in self._known:
                return
        raise NotFoundError("statement", digest)

    def _remember(self, digest: Sha256Hex, envelope: Envelope) -> None:
        self._known[digest] = envelope
        while len(self._known) > REMEMBERED:
            self._known.popitem(last=False)

    async def _batches(self, incident: IncidentId) -> list[str]:
        keys = await self._store.keys(f"ledger/{incident}/{Chain.RESPONSE}/")
        return [key for key in keys if _NAME.search(key)]


def batch_key(first: Entry) -> str:
    """Return the object key of the batch that begins with an entry."""
    return f"ledger/{first.incident}/{first.chain}/{first.sequence:08d}.jsonl"


def lines_of(entries: Sequence[Entry], exhibits: Sequence[Exhibit]) -> bytes:
    """Return the content of a batch: each line is what its digest, in the chain or in an entry, is of."""
    left = {exhibit.digest: exhibit.envelope for exhibit in exhibits}
    lines: list[bytes] = []
    for entry in entries:
        lines.append(canonical(entry))
        lines += [canonical(left.pop(one)) for one in entry.digests.values() if one in left]
    return b"".join(line + b"\n" for line in (*lines, *map(canonical, left.values())))


def read_batch(content: bytes) -> tuple[list[Entry], list[Exhibit]]:
    """Return the entries and the statements of a batch.

    Raises:
        ValidationError: a line is neither.
    """
    lines = content.splitlines()
    entries = [Entry.model_validate_json(line) for line in lines if not _is_statement(line)]
    said = [line for line in lines if _is_statement(line)]
    return entries, [
        Exhibit(digest=sha256(line), envelope=Envelope.model_validate_json(line)) for line in said
    ]


def _first(key: str) -> int:
    found = _NAME.search(key)
    assert found is not None  # noqa: S101 - only such keys are listed
    return int(found[1])


def _is_statement(line: bytes) -> bool:
    """Whether a line is an envelope; canonical JSON begins with the name that sorts first."""
    return line.startswith(b'{"payload":')
