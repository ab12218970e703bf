"""Reading evidence items, each an object of its own or a stretch of one that holds many."""

from __future__ import annotations

from andon.domain.errors import EvidenceStoreError
from andon.domain.evidence import EvidenceItem
from andon.domain.values import IncidentId, sha256
from andon.ports import EvidenceStore, Vault


async def open_item(store: EvidenceStore, vault: Vault, incident: IncidentId, item: EvidenceItem) -> bytes:
    """Return an item in clear.

    Raises:
        NotFoundError: its object is gone.
        EvidenceStoreError: the store has other bytes than were sealed.
        SignatureError: the bytes do not open.
    """
    return await vault.decrypt(incident, await stored_item(store, item), bound_to=item.id)


async def stored_item(store: EvidenceStore, item: EvidenceItem) -> bytes:
    """Return an item's stored bytes, still encrypted.

    Raises:
        NotFoundError: its object is gone.
        EvidenceStoreError: the store has other bytes than were sealed.
    """
    if item.pack:
        stored = await store.part(item.key, item.offset, item.size_bytes)
    else:
        stored = await store.get(item.key)
    if sha256(stored) != item.sha256:
        raise EvidenceStoreError(f"{item.id} in {item.key} does not have the SHA-256 of its item")
    return stored
