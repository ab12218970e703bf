"""Evidence as a snapshot leaves it: encrypted, stored, and in the index."""

from __future__ import annotations

from datetime import datetime

from andon.adapters.store.vault import AesVault
from andon.domain.evidence import EvidenceItem
from andon.domain.values import sha256
from andon.ports import EvidenceStore


async def keep_item(
    incident: str, name: str, content: bytes, *, at: datetime, store: EvidenceStore, vault: AesVault
) -> EvidenceItem:
    """Store JSON under the name `kind/source/...` of an item, and return the item."""
    kind, source = name.split("/")[:2]
    stored = await vault.encrypt(incident, content, bound_to=name)
    receipt = await store.put(
        f"evidence/{incident}/{sha256(stored)}", stored, content_type="application/octet-stream"
    )
    return EvidenceItem(
        id=name,
        kind=kind,
        source=source,
        query="c" * 64,
        captured_at=at,
        sha256=sha256(stored),
        size_bytes=len(stored),
        content_type="application/json",
        key=receipt.key,
        version_id=receipt.version_id,
        locked_until=receipt.locked_until,
        collector=f"{source}/1",
    )
