"""Writing a detection down: its words sealed, its codes in the register, its incident allotted."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final, Protocol

from andon.domain.detection import DetectionReport, Outcome
from andon.domain.incident import OpenIncident
from andon.domain.playbook import Plan
from andon.domain.values import IncidentId
from andon.door.opening import Arrived, new_incident_id, opening_of
from andon.door.weighing import Weighed
from andon.ports import SealedText
from andon.register.detections import Detection, Detections
from andon.register.incidents import Allotment, Incidents

TITLE: Final = "title"
DESCRIPTION: Final = "description"

Sealed = Mapping[str, SealedText]
"""A title, and a description if there is one, by these names."""


class Sealer(Protocol):
    """Seals people's words under an incident's key."""

    def seal_now(self, incident: IncidentId, texts: Mapping[str, str]) -> dict[str, SealedText]:
        """Encrypt and keep texts by kind, within the calling thread's transaction."""


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
    """The parts of the register that detections are written to, in one transaction each.

    Every commit waits for the disk, and whoever reports waits for every commit.
    """

    def __init__(self, incidents: Incidents, detections: Detections, texts: Sealer) -> None:
        self._incidents = incidents
        self._detections = detections
        self._texts = texts

    async def allot(self, case: Case, plan: Plan, dedupe: str | None) -> tuple[Allotment, OpenIncident]:
        """Open an incident for a case, unless one with the same dedupe key is open."""
        return await asyncio.to_thread(self._allot, case, plan, dedupe)

    async def join(self, case: Case, incident: IncidentId, *, open_only: bool = True) -> bool:
        """Note a detection of an incident; return False, with nothing noted, if it must be open and isn't."""
        return await asyncio.to_thread(self._join, case, incident, open_only=open_only)

    async def log_only(self, case: Case) -> None:
        """Note a detection that no incident is opened for."""
        # Sealed under a key of the receipt's own: there is no incident whose key could be used.
        await asyncio.to_thread(self._note, case, None, Outcome.QUALITY_ISSUE, under=case.arrived.receipt)

    def _allot(self, case: Case, plan: Plan, dedupe: str | None) -> tuple[Allotment, OpenIncident]:
        incident = new_incident_id(case.arrived.received_at)
        with self._incidents.together():
            sealed = self._sealed(incident, case)
            opening = opening_of(incident, case.weighed, case.arrived, plan, sealed[TITLE].digest)
            allotment = self._incidents.allot(opening, dedupe=dedupe, title=sealed[TITLE])
            if allotment.opened:
                self._record(case, incident, Outcome.OPENED, sealed)
        return allotment, opening.model_copy(update={"recurrence_of": allotment.recurrence_of})

    def _join(self, case: Case, incident: IncidentId, *, open_only: bool) -> bool:
        with self._incidents.together():
            row = self._incidents.get(incident) if open_only else None
            if open_only and (row is None or row.closed_at is not None):
                return False
            self._record(case, incident, Outcome.JOINED, self._sealed(incident, case))
            return True

    def _note(self, case: Case, incident: IncidentId | None, outcome: Outcome, *, under: str) -> None:
        with self._incidents.together():
            self._record(case, incident, outcome, self._sealed(under, case))

    def _sealed(self, under: str, case: Case) -> Sealed:
        words = {TITLE: case.title}
        if case.description:
            words[DESCRIPTION] = case.description
        return self._texts.seal_now(under, words)

    def _record(self, case: Case, incident: IncidentId | None, outcome: Outcome, sealed: Sealed) -> None:
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
            title=sealed[TITLE],
            description=sealed.get(DESCRIPTION),
        )
        self._detections.record(detection)
