"""The ports of storage that lasts: locked objects, ledger, access chains, statements, the incident file."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Protocol

from pydantic import Field

from andon.domain.custody import Access
from andon.domain.incident import Exhibit
from andon.domain.ledger import Entry, Head
from andon.domain.signing import Envelope
from andon.domain.values import Carried, IncidentId, Instant, Sha256Hex


class ObjectReceipt(Carried):
    """What the store says of an object it holds."""

    key: str
    version_id: str
    sha256: Sha256Hex
    size_bytes: int
    locked_until: Instant | None
    lock_mode: str = Field(
        "", description="COMPLIANCE or GOVERNANCE, as the store says it; empty: not locked"
    )


class EvidenceStore(Protocol):
    """Write-once storage with locks."""

    async def put(
        self, key: str, content: bytes, *, content_type: str, retention: timedelta | None = None
    ) -> ObjectReceipt:
        """Store `content` under `key` unless something stands there; locked for `retention`.

        Without one it is locked for as long as the settings say. Same bytes there already: the
        receipt of what stands. The receipt is read back from the store, lock included.

        Raises:
            StoreConflictError: other bytes stand under `key`. Final.
            EvidenceStoreError: the store refused. Final.
        """

    async def get(self, key: str) -> bytes:
        """Return the content under `key`.

        Raises:
            NotFoundError: nothing stands there. Final.
        """

    async def part(self, key: str, offset: int, size_bytes: int) -> bytes:
        """Return some of the content under `key`; less, if it ends before.

        Raises:
            NotFoundError: nothing stands there. Final.
        """

    async def keys(self, prefix: str) -> list[str]:
        """Return the keys under a prefix, sorted."""


class LedgerStore(Protocol):
    """Where batches of ledger entries come to rest: locked storage, then the register."""

    async def append(self, entries: Sequence[Entry], exhibits: Sequence[Exhibit]) -> Head:
        """Store entries and statements; a repeat with the same content changes nothing.

        Raises:
            StoreConflictError: another entry stands at one of these positions: a fork. Final.
        """

    async def head(self, incident: IncidentId) -> Head:
        """Return the head of the stored response chain."""


class AccessLog(Protocol):
    """The access chains: who looked, and what became of the evidence."""

    async def record(
        self,
        incident: IncidentId,
        actor: str,
        what: str,
        item: str,
        reason: Sha256Hex | None,
        at: Instant,
    ) -> Entry:
        """Write one entry and return it once it is locked.

        Whoever shows or exports evidence calls this first, and gives nothing out if it raises.
        """

    async def write(self, access: Access) -> Entry:
        """Write one entry with a role, an outcome or digests, and return it once it is locked."""


class StatementReader(Protocol):
    """Signed statements as they came to rest."""

    async def read(self, incident: IncidentId, digest: Sha256Hex) -> Envelope:
        """Return a stored statement.

        Raises:
            NotFoundError: no such statement is stored. Final.
        """


class FileWriter(Protocol):
    """Writes the incident file at the end."""

    async def write(self, incident: IncidentId) -> Sha256Hex:
        """Store the incident file in its eight parts and return its digest; a repeat changes nothing."""
