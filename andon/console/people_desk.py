"""Changing the directory for somebody who asks, and telling what came of it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from functools import partial
from typing import Any, Final

from andon.api.authentication import Caller
from andon.api.problems import ProblemError
from andon.console.access import ADMINISTERING
from andon.console.leads import tell_leaderless
from andon.console.models.directory import (
    DirectoryChanged,
    DirectoryTold,
    NewAbsence,
    PersonTold,
    VersionTold,
    person_told,
    version_told,
)
from andon.console.parts import Parts
from andon.domain.directory import Absence, Directory, Person
from andon.domain.errors import OutdatedError
from andon.domain.values import PersonId
from andon.register.people import Origin, Version
from playbooks.directory_check import mistakes_in

PLACE: Final = "directory"
"""Under this name reasons are sealed, where those of an incident have its id."""
SHOWN_MISTAKES: Final = 100


class PeopleDesk:
    """The directory as callers see and change it."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._people = parts.people

    async def told(self, caller: Caller, wanted: Callable[[Person], bool]) -> DirectoryTold:
        """Return the people a caller asked for."""
        directory, version, origin = await asyncio.to_thread(self._people.current)
        shown = (self._person(caller, directory, one) for one in directory.people if wanted(one))
        return DirectoryTold(**_standing(version, origin), people=tuple(shown), rotations=directory.rotations)

    async def versions(self, limit: int, before: int | None) -> list[VersionTold]:
        """Return versions with their reasons, newest first."""
        found = await asyncio.to_thread(self._people.versions, limit, before)
        return [version_told(one, await self._reason(one)) for one in found]

    async def replace(self, caller: Caller, plain: dict[str, Any], expected: str) -> DirectoryChanged:
        """Put a list of people in the place of the one in force.

        Raises:
            ProblemError: 400 with every mistake, 412 the one in force is not the expected one.
        """
        if mistakes := mistakes_in(plain):
            raise _unusable([{"field": one.field, "problem": one.problem} for one in mistakes])
        put = partial(
            self._people.put_directory, Directory.model_validate(plain), by=caller.person, expected=expected
        )
        try:
            return await self._changed(caller, put, None)
        except OutdatedError as error:
            raise ProblemError(412, "outdated", f"{error}.", headers={"ETag": f'"{error.digest}"'}) from error

    async def suspend(self, caller: Caller, person: PersonId, reason: str) -> DirectoryChanged:
        """Let nothing count that somebody answers from now on."""
        return await self._with_reason(self._people.suspend, caller, person, reason)

    async def restore(self, caller: Caller, person: PersonId, reason: str) -> DirectoryChanged:
        """Lift a suspension.

        Raises:
            ProblemError: 403, nobody restores themselves.
        """
        if caller.person == person:
            raise ProblemError(403, "forbidden", "You can't restore yourself. Ask another admin.")
        return await self._with_reason(self._people.restore, caller, person, reason)

    async def go_away(self, caller: Caller, person: PersonId, sent: NewAbsence) -> DirectoryChanged:
        """Note that somebody will be away."""
        _check_own(caller, person)
        absence = Absence(since=sent.since or self._parts.now(), until=sent.until)
        return await self._changed(
            caller, partial(self._people.add_absence, person, absence, by=caller.person), person
        )

    async def come_back(self, caller: Caller, person: PersonId) -> DirectoryChanged:
        """End somebody's present absence."""
        _check_own(caller, person)
        return await self._changed(
            caller, partial(self._people.end_absence, person, by=caller.person), person
        )

    async def _with_reason(
        self, change: Callable[..., bool], caller: Caller, person: PersonId, reason: str
    ) -> DirectoryChanged:
        sealed = await self._parts.texts.seal(PLACE, "reason", reason)
        return await self._changed(caller, partial(change, person, by=caller.person, reason=sealed), person)

    async def _changed(
        self, caller: Caller, change: Callable[..., bool], person: PersonId | None
    ) -> DirectoryChanged:
        changed = await asyncio.to_thread(change, at=self._parts.now())
        directory, version, origin = await asyncio.to_thread(self._people.current)
        if changed:
            await tell_leaderless(self._parts, directory)
        found = directory.person(person) if person else None
        return DirectoryChanged(
            **_standing(version, origin),
            changed=changed,
            person=self._person(caller, directory, found) if found else None,
        )

    def _person(self, caller: Caller, directory: Directory, person: Person) -> PersonTold:
        wholly = caller.role in ADMINISTERING or caller.person == person.id
        return person_told(directory, person, self._parts.now(), wholly=wholly)

    async def _reason(self, version: Version) -> str | None:
        return await self._parts.texts.open(version.reason) if version.reason else None


def _standing(version: Version, origin: Origin) -> dict[str, Any]:
    return {
        "version": version.number,
        "digest": version.digest,
        "in_force_from": version.in_force_from,
        "base": origin,
    }


def _check_own(caller: Caller, person: PersonId) -> None:
    if caller.person != person and caller.role not in ADMINISTERING:
        raise ProblemError(
            403, "forbidden", f"You are {caller.person}. Only {person} and admins may change this."
        )


def _unusable(errors: list[dict[str, str]]) -> ProblemError:
    named = "; ".join(f"{one['field']}: {one['problem']}" for one in errors[:3])
    more = f"; and {len(errors) - 3} more, listed in errors" if len(errors) > 3 else ""
    return ProblemError(
        400, "invalid-input", f"Correct the directory: {named}{more}", errors=errors[:SHOWN_MISTAKES]
    )
