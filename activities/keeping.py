"""Bringing what a source gave to rest: encrypted item by item, locked object by object."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

from andon.domain.errands import EvidenceQuery
from andon.domain.evidence import EvidenceItem
from andon.domain.values import digest_of, sha256
from andon.ports import Captured, EvidenceIndex, EvidenceSource, EvidenceStore, Vault


class Keeping:
    """Stores items, one or many to an object."""

    def __init__(
        self, store: EvidenceStore, vault: Vault, index: EvidenceIndex, now: Callable[[], datetime]
    ) -> None:
        self._store = store
        self._vault = vault
        self._index = index
        self._now = now

    async def kept(
        self, source: EvidenceSource, query: EvidenceQuery, snapshot: int, group: Sequence[Captured]
    ) -> list[EvidenceItem]:
        """Store a group as one object and return its items; a repeat finds the same bytes in place."""
        incident = query.incident
        contents = {f"{one.kind}/{source.name}/{one.name}": one.content for one in group}
        stored = await self._vault.encrypt_each(incident, contents)
        plain = await self._vault.commit_each(incident, contents)
        whole = b"".join(stored)
        digest = sha256(whole)
        key = f"evidence/{incident}/{digest}"
        # What is locked can't be removed: should this attempt be cut off, the manifest still names it.
        await self._index.intend(incident, snapshot, key)
        # A group is of one kind.
        term = await self._index.term(incident, group[0].kind)
        receipt = await self._store.put(
            key, whole, content_type="application/octet-stream", retention=term.term if term else None
        )
        alike: dict[str, Any] = {
            "source": source.name,
            "query": digest_of(query),
            "captured_at": self._now(),
            "key": receipt.key,
            "version_id": receipt.version_id,
            "locked_until": receipt.locked_until,
            "collector": f"{source.name}/{source.version}",
            "pack": digest if len(group) > 1 else "",
            "retention": term.name if term else "",
        }
        items: list[EvidenceItem] = []
        offset = 0
        for name, captured, sealed, commitment in zip(contents, group, stored, plain, strict=True):
            items.append(_item(captured, sealed, id=name, offset=offset, plain=commitment, **alike))
            offset += len(sealed)
        return items


def _item(captured: Captured, sealed: bytes, **place: Any) -> EvidenceItem:
    """Return the item of one capture; `place` says where it lies, and what it shares with its group."""
    return EvidenceItem(
        kind=captured.kind,
        source_at=captured.source_at,
        sha256=sha256(sealed),
        size_bytes=len(sealed),
        content_type=captured.content_type,
        found=captured.found,
        left_out=captured.left_out,
        skew_ms=captured.skew_ms,
        **place,
    )
