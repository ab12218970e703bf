"""The policy in force at the door: read from files at the start, and again when one changes.

A running incident never sees a change, since its plan is pinned; the next one opened does.
"""

from __future__ import annotations

import asyncio
import logging
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from andon.bootstrap import load_policy
from andon.bootstrap.door import owners_calendar
from andon.config import Settings
from andon.domain.detection import UNKNOWN_SYSTEM
from andon.domain.directory import Directory, Role
from andon.domain.errors import InvalidInputError
from andon.domain.system import AISystem, unregistered
from andon.domain.values import PersonId, Sha256Hex
from andon.door.flags import Flags
from andon.register.people import People
from andon.register.policies import Policies, Systems
from playbooks import Shelf
from playbooks.senders import FOLDER as SOURCES

logger = logging.getLogger(__name__)

LOOK_EVERY_SECONDS: Final = 2.0
SNAPSHOT: Final = "snapshot"

_NAME: Final = re.compile(r"^[a-z0-9]([a-z0-9_-]{0,62}[a-z0-9])?$")
"""What `andon.domain.values.Slug` takes."""

_Stamp = tuple[tuple[str, int, int], ...]


@dataclass(frozen=True, slots=True)
class InForce:
    """One state of the policy, and the digest it is stored under."""

    shelf: Shelf
    digest: Sha256Hex
    directory: Directory

    def lead(self) -> PersonId:
        """Return the first incident lead, who owns what nobody registered.

        Raises:
            InvalidInputError: the directory names none.
        """
        return _lead(self.directory)


class PolicyDesk:
    """Keeps register and flags in step with the policy files."""

    def __init__(
        self, settings: Settings, policies: Policies, systems: Systems, people: People, flags: Flags
    ) -> None:
        self._settings = settings
        self._files = settings.policy
        self._policies = policies
        self._systems = systems
        self._people = people
        self._flags = flags
        self._stamp: _Stamp | None = None
        self._in_force: InForce | None = None
        self._known: dict[str, AISystem] = {}

    @property
    def in_force(self) -> InForce:
        """The policy by which incidents are opened now."""
        if self._in_force is None:
            raise InvalidInputError("no policy is loaded")
        return self._in_force

    def load(self) -> None:
        """Read every file and put what it says in force.

        Raises:
            InvalidInputError: a file can't be used; the message names file and field. What was
                in force stays in force.
        """
        stamp = tuple(self._stamps())
        read = load_policy(self._settings)
        digest = self._policies.put(SNAPSHOT, read.shelf.snapshot())
        _lead(read.directory)
        self._take_in(read.directory)
        for system in read.systems.values():
            self._systems.put_system(system)
        for kept in self._systems.systems():
            if kept.in_inventory and kept.id not in read.systems:
                self._systems.remove(kept.id)
        in_force = InForce(read.shelf, digest, self._people.latest())
        self._try_calendars(in_force, read.systems.values())
        self._in_force, self._stamp = in_force, stamp
        self.read_systems()

    def _try_calendars(self, in_force: InForce, systems: Iterable[AISystem]) -> None:
        """Find an owner whose holidays nobody knows now, and not while an incident opens.

        The first calendar of a process also takes a hundred times as long as the others.
        """
        for system in systems:
            owner, hours = in_force.directory.person(system.owner), in_force.shelf.rights.business_hours
            try:
                owners_calendar(owner, hours, datetime.now(UTC))
            except InvalidInputError as error:
                raise InvalidInputError(f"owner of {system.id}: {error}") from error

    def _take_in(self, directory: Directory) -> None:
        try:
            self._people.import_file(directory, datetime.now(UTC))
        except InvalidInputError as error:
            raise InvalidInputError(f"{self._files.people}: {error}") from error

    def read_systems(self) -> None:
        """Serve the flags of the AI systems the register knows."""
        known = {system.id: system for system in self._systems.systems()}
        if len(known) == len(self._known) and all(self._known.get(key) is one for key, one in known.items()):
            return
        self._known = known
        self._flags.register(known.values())

    def system(self, system: str) -> AISystem | None:
        """Return a registered AI system."""
        return self._known.get(system)

    def names(self) -> list[str]:
        """Return the ids of the registered AI systems."""
        return sorted(self._known)

    def name_of(self, name: str) -> str:
        """Return what a report's AI system goes by: `unknown` if it can be nobody's name."""
        return name if name in self._known or _NAME.match(name) else UNKNOWN_SYSTEM

    def named(self, name: str) -> AISystem:
        """Return the AI system a report names, registering one that is first heard of.

        What can't be a system's name is `unknown`. That one has no levers: nobody reads the flags
        of a system that nobody could name, so holding them would contain nothing.
        """
        known = self.system(name)
        if known is not None:
            return known
        lead = self.in_force.lead()
        if name != UNKNOWN_SYSTEM and _NAME.match(name):
            found = unregistered(name, lead)
            self._systems.put_system(found)
            self._known = {**self._known, name: found}
            self._flags.add(found)
            return found
        return unregistered(UNKNOWN_SYSTEM, lead).model_copy(update={"levers": ()})

    async def keep_current(self) -> None:
        """Look at files and register every two seconds, for ever."""
        while True:
            await asyncio.sleep(LOOK_EVERY_SECONDS)
            await asyncio.to_thread(self._look)

    def _look(self) -> None:
        try:
            if tuple(self._stamps()) != self._stamp:
                self.load()
                logger.info("changed policy files are in force")
            else:
                self._in_force = replace(self.in_force, directory=self._people.latest())
                self.read_systems()
        except Exception:  # the policy in force stays, and the door goes on answering
            self._stamp = tuple(self._stamps())
            logger.exception("changed policy files can't be used: what was in force stays")

    def _stamps(self) -> Iterator[tuple[str, int, int]]:
        for path in sorted(self._paths()):
            stat = path.stat()
            yield str(path), stat.st_mtime_ns, stat.st_size

    def _paths(self) -> Iterator[Path]:
        for folder in (self._files.playbooks, self._files.systems):
            if folder is not None:
                yield from folder.glob("*.yaml")
        if self._files.playbooks is not None:
            yield from (self._files.playbooks / SOURCES).glob("*.yaml")
        if self._files.people.is_file():
            yield self._files.people


def _lead(directory: Directory) -> PersonId:
    now = datetime.now(UTC)
    leads = directory.holders(Role.INCIDENT_LEAD)
    if not leads:
        raise InvalidInputError("the people file names no incident_lead; add one")
    return next((one.id for one in leads if not one.suspended_at(now)), leads[0].id)
