"""Reading incidents out of the register, as the API and the pages show them."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, tzinfo
from typing import Any, Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import TypeAdapter

from andon.api.authentication import Caller
from andon.console.access import READING
from andon.console.filters import Filters
from andon.console.inventory import systems_of
from andon.console.known import Known
from andon.console.models.called import Called, OfferedShown, called_shown, offered_shown
from andon.console.models.completeness import completeness_shown
from andon.console.models.decision import acting_role, around, decision_shown, waits_for
from andon.console.models.evidence import EvidenceShown, evidence_shown
from andon.console.models.incident import (
    Heads,
    IncidentListed,
    IncidentShown,
    incident_listed,
    incident_shown,
    temporal_place,
)
from andon.console.models.system import SystemShown
from andon.console.models.terms import definitions_shown
from andon.console.models.tied import tied
from andon.console.models.waiting import AskedNow, OpenNow, Waiting, urgency, waiting_shown
from andon.console.parts import Parts
from andon.console.stopping import Stops
from andon.console.wording import Wordings
from andon.domain.asked import Asked
from andon.domain.baseline import beside
from andon.domain.change import Change
from andon.domain.decision import DecisionRecord
from andon.domain.directory import Directory, Role
from andon.domain.errors import NotFoundError, SignatureError
from andon.domain.ledger import Chain, Head
from andon.domain.offered import Offered
from andon.domain.signing import BY_PEOPLE, received_at
from andon.domain.values import IncidentId, Sha256Hex
from andon.ports import SealedText
from andon.register.asked import AskedQuestions
from andon.register.changes import Changes
from andon.register.codes import Sought
from andon.register.failures import failed_by
from andon.register.incidents import IncidentHead, IncidentRow, Listed, Which
from playbooks.lexicon import Term

logger = logging.getLogger(__name__)

PAGE: Final = 200
ME: Final = "me"
NEVER: Final = float("inf")
OFFERING: Final = 20
"""Reports of one incident whose offered evidence is shown; the manifest lists all of it."""
_OFFERED: Final = TypeAdapter(tuple[Offered, ...])
OPEN_AT_MOST: Final = 1000
"""Open incidents that are looked through; with more, those whose clocks run out first."""
SAID_AT_MOST: Final = 20


def zone_of(name: str) -> tzinfo:
    """Return a zone by its name; UTC on a machine that does not know it."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError):
        return UTC


