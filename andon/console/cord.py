"""The cord at the pages: what can be stopped, the stop itself, and what became of it."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

from andon.api.authentication import Caller
from andon.api.problems import ProblemError
from andon.console.models.stop import Chosen, StopTaken
from andon.console.models.system import SystemShown
from andon.console.parts import Parts
from andon.console.system_desk import SystemDesk
from andon.domain.containment import Hold, Lever
from andon.domain.cord import REASON_AT_MOST, pulled_by_hand
from andon.domain.decision import DecisionKind
from andon.domain.directory import Role
from andon.domain.errors import NotFoundError
from andon.register.deliveries import Sent
from andon.register.incidents import IncidentRow


@dataclass(frozen=True, slots=True)
class Stoppable:
    """An AI system and what the cord can hold of it."""

    system: SystemShown
    levers: tuple[Lever, ...]

    def lever(self, chosen: Chosen) -> Lever | None:
        """Return the lever that somebody chose."""
        wanted = (chosen.verb, chosen.target)
        return next((one for one in self.levers if (one.verb, one.target) == wanted), None)


@dataclass(frozen=True, slots=True)
class Stopped:
    """An incident and what it holds, as the register, the switches and the outboxes have it."""

    row: IncidentRow
    system: SystemShown | None
    holds: tuple[Hold, ...]
    told: tuple[Sent, ...]


class CordDesk:
    """Shows what can be stopped, and has the door stop it in somebody's name."""

    def __init__(self, parts: Parts, systems: SystemDesk) -> None:
        self._parts = parts
        self._systems = systems

    async def stoppable(self) -> list[Stoppable]:
        """Return every AI system with what the cord can hold of it."""
        shown = await self._systems.systems()
        files = await asyncio.to_thread(self._parts.systems.systems)
        levers = {one.id: pulled_by_hand(one) for one in files}
        return [Stoppable(one, levers[one.id]) for one in shown if one.id in levers]

    async def asked_first(self) -> tuple[Role, ...]:
        """Return the roles that are asked at once whether a stop is right."""
        shelf = await asyncio.to_thread(self._parts.policy.shelf)
        return tuple(shelf.rights.rights[DecisionKind.TRIAGE].eligible)

    async def pull(self, caller: Caller, chosen: Chosen, reason: str, key: str) -> StopTaken:
        """Stop it; the same words under the same key count once.

        Raises:
            ProblemError: nothing was stopped; it says so.
        """
        said = reason_of(reason)
        if caller.role is None:
            raise ProblemError(403, "forbidden", "This session stands for no person; people pull the cord.")
        stop = {"reason": said, **chosen.model_dump(mode="json")}
        return await self._parts.doorway.stop(caller.person, caller.role, stop, key)

    async def known(self, incident: str) -> bool:
        """Whether the register holds an incident yet; while it is away the door keeps it elsewhere."""
        return await asyncio.to_thread(self._parts.incidents.get, incident) is not None

    async def stopped(self, incident: str) -> Stopped:
        """Return what an incident holds.

        Raises:
            NotFoundError: there is no such incident.
        """
        row = await asyncio.to_thread(self._parts.incidents.get, incident)
        if row is None:
            raise NotFoundError("incident", incident)
        shown = await self._systems.systems()
        holds = await asyncio.to_thread(self._parts.switches.holds, row.system)
        return Stopped(
            row=row,
            system=next((one for one in shown if one.id == row.system), None),
            holds=tuple(one for one in holds if one.incident == incident),
            told=tuple(await asyncio.to_thread(self._parts.deliveries.of, incident)),
        )


def reason_of(text: str) -> str:
    """Return the reason that somebody gave.

    Raises:
        ProblemError: 400, there is none, or it is too long.
    """
    said = text.strip()
    if not said:
        raise ProblemError(400, "invalid-input", "Say in one sentence why you stop it.")
    if len(said) > REASON_AT_MOST:
        raise ProblemError(400, "invalid-input", f"Say it in {REASON_AT_MOST} characters at most.")
    return said
