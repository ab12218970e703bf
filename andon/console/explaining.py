"""What is watched after a restart, and what users are told of it, as the API and the pages show them."""

from __future__ import annotations

import asyncio

from andon.console.models.watch import ExplanationShown, WatchShown, drafted, watch_shown
from andon.console.parts import Parts
from andon.domain.errors import NotFoundError, SignatureError
from andon.ports import SealedText
from andon.register.incidents import IncidentRow


class Explaining:
    """Reads watches and explanations."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts

    async def watch(self, row: IncidentRow) -> WatchShown:
        """Return the watch of an incident with its last looks."""
        kept = await asyncio.to_thread(self._parts.watches.of, row.incident)
        plan = row.opening.plan if row.opening else None
        return watch_shown(row.incident, row.view, plan, kept, self._parts.now())

    async def explanation(self, row: IncidentRow) -> ExplanationShown:
        """Return a draft made from the record, and what was published."""
        system = await asyncio.to_thread(self._parts.systems.system, row.system)
        first, published = drafted(row.view, system.name if system else row.system, row.type)
        text = None
        if published is not None:
            try:
                text = await self._parts.texts.open(SealedText(id=published.text, digest=published.digest))
            except (NotFoundError, SignatureError):
                text = None
        return ExplanationShown(
            incident=row.incident,
            draft=first,
            published=text,
            published_at=published.at if published else None,
        )