class Reading:
    """Answers what people ask of the register."""

    def __init__(self, parts: Parts, wordings: Wordings) -> None:
        self._parts = parts
        self._wordings = wordings
        self._known = Known(parts)
        self._stops = Stops(parts)
        self._asked = AskedQuestions(parts.databases.register)

    async def listed(
        self, filters: Filters, caller: Caller, *, limit: int, before: IncidentId | None = None
    ) -> tuple[list[IncidentListed], IncidentId | None]:
        """Return one page of incidents, and where the next page begins.

        By who is asked, or by what runs out first, only open ones are listed, and on one page.
        """
        if filters.asked_of is not None or filters.first == "due":
            due = await asyncio.to_thread(self._due, filters, caller, limit)
            return await self._lines(due, caller), None
        heads = await asyncio.to_thread(self._heads_of, filters, limit + 1, before)
        shown = await self._lines(heads[:limit], caller)
        return shown, shown[-1].id if len(heads) > limit else None

    async def now_of(self, caller: Caller) -> datetime:
        """Return the present moment in the zone of a person; in UTC if it is not known."""
        return self._parts.now().astimezone(zone_of(caller.zone or await self.own_zone(caller)))

    async def own_zone(self, caller: Caller) -> str:
        """Return the name of the zone that a person's directory gives them; `UTC` if it gives none."""
        directory = await asyncio.to_thread(self._directory)
        person = directory.person(caller.person) if directory else None
        return person.zone if person else "UTC"

    async def acting(self, record: DecisionRecord | None, caller: Caller) -> Role | None:
        """Return the role a caller answers a question in: their own, or the one they stand in for."""
        if record is None or caller.role is None:
            return caller.role
        at = self._parts.now()
        standing = await self._parts.directory.standing(caller.person, at)
        return acting_role(record.request, caller.role, standing, at)

    async def row(self, incident: IncidentId) -> IncidentRow:
        """Return one incident's row.

        Raises:
            NotFoundError: there is none.
        """
        row = await asyncio.to_thread(self._parts.incidents.get, incident)
        if row is None:
            raise NotFoundError("incident", incident)
        return row

    async def title(self, row: IncidentHead, caller: Caller) -> str | None:
        """Return an incident's title; None: not for this role, or lost."""
        return (await self._lines([row], caller))[0].title

    async def incident(self, incident: IncidentId, caller: Caller) -> IncidentShown:
        """Return one incident whole.

        Raises:
            NotFoundError: there is none.
        """
        return await self.whole(await self.row(incident), caller)

    async def whole(self, row: IncidentRow, caller: Caller) -> IncidentShown:
        """Return the incident of a row, whole."""
        incident = row.incident
        heads = await asyncio.to_thread(self._heads, row)
        directory = await asyncio.to_thread(self._directory)
        spoken = await self._known.spoken(incident)
        known: dict[str, object] = {
            "explained": await self._known.explained(row, spoken),
            "times": await self._known.times(row, spoken),
            "stopping": await self._stops.of(row),
            "changes": await asyncio.to_thread(self._promised, incident),
        }
        shown = incident_shown(
            row,
            (await self._lines([row], caller))[0],
            heads=heads,
            temporal=temporal_place(incident, self._parts.temporal_ui, self._parts.namespace),
            wordings=self._wordings,
            at=self._parts.now(),
            around=around(row, directory, await self._texts(row, caller)),
            called=await self._called(row),
            tied=tied(row, await asyncio.to_thread(self._parts.links.of, incident)),
        )
        if shown.gate is not None:
            words = await asyncio.to_thread(self._beside, row)
            known["gate"] = shown.gate.model_copy(update={"beside": words})
        return shown.model_copy(update=known)

    def _promised(self, incident: IncidentId) -> tuple[Change, ...]:
        """Return its changes as they stand: after the close that is more than its workflow knew."""
        return tuple(row.change for row in Changes(self._parts.databases.register).of(incident))

    def _beside(self, row: IncidentRow) -> tuple[str, ...]:
        """Return what stands beside the gate; why a suite can't run the past is kept by its digest."""
        view = row.view
        if view is None:
            return ()
        cannot = view.evaluation.cannot if view.evaluation is not None else None
        reason = json.loads(self._parts.policies.get(cannot))["cannot"] if cannot is not None else ""
        return beside(view, before=self._parts.evaluations.before(row.system, row.opened_at), reason=reason)

    async def counts(self, state: Listed, sought: Sought) -> dict[str, dict[str, int]]:
        """Count incidents by what they are called."""
        chosen = self._parts.incidents.select_ids(state, sought)
        return await asyncio.to_thread(self._parts.codes.counts, chosen)

    async def definitions(self) -> tuple[Term, ...]:
        """Return what the words mean here, by name."""
        shelf = await asyncio.to_thread(self._parts.policy.shelf)
        return definitions_shown(shelf.lexicon.definitions).definitions

    async def open_now(self, caller: Caller, *, lines: int, asked: int) -> OpenNow:
        """Return what the first page shows: what is open, and what is asked of the caller."""
        heads = await asyncio.to_thread(self._heads_of, Filters(state=Listed.OPEN, first="due"), lines)
        mine = await asyncio.to_thread(self._asked_of, caller) if caller.role in READING else []
        also = {incident for incident, _ in mine[:asked]} - {one.incident for one in heads}
        rest = await asyncio.to_thread(self._parts.incidents.heads, among=tuple(also)) if also else ()
        shown = {one.id: one for one in await self._lines([*heads, *rest], caller)}
        return OpenNow(
            counts=await asyncio.to_thread(self._parts.incidents.open_counts),
            incidents=[shown[one.incident] for one in heads],
            asked=[self._asked_now(shown[name], one) for name, one in mine[:asked] if name in shown],
            asked_in_all=len(mine),
            overdue=await self.overdue(),
        )

    async def overdue(self) -> Mapping[IncidentId, int]:
        """Return how many questions of each incident, whoever is asked, are open past their deadline."""
        return await asyncio.to_thread(self._asked.overdue, self._parts.now())

    def _asked_now(self, incident: IncidentListed, one: Asked) -> AskedNow:
        title = self._wordings.of_kind(one.policy, one.kind).title
        return AskedNow(incident, one.decision, title, one.deadline)

    async def asked_of(self, caller: Caller) -> list[Waiting]:
        """Return the questions that wait for the caller's role, what runs out first at the top."""
        mine = await asyncio.to_thread(self._asked_of, caller)
        rows = await asyncio.to_thread(self._among, [incident for incident, _ in mine])
        return await self.waiting(rows, caller)

    async def waiting(self, rows: Sequence[IncidentRow], caller: Caller) -> list[Waiting]:
        """Return the questions among `rows` that wait for the caller, what runs out first at the top."""
        at, role = self._parts.now(), caller.role
        asked = [
            (row, [one for one in view.decisions if role and waits_for(one, caller.person, role, at)])
            for row in rows
            if (view := row.view) is not None
        ]
        directory = await asyncio.to_thread(self._directory) if any(mine for _, mine in asked) else None
        found: list[Waiting] = []
        for row, mine in asked:
            if mine:
                together = around(row, directory, await self._texts(row, caller))
                shown = [decision_shown(one, self._wordings, at, together) for one in mine]
                found += [waiting_shown(row, self._parts.url, one) for one in shown]
        return sorted(found, key=urgency)

    async def system_ids(self) -> list[str]:
        """Return the ids of all AI systems."""
        return [one.id for one in await asyncio.to_thread(self._parts.systems.systems)]

    async def systems(self) -> list[SystemShown]:
        """Return all AI systems with the holds in force."""
        return await asyncio.to_thread(systems_of, self._parts)

    async def evidence(self, incident: IncidentId) -> EvidenceShown:
        """Return all evidence of an incident."""
        row = await self.row(incident)
        manifests = await asyncio.to_thread(self._parts.evidence.manifests, incident)
        items = await asyncio.to_thread(self._parts.evidence.items, incident)
        return evidence_shown(manifests, items, completeness_shown(row, manifests).found)

    async def file(self, incident: IncidentId) -> dict[str, Any]:
        """Return the incident file: the stored one if there is one, else as it would be now."""
        row = await self.row(incident)
        view = row.view
        if view is None or view.file is None:
            return await self._parts.files.build(incident)
        stored: dict[str, Any] = json.loads(await self._parts.store.get(f"files/{incident}/{view.file}.json"))
        return stored

    async def directories(self, incident: IncidentId) -> dict[Sha256Hex, Directory]:
        """Return the directories that what people signed was judged against, by digest."""
        await self.row(incident)
        signed = await asyncio.to_thread(self._parts.ledger.statements, incident)
        moments = {received_at(one) for one in signed.values() if one.payloadType in BY_PEOPLE}
        found = [await asyncio.to_thread(self._parts.people.directory_at, at) for at in sorted(moments)]
        return {directory.digest(): directory for directory in found}

    async def _lines(self, heads: Sequence[IncidentHead], caller: Caller) -> list[IncidentListed]:
        """Return incidents as lists show them; all titles are opened at one go."""
        causes = (await asyncio.to_thread(self._parts.policy.shelf)).causes
        reads = caller.role in READING
        sealed = [one.title for one in heads if reads and one.title is not None]
        titles = await self._parts.texts.open_each(sealed) if sealed else {}
        lost = [one.incident for one in heads if reads and one.title and one.title.id not in titles]
        if lost:
            logger.warning("titles can't be opened", extra={"incidents": lost[:SAID_AT_MOST]})
        return [
            incident_listed(one, self._parts.url, titles.get(one.title.id) if one.title else None, causes)
            for one in heads
        ]

    async def _texts(self, row: IncidentRow, caller: Caller) -> dict[str, str]:
        """Return the texts to decide on that the caller may read: who is asked, who asked, and auditors."""
        at = self._parts.now()
        found: dict[str, str] = {}
        for record in row.view.decisions if row.view else ():
            request = record.request
            readers = {*request.roles_at(at), Role.AUDITOR}
            if request.subject is None or not (
                caller.role in readers or caller.person == request.requested_by
            ):
                continue
            sealed = SealedText(id=request.subject_text, digest=request.subject)
            try:
                found[request.id] = await self._parts.texts.open(sealed)
            except (NotFoundError, SignatureError):
                logger.warning("a text to decide on can't be opened", extra={"incident": row.incident})
        return found

    async def _called(self, row: IncidentRow) -> Called:
        parts = self._parts
        codes = await asyncio.to_thread(parts.codes.of, row.incident)
        system = await asyncio.to_thread(parts.systems.system, row.system)
        shelf = await asyncio.to_thread(parts.policy.shelf)
        return called_shown(
            row,
            codes,
            shelf.lexicon.taxonomies,
            registered=system is not None and system.in_inventory,
            offered=await self._offered(row),
        )

    async def _offered(self, row: IncidentRow) -> list[OfferedShown]:
        """Return the evidence that the incident's reports brought; what can't be opened is left out."""
        found: list[OfferedShown] = []
        for receipt in (await asyncio.to_thread(self._parts.uploads.offering, row.incident))[:OFFERING]:
            detection = await asyncio.to_thread(self._parts.detections.get, receipt)
            if detection is None or detection.evidence is None:
                continue
            try:
                text = await self._parts.texts.open(detection.evidence)
            except (NotFoundError, SignatureError):
                logger.warning("offered evidence can't be opened", extra={"incident": row.incident})
                continue
            found += offered_shown(detection, _OFFERED.validate_json(text))
        return found

    def _directory(self) -> Directory | None:
        try:
            return self._parts.people.directory_at(self._parts.now())
        except NotFoundError:
            return None

    def _heads_of(
        self, filters: Filters, limit: int, before: str | None = None, among: Collection[str] | None = None
    ) -> Sequence[IncidentHead]:
        which: Which = {
            "stage": filters.stage,
            "severity": filters.severity,
            "system": filters.system,
            "state": filters.state,
            "classification": filters.classification,
            "failed": failed_by(self._parts.policy.shelf().causes, filters.failure),
            "sought": filters.sought,
            "limit": limit,
            "before": before,
            "due_first": filters.first == "due",
        }
        if among is not None:
            which["among"] = among
        return self._parts.incidents.heads(**which)

    def _among(self, incidents: Sequence[IncidentId]) -> list[IncidentRow]:
        found: list[IncidentRow] = []
        wanted = list(dict.fromkeys(incidents))
        for first in range(0, len(wanted), PAGE):
            some = wanted[first : first + PAGE]
            found += self._parts.incidents.list(among=some, limit=PAGE)
        return found

    def _due(self, filters: Filters, caller: Caller, limit: int) -> Sequence[IncidentHead]:
        """Return the open incidents that fit, what runs out first at the top."""
        if filters.state is Listed.CLOSED:
            return []
        wanted = replace(filters, state=Listed.OPEN, first="due")
        if filters.asked_of is None:
            return self._heads_of(wanted, limit)
        asked = dict.fromkeys(incident for incident, _ in self._asked_of(caller, filters.asked_of))
        known = {one.incident: one for one in self._heads_of(wanted, OPEN_AT_MOST, among=tuple(asked))}
        return [known[incident] for incident in asked if incident in known][:limit]

    def _asked_of(self, caller: Caller, whom: str = ME) -> list[tuple[IncidentId, Asked]]:
        """Return the open questions that wait for the caller, or are asked of a role: first what runs out."""
        at, role = self._parts.now(), caller.role
        if whom != ME:
            asking = Role(whom)
            return self._asked.waiting(asking, lambda one: one.asks(asking, at))
        if role is None:
            return []
        return self._asked.waiting(role, lambda one: one.waits_for(caller.person, role, at))

    def _heads(self, row: IncidentRow) -> Heads:
        view = row.view
        return Heads(
            workflow=view.head if view else Head(),
            response=self._parts.ledger.head(row.incident, Chain.RESPONSE),
            access=self._parts.ledger.head(row.incident, Chain.ACCESS),
        )
