"""Legal holds in the store, made to follow what people and the severity say."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import datetime
from typing import Final

from andon.adapters.custody.s3 import S3Custody, Version
from andon.domain.custody import Access, AccessKind, HoldRule
from andon.domain.ledger import Chain
from andon.domain.values import IncidentId
from andon.ports import AccessLog
from andon.register.custody import Cause, HoldRow, Holds
from andon.register.incidents import IncidentRow, Incidents

AT_A_TIME: Final = 200
CUSTODIAN: Final = "custodian"


class Holding:
    """Sets and lifts holds; what it finds done already it leaves."""

    def __init__(
        self,
        rule: HoldRule,
        holds: Holds,
        incidents: Incidents,
        store: S3Custody,
        access: AccessLog,
        now: Callable[[], datetime],
    ) -> None:
        self._rule = rule
        self._holds = holds
        self._incidents = incidents
        self._store = store
        self._access = access
        self._now = now

    async def settle(self) -> int:
        """Bring every hold to where it is wanted; return how many incidents changed."""
        bands = [band.value for band in self._rule.on_at]
        for incident in await asyncio.to_thread(self._holds.spoken_of, bands):
            await self._hear(incident)
        changed = 0
        for hold in await asyncio.to_thread(self._holds.to_look_at):
            changed += await (self._set(hold) if hold.wanted else self._lift(hold))
        return changed

    async def _hear(self, incident: IncidentId) -> None:
        """Take over what an incident's workflow or its severity says, if it is the newest word."""
        row = await asyncio.to_thread(self._incidents.get, incident)
        hold = await asyncio.to_thread(self._holds.get, incident)
        word = newest_word(row, hold, self._rule, self._now()) if row else None
        if word is not None:
            await asyncio.to_thread(self._holds.want, word)

    async def _set(self, hold: HoldRow) -> bool:
        versions = await self._store.versions(hold.incident)
        before = await asyncio.to_thread(self._holds.held, hold.incident)
        missing = [one for one in versions if (one.key, one.id) not in before]
        for first in range(0, len(missing), AT_A_TIME):
            done = await self._store.hold(missing[first : first + AT_A_TIME], on=True)
            await asyncio.to_thread(self._holds.note_held, hold.incident, [(one.key, one.id) for one in done])
        after = await asyncio.to_thread(self._holds.held, hold.incident)
        whole = all((one.key, one.id) in after for one in versions)
        # Entries of the access chain are objects too, and are held as well; one that said so each time
        # would never come to an end.
        fresh = any(not _of_access(hold.incident, one) for one in missing)
        if whole and (fresh or not hold.in_force):
            await self._write(hold, AccessKind.HELD, len(versions))
        if whole is not hold.in_force or len(versions) != hold.versions or hold.settled_at is None:
            await self._settled(hold, in_force=whole, versions=len(versions))
        return bool(missing)

    async def _lift(self, hold: HoldRow) -> bool:
        versions = await self._store.versions(hold.incident)
        freed: list[Version] = []
        for first in range(0, len(versions), AT_A_TIME):
            freed += await self._store.hold(versions[first : first + AT_A_TIME], on=False)
        if len(freed) != len(versions):
            return False
        await asyncio.to_thread(self._holds.note_freed, hold.incident)
        await self._write(hold, AccessKind.HOLD_LIFTED, len(versions))
        await self._settled(hold, in_force=False, versions=0)
        return True

    async def _settled(self, hold: HoldRow, *, in_force: bool, versions: int) -> None:
        await asyncio.to_thread(
            lambda: self._holds.settle(hold.incident, in_force=in_force, versions=versions, at=self._now())
        )

    async def _write(self, hold: HoldRow, what: AccessKind, versions: int) -> None:
        await self._access.write(
            Access(
                incident=hold.incident,
                actor=CUSTODIAN,
                what=what,
                at=self._now(),
                outcome=hold.cause.value,
                reason=hold.reason,
                facts={"versions": versions},
            )
        )


def newest_word(row: IncidentRow, hold: HoldRow | None, rule: HoldRule, at: datetime) -> HoldRow | None:
    """Return what is to be wanted from now on, if that differs from what is.

    Legal's word in the incident comes before the severity's, and a later word before an earlier one.
    """
    declared = row.view.evidence_hold if row.view else None
    if declared is not None and (
        hold is None or hold.cause is Cause.SEVERITY or (not hold.wanted and hold.since < declared.since)
    ):
        return HoldRow(row.incident, True, Cause.LEGAL, declared.person, declared.reason, declared.since)
    if hold is None:
        if row.severity not in rule.on_at:
            return None
        return HoldRow(row.incident, True, Cause.SEVERITY, "andon", None, at)
    lifted = hold.wanted and hold.cause is Cause.LEGAL and declared is None and row.closed_at is None
    return HoldRow(row.incident, False, Cause.LEGAL, hold.person, None, at) if lifted else None


def _of_access(incident: IncidentId, version: Version) -> bool:
    return version.key.startswith(f"ledger/{incident}/{Chain.ACCESS}/")
