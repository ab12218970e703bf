"""The access chain in the register and in locked storage: nothing is given out before it is in both."""

from __future__ import annotations

import asyncio
from typing import Final

from andon.adapters.store.ledger import LINES, batch_key, lines_of
from andon.domain.custody import Access
from andon.domain.ledger import Entry
from andon.domain.values import IncidentId, Instant, Sha256Hex
from andon.ports import EvidenceStore
from andon.register.access_chain import AccessChain

AT_A_TIME: Final = 8


class LockedAccessLog:
    """Writes access chains; each entry is a locked object of its own."""

    def __init__(self, store: EvidenceStore, chain: AccessChain) -> None:
        self._store = store
        self._chain = chain

    async def record(
        self,
        incident: IncidentId,
        actor: str,
        what: str,
        item: str,
        reason: Sha256Hex | None,
        at: Instant,
    ) -> Entry:
        """Write one entry and return it once it is locked."""
        return await self.write(
            Access(incident=incident, actor=actor, what=what, item=item, reason=reason, at=at)
        )

    async def write(self, access: Access) -> Entry:
        """Write one entry and return it once it is locked."""
        (entry,) = await asyncio.to_thread(self._chain.append, [access])
        await self.lock(access.incident)
        return entry

    async def lock(self, incident: IncidentId) -> None:
        """Bring what the register holds of a chain into locked storage; a repeat changes nothing."""
        entries = await asyncio.to_thread(self._chain.unlocked, incident)
        for first in range(0, len(entries), AT_A_TIME):
            some = entries[first : first + AT_A_TIME]
            # One object an entry: two who write at once then write the same objects.
            await asyncio.gather(*map(self._keep, some))
            await asyncio.to_thread(self._chain.locked, some)

    async def lock_all(self) -> dict[IncidentId, Exception]:
        """Bring every chain into locked storage; one that cannot be holds up no other.

        Returns:
            Those that could not be, and why; a `StoreConflictError` is a fork, and stays one.
        """
        failed: dict[IncidentId, Exception] = {}
        for incident in await asyncio.to_thread(self._chain.waiting):
            try:
                await self.lock(incident)
            except Exception as error:  # noqa: BLE001 - handed back, one by one
                failed[incident] = error
        return failed

    async def _keep(self, entry: Entry) -> None:
        exhibits = (
            await asyncio.to_thread(self._chain.exhibits, entry) if "statement" in entry.digests else []
        )
        await self._store.put(batch_key(entry), lines_of([entry], exhibits), content_type=LINES)
