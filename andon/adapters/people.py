"""The directory as the register keeps it."""

from __future__ import annotations

import asyncio

from andon.domain.directory import Standing, standing_at
from andon.domain.errors import NotFoundError
from andon.domain.values import NOTHING_YET, Instant, PersonId
from andon.register.people import People


class RegisterDirectory:
    """Looks people up in the directory that was in force."""

    def __init__(self, people: People) -> None:
        self._people = people

    async def standing(self, person: PersonId, at: Instant) -> Standing:
        """Return what the directory in force at `at` says of `person`; before the first, nobody is known."""
        try:
            directory = await asyncio.to_thread(self._people.directory_at, at)
        except NotFoundError:
            return Standing(
                person=person, known=False, suspended=False, roles=(), directory_digest=NOTHING_YET
            )
        return standing_at(directory, person, at)
