"""Originals, holds and erasures: judged, written to the access chain, and only then done."""

from __future__ import annotations

import asyncio
import secrets
from dataclasses import dataclass
from typing import NoReturn

from andon.api.authentication import Caller
from andon.api.problems import ProblemError
from andon.api.server import ORIGINALS
from andon.console.declaring import Declaring
from andon.console.handing_out import HandedOut
from andon.console.models.custody import (
    ErasureBody,
    ErasureShown,
    HoldBody,
    HoldShown,
    OriginalBody,
    OriginalOffered,
    erasure_shown,
    hold_shown,
)
from andon.console.models.declaration import DeclarationBody
from andon.console.parts import Parts
from andon.console.slips import SealedSlips
from andon.domain.custody import (
    DENIALS,
    Access,
    AccessKind,
    Denied,
    RawAsked,
    judge_erasure,
    judge_raw,
)
from andon.domain.declaration import Declared
from andon.domain.directory import Role
from andon.domain.evidence import EvidenceItem
from andon.domain.ledger import Entry
from andon.domain.severity import Band
from andon.domain.values import Frozen, IncidentId, PersonId, Sha256Hex
from andon.register.custody import Cause, ErasureRow, ErasureState, HoldRow
from andon.register.incidents import IncidentRow
from andon.register.slips import Slip


class OriginalTicket(Frozen):
    """An original that may be downloaded once; it is on record that it was given out."""

    incident: IncidentId
    item: EvidenceItem
    person: PersonId
    sequence: int


@dataclass(frozen=True, slots=True)
class _Word:
    """What somebody does, as each of its entries tells it."""

    row: IncidentRow
    person: PersonId
    role: Role
    reason: Sha256Hex


