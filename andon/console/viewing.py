"""Showing evidence: as much as a role may see, on record before it is shown."""

from __future__ import annotations

import asyncio
from datetime import timedelta

from andon.adapters.redaction.views import Viewer
from andon.api.authentication import Caller
from andon.api.problems import ProblemError
from andon.console.handing_out import HandedOut
from andon.console.models.viewing import FiguresShown, ViewShown, figures_shown, view_shown
from andon.console.parts import Parts
from andon.console.slips import SealedSlips
from andon.domain.custody import Access, AccessKind
from andon.domain.errors import NotFoundError
from andon.domain.evidence import EvidenceItem
from andon.domain.redaction import Level, View
from andon.domain.values import Frozen, IncidentId, Sha256Hex
from andon.register.slips import Slip
from andon.register.views import Views


class NotShownError(ProblemError):
    """A role that sees nothing of this kind of evidence asked for it."""

    def __init__(self, kind: str) -> None:
        super().__init__(
            403, "not-shown", f"Your role sees no evidence of the kind {kind}. That you asked is on record."
        )


class ViewTicket(Frozen):
    """A redacted view that may be downloaded once as a file; it is on record that it was given out."""

    incident: IncidentId
    item: Sha256Hex


class Viewing:
    """Answers what a person may see of an item."""

    def __init__(self, parts: Parts, slips: SealedSlips) -> None:
        self._parts = parts
        self._slips = slips
        self._viewer = Viewer(parts.store, parts.vault, Views(parts.databases.register), parts.now)

    async def show(self, incident: IncidentId, digest: Sha256Hex, caller: Caller) -> ViewShown:
        """Return as much of an item as the caller's role sees; the access chain has it before they do.

        Raises:
            NotFoundError: the incident has no such item, or its stored bytes are gone.
            NotShownError: the role sees nothing of its kind.
            SignatureError: the stored bytes do not open.
        """
        return view_shown(incident, *await self._looked(incident, digest, caller))

    async def sealed(self, incident: IncidentId, digest: Sha256Hex, caller: Caller) -> View:
        """Return an item's redacted view itself, which the access chain names by its digest.

        Raises:
            NotShownError: the role sees no content of its kind.
        """
        item, view, _, level = await self._looked(incident, digest, caller)
        if level is not Level.CONTENT:
            raise NotShownError(item.kind)
        return view

    async def _looked(
        self, incident: IncidentId, digest: Sha256Hex, caller: Caller
    ) -> tuple[EvidenceItem, View, Sha256Hex, Level]:
        item = await asyncio.to_thread(self._item, incident, digest)
        level = (await asyncio.to_thread(self._parts.policy.shelf)).views.level(caller.role, item.kind)
        if level is Level.NOTHING:
            await self._record(incident, item, caller, AccessKind.VIEW_REFUSED, level)
            raise NotShownError(item.kind)
        made = await self._viewer.view(incident, item)
        await self._record(incident, item, caller, AccessKind.VIEWED, level, view=made.digest)
        return item, made.view, made.digest, level

    async def text(self, incident: IncidentId, digest: Sha256Hex, caller: Caller) -> tuple[ViewShown, str]:
        """Return an item's redacted content, to be given out as a file.

        Raises:
            NotShownError: the role sees no content of its kind.
            NotFoundError: the item has no view as text.
        """
        shown = await self.show(incident, digest, caller)
        if shown.level is not Level.CONTENT:
            raise NotShownError(shown.kind)
        if shown.text is None:
            raise NotFoundError("view as text", shown.item)
        return shown, shown.text

    async def file(self, incident: IncidentId, digest: Sha256Hex, caller: Caller) -> HandedOut:
        """Return an item's redacted content as a file.

        Raises:
            NotShownError: the role sees no content of its kind.
            NotFoundError: the item has no view as text.
        """
        return _file(*await self.text(incident, digest, caller))

    async def offer(
        self, incident: IncidentId, digest: Sha256Hex, caller: Caller, good_for: timedelta
    ) -> str:
        """Return a secret with which the file is had once, by whoever has it; that it was taken is on record.

        Raises:
            NotShownError: the role sees no content of its kind.
            NotFoundError: the item has no view as text.
        """
        await self.text(incident, digest, caller)
        return await self._slips.put(Slip.VIEW, ViewTicket(incident=incident, item=digest), good_for)

    async def hand_over(self, secret: str) -> HandedOut | None:
        """Return the file to whoever has its secret; None: it was used, is too old, or is for no view."""
        ticket = await self._slips.take(Slip.VIEW, secret, ViewTicket)
        if ticket is None:
            return None
        item = await asyncio.to_thread(self._item, ticket.incident, ticket.item)
        made = await self._viewer.view(ticket.incident, item)
        return _file(view_shown(ticket.incident, item, made.view, made.digest, Level.CONTENT), made.view.text)

    async def figures(self, incident: IncidentId) -> FiguresShown:
        """Return what kinds of personal data and secrets were recognised, and how often."""
        return figures_shown(incident, await asyncio.to_thread(self._parts.evidence.items, incident))

    def _item(self, incident: IncidentId, digest: Sha256Hex) -> EvidenceItem:
        for item in self._parts.evidence.items(incident):
            if item.sha256 == digest:
                return item
        raise NotFoundError("evidence item", digest)

    async def _record(
        self,
        incident: IncidentId,
        item: EvidenceItem,
        caller: Caller,
        what: AccessKind,
        level: Level,
        **digests: Sha256Hex,
    ) -> None:
        await self._parts.custody.access.write(
            Access(
                incident=incident,
                actor=f"person:{caller.person}",
                what=what,
                at=self._parts.now(),
                item=item.id,
                role=caller.role,
                outcome=level.value,
                digests=digests,
            )
        )


def _file(shown: ViewShown, content: str | None) -> HandedOut:
    name = f"{shown.incident}-{shown.sha256[:16]}-redacted.txt"
    return HandedOut(name, "text/plain; charset=utf-8", (content or "").encode())
