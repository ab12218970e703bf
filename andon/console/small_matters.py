"""Reading what is no incident out of the register: quality issues, near misses, suggestions."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

from andon.api.authentication import Caller
from andon.console.access import READING
from andon.console.models.quality import (
    IssueList,
    IssueListed,
    IssueShown,
    NearMiss,
    NearMissList,
    Suggestion,
    SuggestionList,
    detection_listed,
    issue_listed,
    missed_in_incident,
    missed_in_register,
)
from andon.console.parts import Parts
from andon.domain.errors import NotFoundError, SignatureError
from andon.domain.joining import Told, together
from andon.domain.severity import Classification, assess
from andon.ports import SealedText
from andon.register.incidents import IncidentRow
from andon.register.links import LinkKind
from andon.register.quality import IssueState, QualityIssue

LISTED_AT_MOST = 200


@dataclass(frozen=True, slots=True)
class IssueFilters:
    """Which issues a list holds."""

    state: IssueState | None = None
    system: str | None = None
    classification: Classification | None = None


class SmallMatters:
    """Answers what people ask about issues and near misses."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts

    async def listed(
        self, filters: IssueFilters, caller: Caller, *, limit: int, before: str | None
    ) -> IssueList:
        """Return one page of issues, newest first."""
        rows, count = await asyncio.to_thread(self._rows, filters, limit + 1, before)
        shown = [await self._listed(row, caller) for row in rows[:limit]]
        onward = shown[-1].id if len(rows) > limit else None
        return IssueList(issues=tuple(shown), next=onward, count=count)

    async def issue(self, name: str, caller: Caller) -> IssueShown:
        """Return one issue whole.

        Raises:
            NotFoundError: there is none.
        """
        found = await asyncio.to_thread(self._parts.issues.get, name)
        if found is None:
            raise NotFoundError("quality issue", name)
        kept = await asyncio.to_thread(self._parts.detections.of_issue, name)
        links = await asyncio.to_thread(self._parts.links.of, name)
        listed = await self._listed(found, caller)
        return IssueShown(
            **listed.model_dump(),
            reason=await self._words(found.reason, caller),
            detections=tuple(detection_listed(one) for one in kept),
            links=tuple(links),
        )

    async def near_misses(self, caller: Caller, *, system: str | None) -> NearMissList:
        """Return near misses of both kinds, newest first, with what they were and could have been."""
        parts, kind = self._parts, Classification.NEAR_MISS
        small = await asyncio.to_thread(
            parts.issues.list, system=system, classification=kind, limit=LISTED_AT_MOST
        )
        small = [one for one in small if one.state is not IssueState.PROMOTED]
        rows = await asyncio.to_thread(
            parts.incidents.list, system=system, classification=kind, limit=LISTED_AT_MOST
        )
        found: list[NearMiss] = [
            missed_in_register(one, parts.url, await self._words(one.title, caller)) for one in small
        ]
        found += [await self._missed(row, caller) for row in rows]
        found.sort(key=lambda one: one.detected_at, reverse=True)
        return NearMissList(near_misses=tuple(found), count=len(found))

    async def suggestions(self) -> SuggestionList:
        """Return the pairs of incidents that may be one, unless somebody has declined that."""
        links = await asyncio.to_thread(self._parts.links.list, LinkKind.SUGGESTED)
        found: list[Suggestion] = []
        for link in links:
            one, other = [
                await asyncio.to_thread(self._parts.incidents.get, end) for end in (link.origin, link.target)
            ]
            if one is None or other is None or one.closed_at or other.closed_at:
                continue
            found.append(
                Suggestion(
                    one=one.incident, other=other.incident, system=other.system, why=link.why, at=link.at
                )
            )
        return SuggestionList(suggestions=tuple(found))

    def _rows(self, filters: IssueFilters, limit: int, before: str | None) -> tuple[list[QualityIssue], int]:
        issues, state = self._parts.issues, filters.state
        system, kind = filters.system, filters.classification
        rows = issues.list(state=state, system=system, classification=kind, limit=limit, before=before)
        return rows, issues.count(state=state, system=system, classification=kind)

    async def _missed(self, row: IncidentRow, caller: Caller) -> NearMiss:
        kept = await asyncio.to_thread(self._parts.detections.of, row.incident)
        joined = await asyncio.to_thread(self._parts.detections.count_joined, row.incident)
        policy = (await asyncio.to_thread(self._parts.policy.shelf)).severity
        told = together(policy, (Told(one.facts, one.potential_facts) for one in kept))
        potential = assess(policy, told.facts, told.potential).potential if kept else None
        title = await self._words(row.title, caller)
        return missed_in_incident(row, self._parts.url, title, potential, joined=joined)

    async def _listed(self, issue: QualityIssue, caller: Caller) -> IssueListed:
        return issue_listed(issue, self._parts.url, await self._words(issue.title, caller))

    async def _words(self, sealed: SealedText | None, caller: Caller) -> str | None:
        if sealed is None or caller.role not in READING:
            return None
        try:
            return await self._parts.texts.open(sealed)
        except (NotFoundError, SignatureError):
            return None
