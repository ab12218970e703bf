"""Links that people make and end: this belongs with that, or these two are not one after all."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final

from pydantic import ConfigDict, Field

from andon.api.authentication import Caller
from andon.api.problems import ProblemError
from andon.console.parts import Parts
from andon.domain.custody import Access, AccessKind
from andon.domain.detection import UNKNOWN_SYSTEM, Outcome
from andon.domain.errors import NotFoundError
from andon.domain.values import Frozen, IncidentId
from andon.register.detections import Detection
from andon.register.incidents import IncidentRow, Listed
from andon.register.links import Link, LinkKind

OFFERED: Final = 50
BY_A_PERSON: Final = "person"


class Tie(StrEnum):
    """What somebody does to a link."""

    LINK = "link"
    """The two belong together, and each goes its own way."""
    UNLINK = "unlink"
    DECLINE = "decline"
    """The two are not one, though they looked like it."""


KINDS: Final = {Tie.LINK: LinkKind.RELATED, Tie.UNLINK: LinkKind.RELATED, Tie.DECLINE: LinkKind.SUGGESTED}
RECORDED: Final = {
    Tie.LINK: AccessKind.LINKED,
    Tie.UNLINK: AccessKind.UNLINKED,
    Tie.DECLINE: AccessKind.MERGE_DECLINED,
}


class LinkBody(Frozen):
    """What is to become of the link between two."""

    model_config = ConfigDict(frozen=True, extra="forbid", str_strip_whitespace=True)

    tie: Tie
    other: str = Field(min_length=1, max_length=64, description="the other incident, or quality issue")
    reason: str = Field(min_length=1, max_length=4000, description="why; encrypted before it is kept")


class LinksNow(Frozen):
    """What an incident is linked to."""

    incident: IncidentId
    links: tuple[Link, ...]


@dataclass(frozen=True, slots=True)
class Offered:
    """What an incident can be merged into, and what can be split off it."""

    into: tuple[IncidentId, ...]
    joined: tuple[Detection, ...]


class Tying:
    """Makes and ends links by people's word; each is on record before it stands."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts

    async def take(self, row: IncidentRow, caller: Caller, body: LinkBody) -> LinksNow:
        """Make or end a link; a repeat changes nothing.

        Raises:
            NotFoundError: the other one is not there.
            ProblemError: 409, there is no such link to end; 422, it is the same incident.
        """
        if body.other == row.incident:
            raise ProblemError(422, "itself", "An incident is not linked to itself. Name another one.")
        await self._there(body.other)
        held = await self._held(row.incident, body)
        if body.tie is not Tie.LINK and held is None:
            raise ProblemError(409, "no-such-link", f"No such link of {row.incident} and {body.other} holds.")
        if body.tie is Tie.LINK and held is not None:
            return await self.of(row)
        at = self._parts.now()
        await self._record(row, caller, body, at)
        await asyncio.to_thread(self._carry_out, row.incident, body, held, at, f"person:{caller.person}")
        return await self.of(row)

    async def of(self, row: IncidentRow) -> LinksNow:
        """Return what an incident is linked to, oldest first."""
        links = await asyncio.to_thread(self._parts.links.of, row.incident)
        return LinksNow(incident=row.incident, links=tuple(links))

    async def offered(self, row: IncidentRow) -> Offered:
        """Return what can be chosen from on its page."""
        system = None if row.system == UNKNOWN_SYSTEM else row.system
        rows = await asyncio.to_thread(
            self._parts.incidents.list, system=system, state=Listed.OPEN, limit=OFFERED
        )
        kept = await asyncio.to_thread(self._parts.detections.of, row.incident)
        return Offered(
            into=tuple(one.incident for one in rows if one.incident != row.incident and one.started_at),
            joined=tuple(one for one in kept if one.outcome is Outcome.JOINED)[:OFFERED],
        )

    async def _there(self, other: str) -> None:
        issue = other.startswith("QI-")
        get = self._parts.issues.get if issue else self._parts.incidents.get
        if await asyncio.to_thread(get, other) is None:
            raise NotFoundError("quality issue" if issue else "incident", other)

    async def _held(self, incident: IncidentId, body: LinkBody) -> Link | None:
        kind, wanted = KINDS[body.tie], {incident, body.other}
        links = await asyncio.to_thread(self._parts.links.of, incident)
        standing = (one for one in links if one.kind is kind and one.ended_at is None)
        return next((one for one in standing if {one.origin, one.target} == wanted), None)

    async def _record(self, row: IncidentRow, caller: Caller, body: LinkBody, at: datetime) -> None:
        reason = await self._parts.texts.seal(row.incident, "reason", body.reason)
        await self._parts.custody.access.write(
            Access(
                incident=row.incident,
                actor=f"person:{caller.person}",
                what=RECORDED[body.tie],
                at=at,
                item=body.other,
                reason=reason.digest,
                role=caller.role,
            )
        )

    def _carry_out(
        self, incident: IncidentId, body: LinkBody, held: Link | None, at: datetime, by: str
    ) -> None:
        links = self._parts.links
        if held is not None:
            links.end(held.kind, held.origin, held.target, at=at, by=by)
            return
        kind = KINDS[body.tie]
        if not links.add(kind, incident, body.other, why=BY_A_PERSON, at=at, by=by):
            links.revive(kind, incident, body.other, at=at, by=by)
