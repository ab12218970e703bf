"""Erasures that two people agreed on: keys destroyed with the entry that says so, then the files scrubbed."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from andon.adapters.custody.holding import CUSTODIAN
from andon.adapters.store.vault import AesVault
from andon.domain.custody import Access, AccessKind, Denied, HoldRule
from andon.domain.values import IncidentId
from andon.ports import AccessLog
from andon.register.access_chain import AccessChain
from andon.register.custody import ErasureRow, Erasures, Holds
from andon.register.evidence import Evidence
from andon.register.incidents import Incidents
from andon.register.scrubbing import Scrubbing
from andon.register.texts import StoredText, Texts

SPARED: Final = "custody"
"""Texts of this kind say why evidence was read, held or erased; they are erased by their own ids only."""


@dataclass(frozen=True, slots=True)
class Shelves:
    """Where the register keeps what an erasure is about."""

    erasures: Erasures
    holds: Holds
    incidents: Incidents
    evidence: Evidence
    texts: Texts
    chain: AccessChain
    scrubbing: Scrubbing


class Erasing:
    """Carries out what was agreed; a repeat after a kill goes on where it was."""

    def __init__(
        self,
        rule: HoldRule,
        shelves: Shelves,
        vault: AesVault,
        access: AccessLog,
        now: Callable[[], datetime],
    ) -> None:
        self._rule = rule
        self._shelves = shelves
        self._vault = vault
        self._access = access
        self._now = now

    async def carry_out(self) -> int:
        """Carry out all that two people agreed on; return how many came to their end."""
        unfinished = await asyncio.to_thread(self._shelves.erasures.unfinished)
        done = 0
        for erasure in unfinished:
            if erasure.destroyed_at is None and await self._held(erasure.incident):
                await self._refuse(erasure)
                continue
            if erasure.destroyed_at is None:
                await asyncio.to_thread(self._destroy, erasure)
            if await asyncio.to_thread(self._shelves.scrubbing.scrub):
                await asyncio.to_thread(self._shelves.erasures.note_scrubbed, erasure.id, self._now())
                done += 1
        return done

    async def _held(self, incident: IncidentId) -> bool:
        """Whether somebody held the evidence after the erasure was agreed to."""
        hold = await asyncio.to_thread(self._shelves.holds.get, incident)
        row = await asyncio.to_thread(self._shelves.incidents.get, incident)
        if hold is not None:
            return hold.wanted or hold.in_force
        return row is not None and row.severity in self._rule.on_at

    async def _refuse(self, erasure: ErasureRow) -> None:
        await self._access.write(
            Access(
                incident=erasure.incident,
                actor=CUSTODIAN,
                what=AccessKind.ERASURE_REFUSED,
                at=self._now(),
                item=erasure.id,
                outcome=Denied.HELD.value,
            )
        )
        await asyncio.to_thread(self._shelves.erasures.refuse, erasure.id)

    def _destroy(self, erasure: ErasureRow) -> None:
        """Destroy keys, say so, and remember it, in one transaction: no kill comes between them."""
        incident, at = erasure.incident, self._now()
        with self._shelves.incidents.together():
            texts = self._shelves.texts.of(incident)
            if erasure.items:
                names = places_of(erasure.items, texts)
                destroyed = self._vault.shred_now(incident, names, at)
            else:
                spared = [_place(one) for one in texts if one.kind == SPARED]
                items = [one.id for one in self._shelves.evidence.items(incident)]
                gone = [_place(one) for one in texts if one.kind != SPARED]
                destroyed = self._vault.shred_now(incident, [*items, *gone], at)
                destroyed += self._vault.shred_all_now(incident, at, spared=spared)
            self._shelves.chain.append([self._entry(erasure, one, at) for one in erasure.items or ("",)])
            self._shelves.erasures.note_destroyed(erasure.id, destroyed, at)

    def _entry(self, erasure: ErasureRow, item: str, at: datetime) -> Access:
        found = [one for one in self._shelves.evidence.items(erasure.incident) if one.id == item]
        return Access(
            incident=erasure.incident,
            actor=CUSTODIAN,
            what=AccessKind.KEY_SHREDDED,
            at=at,
            item=item,
            reason=erasure.reason,
            outcome="item" if item else "incident",
            digests={"object": found[-1].sha256} if found else {},
            facts={"erasure": erasure.id},
        )


def places_of(ids: Sequence[str], texts: Sequence[StoredText]) -> list[str]:
    """Return what items and texts are bound to, under which their keys are named."""
    by_id = {one.id: _place(one) for one in texts}
    return [by_id.get(one, one) for one in ids]


def _place(text: StoredText) -> str:
    return f"text/{text.kind}/{text.id}"
