"""What goes with a declaration that merges, parts or splits: checks before, links and openings after."""

from __future__ import annotations

import asyncio

from andon.api.authentication import Caller
from andon.api.problems import ProblemError
from andon.console.models.declaration import DeclarationBody
from andon.console.parts import Parts
from andon.domain.declaration import Declared
from andon.domain.detection import UNKNOWN_SYSTEM, Outcome
from andon.domain.directory import Role
from andon.domain.errors import NotFoundError
from andon.domain.values import IncidentId
from andon.register.incidents import IncidentRow
from andon.register.links import LinkKind


class Joining:
    """Looks at what one incident's workflow can't know: the other incident, and the detection."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts

    async def check(self, row: IncidentRow, body: DeclarationBody) -> None:
        """Refuse what can't come to pass, before anything is on record.

        Raises:
            NotFoundError: there is no such incident, or no such detection of this one.
            ProblemError: 409, the two can't be merged, or the detection can't be split off.
        """
        if body.kind is Declared.MERGED:
            await self._check_merge(row, body.about.get("into", ""))
        elif body.kind is Declared.SPLIT:
            await self._check_split(row, body.about.get("detection", ""))

    async def follow(
        self, row: IncidentRow, caller: Caller, role: Role, body: DeclarationBody
    ) -> IncidentId | None:
        """Do what follows from a declaration on record; a repeat changes nothing.

        Returns:
            The incident that a split opened.
        """
        by, at, links = f"person:{caller.person}", self._parts.now(), self._parts.links
        if body.kind is Declared.MERGED:
            await asyncio.to_thread(self._link, row.incident, body.about["into"], by)
        elif body.kind is Declared.UNMERGED:
            for link in await asyncio.to_thread(links.of, row.incident):
                if link.kind is LinkKind.MERGED and link.origin == row.incident and link.ended_at is None:
                    await asyncio.to_thread(
                        links.end, LinkKind.MERGED, link.origin, link.target, at=at, by=by
                    )
        elif body.kind is Declared.SPLIT:
            return await self._split(row, caller, role, body.about["detection"])
        return None

    async def _check_merge(self, row: IncidentRow, into: str) -> None:
        other = await asyncio.to_thread(self._parts.incidents.get, into)
        if other is None:
            raise NotFoundError("incident", into)
        if other.closed_at is not None or other.started_at is None:
            raise ProblemError(
                409, "not-open", f"{into} is not open; merge into one that is being worked on."
            )
        if row.system not in (other.system, UNKNOWN_SYSTEM):
            raise ProblemError(
                409,
                "other-system",
                f"{into} is about {other.system}, {row.incident} about {row.system}: one decision can't let "
                "go of the levers of both.",
            )
        view = other.view
        if view is not None and (view.watch_until is not None or view.merged_into is not None):
            instead = view.merged_into or "it is closed, or reports again"
            raise ProblemError(409, "not-deciding", f"{into} decides nothing any more; wait until {instead}.")

    async def _check_split(self, row: IncidentRow, detection: str) -> None:
        kept = await asyncio.to_thread(self._parts.detections.get, detection)
        if kept is None or (
            kept.incident != row.incident and not await self._split_before(row, kept.incident)
        ):
            raise NotFoundError("detection of this incident", detection)
        if kept.incident == row.incident and kept.outcome is not Outcome.JOINED:
            raise ProblemError(
                409,
                "not-joined",
                f"{row.incident} was opened for {detection}; only what joined is split off.",
            )

    async def _split(self, row: IncidentRow, caller: Caller, role: Role, detection: str) -> IncidentId:
        kept = await asyncio.to_thread(self._parts.detections.get, detection)
        if kept is not None and kept.incident is not None and kept.incident != row.incident:
            return kept.incident
        return await self._parts.doorway.split(caller.person, role, row.incident, detection)

    async def _split_before(self, row: IncidentRow, now_in: str | None) -> bool:
        links = await asyncio.to_thread(self._parts.links.of, row.incident)
        return any(link.kind is LinkKind.SPLIT and link.target == now_in for link in links)

    def _link(self, origin: IncidentId, into: IncidentId, by: str) -> None:
        links, at = self._parts.links, self._parts.now()
        if not links.add(LinkKind.MERGED, origin, into, why="merged", at=at, by=by):
            links.revive(LinkKind.MERGED, origin, into, at=at, by=by)
        for one, other in ((origin, into), (into, origin)):
            links.end(LinkKind.SUGGESTED, one, other, at=at, by=by)
