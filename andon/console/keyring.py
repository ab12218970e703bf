"""People's own keys in the directory: listed, added, revoked, each change a version of the directory."""

from __future__ import annotations

import asyncio

from andon.console.parts import Parts
from andon.domain.directory import Person
from andon.domain.errors import NotFoundError
from andon.domain.personal_keys import PersonalKey
from andon.domain.values import PersonId, Sha256Hex


class Keyring:
    """The keys of everybody, as the directory in force knows them."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts

    async def owner(self, person: PersonId) -> Person:
        """Return a person with all their keys, the revoked ones too.

        Raises:
            NotFoundError: the directory does not know them.
        """
        directory = await asyncio.to_thread(self._parts.people.latest)
        found = directory.person(person)
        if found is None:
            raise NotFoundError("person", person)
        return found

    async def add(self, person: PersonId, key: PersonalKey, *, by: PersonId) -> tuple[PersonalKey, bool]:
        """Give a person a key, from now on; return it, and whether it is new.

        Raises:
            NotFoundError: the directory does not know them.
            InvalidInputError: the key is revoked or somebody else's, or this person can have none.
        """
        people, at = self._parts.people, self._parts.now()
        added = await asyncio.to_thread(people.add_key, person, key, at, by=by)
        return await self._kept(person, key.id), added

    async def revoke(self, person: PersonId, key: Sha256Hex, *, by: PersonId) -> PersonalKey:
        """Let a key count no more, from now on; what it signed before still does.

        Raises:
            NotFoundError: there is no such person or key.
            InvalidInputError: the key is somebody else's.
        """
        people, at = self._parts.people, self._parts.now()
        await asyncio.to_thread(people.revoke_key, person, key, at, by=by)
        return await self._kept(person, key)

    async def _kept(self, person: PersonId, key: Sha256Hex) -> PersonalKey:
        return next(one for one in (await self.owner(person)).keys if one.id == key)
