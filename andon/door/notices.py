"""What those who use an AI system are told: whether it runs, what to do instead, why it was let go again."""

from __future__ import annotations

import asyncio
import logging
from html import escape
from typing import Final

from sqlalchemy.exc import SQLAlchemyError

from andon.adapters.store.texts import SealedTexts
from andon.domain.containment import Hold
from andon.domain.errors import NotFoundError, SignatureError
from andon.domain.explanation import SystemNotice, explained_of, moment, notice_of
from andon.domain.incident import IncidentView
from andon.domain.system import AISystem
from andon.domain.use import UseDecided, use_now
from andon.domain.values import Slug
from andon.door.policy import PolicyDesk
from andon.ports import SealedText
from andon.register.incidents import Incidents
from andon.register.switches import Switches
from andon.register.system_uses import SystemUses

logger = logging.getLogger(__name__)

LOOKED_THROUGH: Final = 20
"""Incidents of an AI system, newest first, among which one with a restart is looked for."""
POLICY: Final = "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"


class Notices:
    """Tells from the switch store what is held; what only the register knows is left out while it is away."""

    def __init__(
        self,
        policy: PolicyDesk,
        switches: Switches,
        incidents: Incidents,
        uses: SystemUses,
        texts: SealedTexts,
    ) -> None:
        self._policy = policy
        self._switches = switches
        self._incidents = incidents
        self._uses = uses
        self._texts = texts

    async def of(self, system: Slug) -> SystemNotice | None:
        """Return the notice about an AI system; None: there is no such one in the inventory."""
        registered = self._policy.system(system)
        if registered is None:
            return None
        holds = await asyncio.to_thread(self._switches.holds, system)
        try:
            decided = await asyncio.to_thread(self._uses.of, system)
            view = await asyncio.to_thread(self._restarted, system)
            told = await self._told(view)
        except SQLAlchemyError:
            logger.warning("the register can't be asked: a notice says what is held and no more")
            decided, view, told = None, None, None
        return _notice(registered, holds, decided, view, told)

    def _restarted(self, system: Slug) -> IncidentView | None:
        """Return the newest incident of an AI system that was let go again or came to an explanation."""
        rows = self._incidents.list(system=system, limit=LOOKED_THROUGH)
        views = (row.view for row in rows if row.view is not None and not row.exercise)
        return next((one for one in views if one.watch_until is not None or explained_of(one)), None)

    async def _told(self, view: IncidentView | None) -> str | None:
        explained = explained_of(view)
        if explained is None:
            return None
        try:
            return await self._texts.open(SealedText(id=explained.text, digest=explained.digest))
        except (NotFoundError, SignatureError):
            logger.warning("an explanation can't be opened")
            return None


def _notice(
    system: AISystem,
    holds: list[Hold],
    decided: UseDecided | None,
    view: IncidentView | None,
    told: str | None,
) -> SystemNotice:
    return notice_of(
        system.id,
        system.name,
        use_now(system, holds, decided),
        [hold.reason for hold in holds],
        instead=system.fallback.instructions if system.fallback else "",
        restarted=view,
        explanation=told,
    )


def page_of(notice: SystemNotice) -> str:
    """Return the notice as a page: plain, with nothing in it but escaped text."""
    parts = [f"<p>{escape(one)}</p>" for one in notice.says]
    if notice.since is not None:
        parts.append(f"<p>Since {escape(moment(notice.since))}.</p>")
    if notice.instead:
        parts.append(f"<h2>What to do instead</h2>{_paragraphs(notice.instead)}")
    if notice.explanation:
        when = f" ({moment(notice.explained_at)})" if notice.explained_at else ""
        parts.append(f"<h2>What happened{escape(when)}</h2>{_paragraphs(notice.explanation)}")
    name = escape(notice.name)
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{name}: status</title></head>"
        f"<body><main><h1>{name}</h1>{''.join(parts)}</main></body></html>"
    )


def _paragraphs(text: str) -> str:
    return "".join(f"<p>{escape(one.strip())}</p>" for one in text.splitlines() if one.strip())
