"""Answers what AI systems there are, how each stands, and what incidents it had."""

from __future__ import annotations

import asyncio
from typing import Final

from andon.api.authentication import Caller
from andon.console.filters import Filters
from andon.console.inventory import EVERY, Sieve, sieved, systems_of
from andon.console.models.incident import IncidentListed
from andon.console.models.system import SystemShown, SystemWhole, VersionsSeen
from andon.console.parts import Parts
from andon.console.reading import Reading
from andon.domain.errors import NotFoundError
from andon.register.incidents import Listed

OPEN_AT_MOST: Final = 20
LAST_AT_MOST: Final = 5


class SystemDesk:
    """Answers what AI systems there are and how each stands."""

    def __init__(self, parts: Parts, reading: Reading) -> None:
        self._parts = parts
        self._reading = reading

    async def systems(self, sieve: Sieve = EVERY) -> list[SystemShown]:
        """Return the AI systems that fit, by id."""
        return sieved(await asyncio.to_thread(systems_of, self._parts), sieve)

    async def system(self, name: str, caller: Caller) -> SystemWhole:
        """Return one AI system with its incidents.

        Raises:
            NotFoundError: there is none.
        """
        found = next((one for one in await self.systems() if one.id == name), None)
        if found is None:
            raise NotFoundError("AI system", name)
        return SystemWhole(
            **{field: getattr(found, field) for field in SystemShown.model_fields},
            open_incidents=await self._incidents(name, Listed.OPEN, caller, OPEN_AT_MOST),
            last_incidents=await self._incidents(name, Listed.CLOSED, caller, LAST_AT_MOST),
            versions=await asyncio.to_thread(self._versions, name),
        )

    async def _incidents(
        self, name: str, state: Listed, caller: Caller, limit: int
    ) -> tuple[IncidentListed, ...]:
        found, _ = await self._reading.listed(Filters(state=state, system=name), caller, limit=limit)
        return tuple(found)

    def _versions(self, name: str) -> VersionsSeen | None:
        last = self._parts.evaluations.before(name, self._parts.now())
        if last is None or last.result.versions is None:
            return None
        return VersionsSeen(digest=last.result.versions, at=last.at, incident=last.incident)