class CustodyDesk:
    """Takes what people want done with the evidence of an incident."""

    def __init__(self, parts: Parts, declaring: Declaring, slips: SealedSlips) -> None:
        self._parts = parts
        self._custody = parts.custody
        self._declaring = declaring
        self._slips = slips

    async def offer(self, row: IncidentRow, caller: Caller, body: OriginalBody) -> OriginalOffered:
        """Offer an original for one download, once it is on record who gets it and why.

        Raises:
            ProblemError: 403 or 404; the access chain says so.
        """
        word = await self._word(row, caller, body.reason)
        item = await self._item(row.incident, body.item)
        if item is None:
            await self._refuse(word, AccessKind.RAW_REFUSED, Denied.NO_SUCH_ITEM)
        asked = RawAsked(person=word.person, role=word.role, item=item, at=self._parts.now())
        decisions = row.view.decisions if row.view else ()
        authority, denied = judge_raw(self._custody.policy.raw, row.severity, asked, decisions)
        if denied is not None:
            await self._refuse(word, AccessKind.RAW_REFUSED, denied, item.id)
        entry = await self._write(
            word, AccessKind.READ_RAW, item=item.id, outcome=authority, digests={"object": item.sha256}
        )
        ticket = OriginalTicket(incident=row.incident, item=item, person=word.person, sequence=entry.sequence)
        terms = self._custody.terms
        secret = await self._slips.put(Slip.ORIGINAL, ticket, terms.ticket)
        return OriginalOffered(
            item=item.id,
            url=f"{terms.originals_url or self._parts.url}{ORIGINALS}{secret}",
            expires_at=self._parts.now() + terms.ticket,
            authority=authority,
            sha256=item.sha256,
            sequence=entry.sequence,
        )

    async def hand_over(self, secret: str) -> HandedOut | None:
        """Return an original to whoever has its ticket; nobody gets it again with that one.

        Returns:
            None: the ticket was used, is too old, or is none for an original.

        Raises:
            ErasedError: its key was destroyed.
        """
        ticket = await self._slips.take(Slip.ORIGINAL, secret, OriginalTicket)
        if ticket is None:
            return None
        item = ticket.item
        content = await self._custody.original(ticket.incident, item)
        return HandedOut(f"{item.kind}-{item.sha256[:12]}.bin", "application/octet-stream", content)

    async def held(self, row: IncidentRow) -> HoldShown:
        """Return how the hold stands."""
        return hold_shown(row.incident, await asyncio.to_thread(self._custody.holds.get, row.incident))

    async def hold(self, row: IncidentRow, caller: Caller, body: HoldBody) -> HoldShown:
        """Hold the evidence, or lift that; in an open incident its workflow hears of it first.

        Raises:
            RefusedError: the workflow refused it.
            ProblemError: 403 or 409; the access chain says so.
        """
        word = await self._word(row, caller, body.reason)
        if word.role not in self._custody.policy.hold.by:
            await self._refuse(word, AccessKind.HOLD_REFUSED, Denied.WRONG_ROLE)
        before = await asyncio.to_thread(self._custody.holds.get, row.incident)
        declared = row.view is not None and row.view.evidence_hold is not None
        wanted = before.wanted if before else row.severity in self._custody.policy.hold.on_at
        if row.closed_at is None and declared is not body.hold:
            kind = Declared.EVIDENCE_HOLD if body.hold else Declared.EVIDENCE_HOLD_LIFTED
            said = DeclarationBody(kind=kind, reason=body.reason, role=word.role)
            await self._declaring.take(row, caller, said, None)
        elif wanted is body.hold:
            await self._refuse(word, AccessKind.HOLD_REFUSED, Denied.ALREADY_SO)
        now = HoldRow(
            incident=row.incident,
            wanted=body.hold,
            cause=Cause.LEGAL,
            person=word.person,
            reason=word.reason,
            since=self._parts.now(),
        )
        await self._write(word, AccessKind.HOLD_ASKED if body.hold else AccessKind.HOLD_LIFT_ASKED)
        await asyncio.to_thread(self._custody.holds.want, now)
        return await self.held(row)

    async def ask_erasure(self, row: IncidentRow, caller: Caller, body: ErasureBody) -> ErasureShown:
        """Take the first person's word that something be erased.

        Raises:
            ProblemError: 403, 404 or 409; the access chain says so.
        """
        word = await self._word(row, caller, body.reason)
        denied = judge_erasure(self._custody.policy.erasure, [(word.person, word.role)])
        denied = denied or await self._against(row, body.items)
        if denied is not None:
            await self._refuse(word, AccessKind.ERASURE_REFUSED, denied)
        erasure = ErasureRow(
            id=f"ER-{secrets.token_hex(6)}",
            incident=row.incident,
            items=body.items,
            reason=word.reason,
            state=ErasureState.ASKED,
            asked_by=word.person,
            asked_as=word.role,
            asked_at=self._parts.now(),
        )
        await self._write(
            word, AccessKind.ERASURE_ASKED, item=erasure.id, facts={"items": len(body.items) or "all"}
        )
        await asyncio.to_thread(self._custody.erasures.ask, erasure)
        return erasure_shown(erasure)

    async def confirm_erasure(
        self, row: IncidentRow, caller: Caller, erasure: str, reason: str
    ) -> ErasureShown:
        """Take the second person's word; the custodian then destroys the keys.

        Raises:
            NotFoundError: there is no such erasure.
            ProblemError: 403 or 409; the access chain says so.
        """
        word = await self._word(row, caller, reason)
        asked = await asyncio.to_thread(self._custody.erasures.get, row.incident, erasure)
        agreed = [(asked.asked_by, asked.asked_as), (word.person, word.role)]
        denied = None if asked.state is ErasureState.ASKED else Denied.SETTLED
        denied = denied or judge_erasure(self._custody.policy.erasure, agreed)
        denied = denied or await self._against(row, asked.items)
        if denied is not None:
            await self._refuse(word, AccessKind.ERASURE_REFUSED, denied, erasure)
        at = self._parts.now()
        await self._write(word, AccessKind.ERASURE_CONFIRMED, item=erasure)
        taken = await asyncio.to_thread(self._custody.erasures.confirm, erasure, word.person, word.role, at)
        if not taken:
            await self._refuse(word, AccessKind.ERASURE_REFUSED, Denied.SETTLED, erasure)
        return erasure_shown(await asyncio.to_thread(self._custody.erasures.get, row.incident, erasure))

    async def _against(self, row: IncidentRow, items: tuple[str, ...]) -> Denied | None:
        """Return what speaks against an erasure as things stand."""
        if is_held(row, await asyncio.to_thread(self._custody.holds.get, row.incident), self._on_at):
            return Denied.HELD
        if not items:
            return Denied.OPEN if row.closed_at is None else None
        known = {one.id for one in await asyncio.to_thread(self._parts.evidence.items, row.incident)}
        known |= {one.id for one in await asyncio.to_thread(self._parts.kept_texts.of, row.incident)}
        return None if known.issuperset(items) else Denied.NO_SUCH_ITEM

    @property
    def _on_at(self) -> tuple[Band, ...]:
        return self._custody.policy.hold.on_at

    async def _item(self, incident: IncidentId, name: str) -> EvidenceItem | None:
        items = await asyncio.to_thread(self._parts.evidence.items, incident)
        return next((one for one in reversed(items) if one.id == name), None)

    async def _word(self, row: IncidentRow, caller: Caller, reason: str) -> _Word:
        if caller.role is None:
            raise ProblemError(403, "forbidden", "This token stands for no person; people speak here.")
        sealed = await self._parts.texts.seal(row.incident, "custody", reason)
        return _Word(row, caller.person, caller.role, sealed.digest)

    async def _write(
        self,
        word: _Word,
        what: AccessKind,
        *,
        item: str = "",
        outcome: str = "",
        digests: dict[str, Sha256Hex] | None = None,
        facts: dict[str, str | int | bool] | None = None,
    ) -> Entry:
        return await self._custody.access.write(
            Access(
                incident=word.row.incident,
                actor=f"person:{word.person}",
                what=what,
                at=self._parts.now(),
                item=item,
                reason=word.reason,
                role=word.role,
                outcome=outcome,
                digests=digests or {},
                facts=facts or {},
            )
        )

    async def _refuse(self, word: _Word, what: AccessKind, denied: Denied, item: str = "") -> NoReturn:
        await self._write(word, what, item=item, outcome=denied.value)
        raise DeniedError(denied)


class DeniedError(ProblemError):
    """Something is not done; the access chain says so."""

    def __init__(self, denied: Denied) -> None:
        self.denied = denied
        super().__init__(_STATUS.get(denied, 409), denied.value.replace("_", "-"), DENIALS[denied])


_STATUS = {
    Denied.NEEDS_DECISION: 403,
    Denied.WRONG_ROLE: 403,
    Denied.SAME_PERSON: 403,
    Denied.NO_SUCH_ITEM: 404,
}


def is_held(row: IncidentRow, hold: HoldRow | None, on_at: tuple[Band, ...]) -> bool:
    """Whether an incident's evidence is held, or would be as soon as the custodian looks at it."""
    if row.closed_at is None and row.view is not None and row.view.evidence_hold is not None:
        return True
    if hold is not None:
        return hold.wanted or hold.in_force
    return row.severity in on_at
