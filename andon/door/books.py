"""Writing a detection down: its words sealed, its codes in the register, its incident allotted."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, replace
from typing import Protocol

from andon.domain.detection import DetectionReport, Outcome
from andon.domain.incident import OpenIncident
from andon.domain.playbook import Plan
from andon.domain.values import IncidentId
from andon.door.opening import Arrived, new_incident_id, opening_of
from andon.door.weighing import Weighed
from andon.ports import SealedText
from andon.register.detections import Detection, Detections
from andon.register.incidents import Allotment, Incidents

Sealed = tuple[SealedText, SealedText | None]
"""A title, and a description if there is one."""


class Sealer(Protocol):
    """Seals people's words under an incident's key."""

    async def seal(self, incident: IncidentId, kind: str, text: str) -> SealedText:
        """Encrypt and keep `text`."""


@dataclass(frozen=True, slots=True)
class Case:
    """One detection on its way through the door."""

    weighed: Weighed
    arrived: Arrived
    title: str
    description: str
    system: str

    @property
    def report(self) -> DetectionReport:
        """The detection as it was sent."""
        return self.weighed.report

    @property
    def kind(self) -> str | None:
        """The incident type its sender names."""
        return self.report.type.value if self.report.type else None

    def noting(self, line: str) -> Case:
        """Return the case with a line put before its description."""
        return replace(self, description=f"{line}\n{self.description}")


class Books:
    """The parts of the register that detections are written to."""

    def __init__(self, incidents: Incidents, detections: Detections, texts: Sealer) -> None:
        self._incidents = incidents
        self._detections = detections
        self._texts = texts

    async def allot(self, case: Case, plan: Plan, dedupe: str | None) -> tuple[Allotment, OpenIncident]:
        """Open an incident for a case, unless one with the same dedupe key is open."""
        incident = new_incident_id(case.arrived.received_at)
        sealed = await self._sealed(incident, case)
        opening = opening_of(incident, case.weighed, case.arrived, plan, sealed[0].digest)
        allotment = await asyncio.to_thread(self._allot, case, opening, dedupe, sealed)
        return allotment, opening.model_copy(update={"recurrence_of": allotment.recurrence_of})

    async def join(self, case: Case, incident: IncidentId) -> None:
        """Note a detection of an open incident."""
        sealed = await self._sealed(incident, case)
        await asyncio.to_thread(self._record, case, incident, Outcome.JOINED, sealed)

    async def log_only(self, case: Case) -> None:
        """Note a detection that no incident is opened for."""
        # Sealed under a key of the receipt's own: there is no incident whose key could be used.
        sealed = await self._sealed(case.arrived.receipt, case)
        await asyncio.to_thread(self._record, case, None, Outcome.QUALITY_ISSUE, sealed)

    def _allot(self, case: Case, opening: OpenIncident, dedupe: str | None, sealed: Sealed) -> Allotment:
        with self._incidents.together():
            allotment = self._incidents.allot(opening, dedupe=dedupe, title=sealed[0])
            if allotment.opened:
                self._record(case, opening.incident, Outcome.OPENED, sealed)
        return allotment

    async def _sealed(self, under: str, case: Case) -> Sealed:
        title = await self._texts.seal(under, "title", case.title)
        if not case.description:
            return title, None
        return title, await self._texts.seal(under, "description", case.description)

    def _record(self, case: Case, incident: IncidentId | None, outcome: Outcome, sealed: Sealed) -> None:
        title, description = sealed
        report, arrived = case.report, case.arrived
        detection = Detection(
            id=arrived.receipt,
            incident=incident,
            system=case.system,
            outcome=outcome,
            channel=report.channel,
            source=arrived.source,
            received_at=arrived.received_at,
            detected_at=report.detected_at or arrived.received_at,
            occurred_at=report.occurred_at,
            severity=report.severity or None,
            type=report.type,
            trigger=report.trigger,
            categories=report.categories,
            tags=report.tags,
            trace_ids=report.trace_ids,
            facts=case.weighed.facts,
            potential_facts=case.weighed.potential_facts,
            title=title,
            description=description,
        )
        self._detections.record(detection)
