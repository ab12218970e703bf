"""Ending what has had its time: the key first, the stored bytes once their lock has run out.

What an incident's severity keeps for longer is locked for longer; a lock never gets shorter.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

from andon.adapters.custody.erasing import SPARED, Shelves, places_of
from andon.adapters.custody.holding import CUSTODIAN
from andon.adapters.custody.s3 import S3Custody, Version
from andon.adapters.store.vault import AesVault
from andon.domain.custody import Access, AccessKind, HoldRule
from andon.domain.evidence import EvidenceItem
from andon.domain.retention import WORDS, RetentionPolicy
from andon.domain.severity import Band
from andon.domain.values import IncidentId
from andon.ports import AccessLog
from andon.register.incidents import IncidentRow
from andon.register.kept_items import TEXTS, DueItem, KeptItems

AHEAD: Final = timedelta(days=7)
"""How long before its time an item is looked at: what is to be kept longer is locked on in time."""
WHILE_OPEN: Final = timedelta(days=30)
"""For how long evidence is locked on while its incident is open."""
AT_A_TIME: Final = 500


@dataclass(frozen=True, slots=True)
class Ended:
    """What one round ended."""

    keyless: int = 0
    deleted: int = 0
    extended: int = 0


@dataclass(frozen=True, slots=True)
class Rules:
    """What keeps evidence, and for how long."""

    hold: HoldRule
    retention: RetentionPolicy


class Ending:
    """Looks at what is due, and ends it unless the law or the severity keeps it."""

    def __init__(
        self,
        rules: Rules,
        shelves: Shelves,
        kept: KeptItems,
        vault: AesVault,
        store: S3Custody,
        *,
        access: AccessLog,
        now: Callable[[], datetime],
    ) -> None:
        self._rules = rules
        self._shelves = shelves
        self._kept = kept
        self._vault = vault
        self._store = store
        self._access = access
        self._now = now

    async def end(self) -> Ended:
        """Go through what is due, or will be within days."""
        await asyncio.to_thread(self._keep_texts)
        ended = Ended()
        for one in await asyncio.to_thread(self._kept.due, self._now() + AHEAD, AT_A_TIME):
            ended = await self._look_at(one, ended)
        if ended.keyless:
            await asyncio.to_thread(self._shelves.scrubbing.scrub)
        return ended

    def _keep_texts(self) -> None:
        for incident, closed in self._kept.keep_texts(AT_A_TIME):
            row = self._shelves.incidents.get(incident)
            if row is not None:
                term = self._rules.retention.classes.get(
                    WORDS, self._rules.retention.classes[self._rules.retention.default]
                )
                self._kept.keep_texts_until(incident, closed + term.at(row.severity))

    async def _look_at(self, one: DueItem, ended: Ended) -> Ended:
        row = await asyncio.to_thread(self._shelves.incidents.get, one.incident)
        item = await asyncio.to_thread(self._item, one)
        if one.keyless_at is None:
            if await self._held(one.incident, row):
                return ended
            longer = self._longer(one, row, item)
            if longer is not None:
                return replace(ended, extended=ended.extended + await self._lock_on(one, item, longer))
            if one.due > self._now():
                return ended
            await asyncio.to_thread(self._destroy, one, item)
            ended = replace(ended, keyless=ended.keyless + 1)
        return replace(ended, deleted=ended.deleted + await self._delete(one, item))

    def _longer(self, one: DueItem, row: IncidentRow | None, item: EvidenceItem | None) -> datetime | None:
        """Return until when something is to be kept, if that is later than it was."""
        if row is None or item is None:
            return None
        due = item.captured_at + self._rules.retention.of(item.kind, row.severity).term
        if row.closed_at is None:
            due = max(due, self._now() + WHILE_OPEN)
        return due if due > one.due + timedelta(minutes=1) else None

    async def _lock_on(self, one: DueItem, item: EvidenceItem | None, until: datetime) -> int:
        if item is None or not item.version_id:
            return 0
        locked = await self._store.lock_until(Version(item.key, item.version_id), until)
        if locked is None or locked < until - timedelta(seconds=1):
            return 0
        await self._write(one, AccessKind.LOCK_EXTENDED, item, {"until": locked.isoformat()})
        await asyncio.to_thread(self._kept.put_off, one, until)
        return 1

    def _destroy(self, one: DueItem, item: EvidenceItem | None) -> None:
        """Destroy the key, say so, and remember it, in one transaction."""
        at = self._now()
        with self._shelves.incidents.together():
            texts = self._shelves.texts.of(one.incident)
            names = [text.id for text in texts if text.kind != SPARED] if one.item == TEXTS else [one.item]
            self._vault.shred_now(one.incident, places_of(names, texts), at)
            self._shelves.chain.append([self._access_of(one, AccessKind.EXPIRED, item, {})])
            self._kept.note_keyless(one, at)
            if item is None:
                self._kept.note_deleted(one, at)

    async def _delete(self, one: DueItem, item: EvidenceItem | None) -> int:
        """Delete the stored bytes, if they are free and nothing else lies in the same object."""
        if item is None or not await asyncio.to_thread(self._alone, one, item):
            return 0
        version = Version(item.key, item.version_id)
        until = await self._store.locked_until(version)
        if until is not None and until > self._now():
            return 0
        # Removed first: a repeat after a kill removes nothing more, and then says so.
        await self._store.delete(version)
        await self._write(one, AccessKind.OBJECT_DELETED, item, {})
        await asyncio.to_thread(self._kept.note_deleted, one, self._now())
        return 1

    def _alone(self, one: DueItem, item: EvidenceItem) -> bool:
        """Whether every item in the same object has lost its key; of a pack the last one takes it along."""
        within = {other.id for other in self._shelves.evidence.items(one.incident) if other.key == item.key}
        return within <= self._kept.keyless(one.incident)

    def _item(self, one: DueItem) -> EvidenceItem | None:
        items = self._shelves.evidence.items(one.incident, snapshot=one.snapshot)
        return next((item for item in items if item.id == one.item), None)

    async def _held(self, incident: IncidentId, row: IncidentRow | None) -> bool:
        hold = await asyncio.to_thread(self._shelves.holds.get, incident)
        if hold is not None:
            return hold.wanted or hold.in_force
        return row is not None and row.severity in self._rules.hold.on_at

    async def _write(
        self, one: DueItem, what: AccessKind, item: EvidenceItem, facts: dict[str, str | int | bool]
    ) -> None:
        await self._access.write(self._access_of(one, what, item, facts))

    def _class_of(self, item: EvidenceItem | None) -> str:
        """Return the class by which something is kept: the one of its capture, else of its kind today."""
        if item is None:
            return WORDS
        return item.retention or self._rules.retention.of(item.kind, Band.LOW).name

    def _access_of(
        self, one: DueItem, what: AccessKind, item: EvidenceItem | None, facts: dict[str, str | int | bool]
    ) -> Access:
        return Access(
            incident=one.incident,
            actor=CUSTODIAN,
            what=what,
            at=self._now(),
            item=one.item,
            outcome=self._class_of(item),
            digests={"object": item.pack or item.sha256} if item else {},
            facts={"due": one.due.isoformat(), **facts},
        )
