"""The incident file, built from the register and kept in locked storage under its digest."""

from __future__ import annotations

import asyncio
import json
from dataclasses import dataclass
from typing import Any, Final

from andon.domain.errors import NotFoundError
from andon.domain.file import FileSources, build_file
from andon.domain.ledger import Chain, Entry
from andon.domain.lessons import Causes
from andon.domain.values import IncidentId, Sha256Hex, canonical, sha256
from andon.ports import EvidenceStore
from andon.register.deliveries import Deliveries, Sent
from andon.register.detections import Detections
from andon.register.evidence import Evidence
from andon.register.incidents import IncidentRow, Incidents
from andon.register.ledger import Ledger
from andon.register.openings import Opening, Openings
from andon.register.policies import Policies, Systems
from andon.register.review import ReviewWords

PAGE: Final = 1000


@dataclass(frozen=True, slots=True)
class FilePlaces:
    """Where the parts of a file are read."""

    incidents: Incidents
    detections: Detections
    evidence: Evidence
    ledger: Ledger
    systems: Systems
    deliveries: Deliveries
    openings: Openings
    policies: Policies
    words: ReviewWords


class IncidentFileWriter:
    """Builds and stores incident files. What has not changed has the same digest and the same key."""

    def __init__(self, store: EvidenceStore, places: FilePlaces) -> None:
        self._store = store
        self._places = places

    async def write(self, incident: IncidentId) -> Sha256Hex:
        """Store the incident file in its eight parts and return its digest.

        Raises:
            NotFoundError: the register has no view of the incident.
        """
        content = canonical(await self.build(incident))
        digest = sha256(content)
        await self._store.put(f"files/{incident}/{digest}.json", content, content_type="application/json")
        return digest

    async def build(self, incident: IncidentId) -> dict[str, Any]:
        """Return the file as it would be written now; it names what is still missing.

        Raises:
            NotFoundError: the register has no view of the incident.
        """
        return await asyncio.to_thread(self._built, incident)

    def _built(self, incident: IncidentId) -> dict[str, Any]:
        places = self._places
        row = places.incidents.get(incident)
        view = row.view if row else None
        if row is None or view is None:
            raise NotFoundError("incident", incident)
        return build_file(
            FileSources(
                view=view,
                opening=row.opening,
                system=places.systems.system(view.system),
                causes=self._causes(row),
                detections=tuple(
                    detection.model_dump(mode="json") for detection in places.detections.of(incident)
                ),
                manifests=tuple(places.evidence.manifests(incident)),
                entries=tuple(self._entries(incident)),
                accesses=tuple(self._entries(incident, Chain.ACCESS)),
                openings=tuple(_opening(one) for one in places.openings.of(incident)),
                words=tuple(places.words.of(incident)),
                notices=tuple(_notice(sent) for sent in places.deliveries.of(incident)),
                taken_in={other: tuple(places.evidence.manifests(other)) for other in view.taken_in},
            )
        )

    def _causes(self, row: IncidentRow) -> Causes | None:
        """Return what the pinned policy knows of causes; None if it is gone, or of a release before them."""
        if row.opening is None:
            return None
        try:
            snapshot = json.loads(self._places.policies.get(row.opening.plan.policy))
        except NotFoundError:
            return None
        found = snapshot.get("causes")
        return Causes.model_validate(found) if found is not None else None

    def _entries(self, incident: IncidentId, chain: Chain = Chain.RESPONSE) -> list[Entry]:
        entries: list[Entry] = []
        while True:
            after = entries[-1].sequence if entries else None
            page = self._places.ledger.entries(incident, chain, after=after, limit=PAGE)
            entries += page
            if len(page) < PAGE:
                return entries


def _opening(opening: Opening) -> dict[str, Any]:
    return {
        "person": opening.person,
        "exhibit": opening.exhibit,
        "digest": opening.digest,
        "at": opening.at.isoformat(),
    }


def _notice(sent: Sent) -> dict[str, Any]:
    return {
        "message": sent.notice.id,
        "about": sent.notice.about,
        "person": sent.person,
        "channel": sent.channel,
        "arrived": sent.ok,
        "code": sent.code,
        "at": sent.at.isoformat(),
    }
