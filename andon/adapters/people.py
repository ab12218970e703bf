"""The directory as the register keeps it."""

from __future__ import annotations

import asyncio

from andon.domain.directory import Standing
from andon.domain.values import Instant, PersonId
from andon.register.standings import Standings


class RegisterDirectory:
    """Looks people up in the directory that was in force."""

    def __init__(self, standings: Standings) -> None:
        self._standings = standings

    async def standing(self, person: PersonId, at: Instant) -> Standing:
        """Return what the directory in force at `at` says of `person`; before the first, nobody is known."""
        return await asyncio.to_thread(self._standings.standing, person, at)
