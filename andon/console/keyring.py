"""People's own keys: listed, proven, added, revoked; each change is a version of the directory."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Final

from andon.api.problems import ProblemError
from andon.console.parts import Parts
from andon.console.slips import SealedSlips
from andon.domain.directory import Person
from andon.domain.enrolment import Claim, check_possession
from andon.domain.errors import NotFoundError, SignatureError
from andon.domain.personal_keys import PersonalKey
from andon.domain.values import Frozen, Instant, PersonId, Sha256Hex
from andon.register.slips import Slip

PROVING: Final = timedelta(minutes=10)
"""How long somebody may take to sign with a key that they add."""


class Unproven(Frozen):
    """A key that waits for its owner's signature."""

    person: PersonId
    key: Sha256Hex
    expires_at: Instant


class Keyring:
    """The keys of everybody, as the directory in force knows them."""

    def __init__(self, parts: Parts, slips: SealedSlips) -> None:
        self._parts = parts
        self._slips = slips

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

    async def claim(self, person: PersonId, key: PersonalKey) -> Claim:
        """Return what `person` signs with `key` to have it added; good once, for minutes.

        Raises:
            NotFoundError: the directory does not know them.
        """
        await self.owner(person)
        expires_at = (self._parts.now() + PROVING).replace(microsecond=0)
        waiting = Unproven(person=person, key=key.id, expires_at=expires_at)
        return self._claimed(waiting, await self._slips.put(Slip.KEY, waiting, PROVING))

    async def claimed(self, person: PersonId, nonce: str) -> Claim | None:
        """Return the claim that still waits under a nonce, if it is this person's."""
        waiting = await self._slips.look(Slip.KEY, nonce, Unproven)
        return self._claimed(waiting, nonce) if waiting and waiting.person == person else None

    async def add(
        self, person: PersonId, key: PersonalKey, nonce: str, signature: str
    ) -> tuple[PersonalKey, bool]:
        """Give a person a key they have proven to be theirs, from now on; return it, and whether it is new.

        A signature that does not hold uses nothing up: it can be made again while the claim waits.

        Raises:
            NotFoundError: the directory does not know them.
            ProblemError: nothing waits under this nonce, or the signature does not hold.
            InvalidInputError: the key is revoked or somebody else's, or this person can have none.
        """
        if held := await self._in_force(person, key.id):
            return held, False
        claim = await self.claimed(person, nonce)
        if claim is None:
            raise _spent()
        try:
            check_possession(claim, key, signature)
        except SignatureError as error:
            detail = f"The key was not added: {error}. Sign the text with the private half of this very key."
            raise ProblemError(400, "not-proven", detail) from error
        if await self._slips.take(Slip.KEY, nonce, Unproven) is None:
            raise _spent()
        return await self.take_in(person, key)

    async def take_in(self, person: PersonId, key: PersonalKey) -> tuple[PersonalKey, bool]:
        """Give a person a key whose possession was proven already; return it, and whether it is new.

        Raises:
            NotFoundError: the directory does not know them.
            InvalidInputError: the key is revoked or somebody else's, or this person can have none.
        """
        people, at = self._parts.people, self._parts.now()
        added = await asyncio.to_thread(people.add_key, person, key, at)
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

    async def _in_force(self, person: PersonId, key: Sha256Hex) -> PersonalKey | None:
        at = self._parts.now()
        return next(
            (one for one in (await self.owner(person)).keys if one.id == key and one.in_force_at(at)), None
        )

    async def _kept(self, person: PersonId, key: Sha256Hex) -> PersonalKey:
        return next(one for one in (await self.owner(person)).keys if one.id == key)

    def _claimed(self, waiting: Unproven, nonce: str) -> Claim:
        return Claim(
            console=self._parts.url,
            person=waiting.person,
            key=waiting.key,
            nonce=nonce,
            expires_at=waiting.expires_at,
        )


def _spent() -> ProblemError:
    return ProblemError(
        409, "no-claim", "The text you signed was used, is too old, or is not yours. Ask for a new one."
    )
