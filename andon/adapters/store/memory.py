"""An evidence store in memory, held to the same contract as the real one."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from andon.adapters.clock import utc_now
from andon.domain.errors import NotFoundError, StoreConflictError
from andon.domain.values import sha256
from andon.ports import ObjectReceipt


@dataclass
class MemoryEvidenceStore:
    """Write-once storage that lasts as long as the object."""

    retention: timedelta = timedelta(days=1)
    now: Callable[[], datetime] = utc_now
    contents: dict[str, bytes] = field(default_factory=dict)
    receipts: dict[str, ObjectReceipt] = field(default_factory=dict)

    async def put(
        self,
        key: str,
        content: bytes,
        *,
        content_type: str,  # noqa: ARG002 - kept by real stores
        retention: timedelta | None = None,
    ) -> ObjectReceipt:
        """Store `content` unless something stands there."""
        standing = self.receipts.get(key)
        if standing is None:
            standing = ObjectReceipt(
                key=key,
                version_id=str(len(self.receipts) + 1),
                sha256=sha256(content),
                size_bytes=len(content),
                locked_until=self.now() + (retention or self.retention),
                lock_mode="COMPLIANCE",
            )
            self.receipts[key], self.contents[key] = standing, content
        if standing.sha256 != sha256(content):
            raise StoreConflictError(key, standing.sha256)
        return standing

    async def keep(self, key: str, content: bytes, *, content_type: str) -> None:
        """Store like `put`, without a receipt."""
        await self.put(key, content, content_type=content_type)

    async def get(self, key: str) -> bytes:
        """Return the content under `key`."""
        if key not in self.contents:
            raise NotFoundError("object", key)
        return self.contents[key]

    async def part(self, key: str, offset: int, size_bytes: int) -> bytes:
        """Return some of the content under `key`."""
        return (await self.get(key))[offset : offset + size_bytes]

    async def keys(self, prefix: str) -> list[str]:
        """Return the keys under a prefix, sorted."""
        return sorted(key for key in self.contents if key.startswith(prefix))
