"""Writing a detection down: its words sealed, its codes in the register, its incident allotted."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Final, Protocol

from andon.domain.conditions import Facts
from andon.domain.detection import DetectionReport, Outcome
from andon.domain.errors import AndonError, OutdatedError
from andon.domain.incident import OpenIncident
from andon.domain.playbook import Plan
from andon.domain.severity import SeverityPolicy
from andon.domain.signing import Envelope
from andon.domain.times import IntakeStatement
from andon.domain.values import NOTHING_YET, IncidentId, Sha256Hex
from andon.door.brought import Brought, evidence_text
from andon.door.issues import issue_of, new_issue_id
from andon.door.opening import (
    Arrived,
    asking_uploads,
    incident_id_of,
    new_incident_id,
    opening_of,
    statement_of,
)
from andon.door.ties import ANDON, UNTIED, Knot, Ties
from andon.door.weighing import Weighed
from andon.ports import SealedText
from andon.register.detections import Detection, Detections
from andon.register.incidents import Allotment, Incidents
from andon.register.links import LinkKind

TITLE: Final = "title"
DESCRIPTION: Final = "description"
ORIGINAL: Final = "original"
EVIDENCE: Final = "evidence"
TRACES_KEPT: Final = 50

Sealed = Mapping[str, SealedText]
"""A title, and a description and a foreign sender's own words if there are any, by these names."""


class TakenElsewhereError(AndonError):
    """Another door has taken the same report in meanwhile; nothing was written down a second time."""


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

    def knowing(self, policy: SeverityPolicy, more: Facts) -> Case:
        """Return the case weighed again with facts that the register adds."""
        return replace(self, weighed=self.weighed.knowing(policy, more))

    def noting(self, line: str) -> Case:
        """Return the case with a line put before its description."""
        return replace(self, description=f"{line}\n{self.description}")


class Books:
    """The parts of the register that detections are written to, in one transaction each.

    Every commit waits for the disk, and whoever reports waits for every commit.
    """

    def __init__(
        self,
        incidents: Incidents,
        detections: Detections,
        texts: Sealer,
        attest: Callable[[IntakeStatement], Envelope],
        knot: Knot,
        brought: Brought,
    ) -> None:
        self._incidents = incidents
        self._detections = detections
        self._texts = texts
        self._attest = attest
        self._knot = knot
        self._brought = brought

    async def allot(
        self, case: Case, plan: Plan, dedupe: str | None, ties: Ties = UNTIED
    ) -> tuple[Allotment, OpenIncident]:
        """Open an incident for a case, unless one with the same dedupe key is open."""
        return await asyncio.to_thread(self._allot, case, plan, dedupe, ties)

    def try_writing(self) -> None:
        """Begin and end a transaction that may write.

        Raises:
            SQLAlchemyError: the register takes nothing.
        """
        with self._incidents.together():
            pass

    def opening_ahead(self, case: Case, plan: Plan) -> OpenIncident:
        """Return the incident that a case is to open, while the register takes nothing.

        One receipt, one incident: a sender who repeats a report at another door, which can't know of it,
        must not leave holds there that no incident will ever let go.
        """
        arrived = case.arrived
        return self._opening(incident_id_of(arrived.receipt, arrived.received_at), case, plan, NOTHING_YET)

    async def adopt(self, case: Case, opening: OpenIncident, dedupe: str | None, ties: Ties = UNTIED) -> None:
        """Open just this incident; if another with the same key is open, it goes without the key."""
        await asyncio.to_thread(self._adopt, case, opening, dedupe, ties)

    async def join(
        self, case: Case, incident: IncidentId, ties: Ties = UNTIED, *, open_only: bool = True
    ) -> bool:
        """Note a detection of an incident; return False, with nothing noted, if it must be open and isn't."""
        return await asyncio.to_thread(self._join, case, incident, ties, open_only=open_only)

    async def note(self, case: Case, dedupe: str | None, ties: Ties = UNTIED) -> str:
        """Keep a detection that no incident is opened for; return the quality issue that holds it."""
        return await asyncio.to_thread(self._note, case, dedupe, ties)

    def _allot(
        self, case: Case, plan: Plan, dedupe: str | None, ties: Ties
    ) -> tuple[Allotment, OpenIncident]:
        incident = new_incident_id(case.arrived.received_at)
        with self._incidents.together():
            sealed = self._sealed(incident, case)
            opening = self._opening(incident, case, plan, sealed[TITLE].digest)
            opening = self._with_its_past(opening, ties)
            allotment = self._incidents.allot(opening, dedupe=dedupe, title=sealed[TITLE])
            if allotment.opened:
                self._record(case, incident, Outcome.OPENED, sealed, ties)
                self._tie(opening, allotment, ties)
        return allotment, opening.model_copy(update={"recurrence_of": allotment.recurrence_of})

    def _adopt(self, case: Case, ahead: OpenIncident, dedupe: str | None, ties: Ties) -> None:
        with self._incidents.together():
            sealed = self._sealed(ahead.incident, case)
            opening = ahead.model_copy(update={"title": sealed[TITLE].digest})
            allotment = self._incidents.allot(opening, dedupe=dedupe, title=sealed[TITLE])
            if not allotment.opened:
                # Its levers are held in its own name, and only an incident of its own can let them go.
                allotment = self._incidents.allot(opening, dedupe=None, title=sealed[TITLE])
            self._record(case, opening.incident, Outcome.OPENED, sealed, ties)
            self._tie(opening, allotment, ties)

    def _opening(self, incident: IncidentId, case: Case, plan: Plan, title: Sha256Hex) -> OpenIncident:
        return opening_of(
            incident,
            case.weighed,
            case.arrived,
            plan,
            title=title,
            intake=self._attest(statement_of(incident, case.weighed, case.arrived, plan.system)),
        )

    def _with_its_past(self, opening: OpenIncident, ties: Ties) -> OpenIncident:
        """Return the opening with the times and traces of the quality issue it comes from.

        Its clocks run from its opening, not from when the issue came in: nobody was asked anything then.
        """
        opening = opening.model_copy(
            update={"opened_at": ties.opened_at or opening.opened_at, "split_from": ties.split_from}
        )
        if ties.issue is None:
            return opening
        past = self._detections.of_issue(ties.issue)
        occurred = [one.occurred_at for one in past if one.occurred_at] + [opening.occurred_at]
        traces = dict.fromkeys((*opening.trace_ids, *(trace for one in past for trace in one.trace_ids)))
        return opening.model_copy(
            update={
                "occurred_at": min((one for one in occurred if one), default=None),
                "detected_at": min([opening.detected_at, *(one.detected_at for one in past)]),
                "trace_ids": tuple(traces)[:TRACES_KEPT],
                "promoted_from": ties.issue,
                "plan": asking_uploads(opening.plan) if any(one.evidence for one in past) else opening.plan,
            }
        )

    def _tie(self, opening: OpenIncident, allotment: Allotment, ties: Ties) -> None:
        home, at = opening.incident, opening.opened_at
        if allotment.recurrence_of is not None:
            self._knot.links.add(
                LinkKind.RECURRENCE, allotment.recurrence_of, home, why="same_key", at=at, by=ANDON
            )
        if ties.issue is not None:
            self._detections.give(ties.issue, home)
        if ties.split_from is not None and not self._detections.move(
            opening.detection, ties.split_from, home
        ):
            raise OutdatedError("detection", opening.detection)
        self._knot.tie(ties, home, at)

    def _join(self, case: Case, incident: IncidentId, ties: Ties, *, open_only: bool) -> bool:
        with self._incidents.together():
            row = self._incidents.get(incident) if open_only else None
            if open_only and (row is None or row.closed_at is not None):
                return False
            self._record(case, incident, Outcome.JOINED, self._sealed(incident, case), ties)
            self._knot.tie(ties, incident, case.arrived.received_at)
            return True

    def _note(self, case: Case, dedupe: str | None, ties: Ties) -> str:
        with self._incidents.together():
            standing = self._knot.issues.open_with(case.system, dedupe)
            home = standing or new_issue_id(case.arrived.received_at)
            # Sealed under a key of the issue's own: there is no incident whose key could be used.
            sealed = self._sealed(home, case)
            self._knot.issues.note(issue_of(home, case, sealed[TITLE], ties.occasion), dedupe)
            self._record(case, None, Outcome.QUALITY_ISSUE, sealed, ties, issue=home)
            self._knot.tie(ties, home, case.arrived.received_at)
            return home

    def _sealed(self, under: str, case: Case) -> Sealed:
        words = {TITLE: case.title}
        if case.description:
            words[DESCRIPTION] = case.description
        if case.arrived.original:
            words[ORIGINAL] = case.arrived.original
        if offered := evidence_text(case.weighed):
            words[EVIDENCE] = offered
        return self._texts.seal_now(under, words)

    def _record(
        self,
        case: Case,
        incident: IncidentId | None,
        outcome: Outcome,
        sealed: Sealed,
        ties: Ties,
        *,
        issue: str | None = None,
    ) -> None:
        """Keep the detection itself.

        Raises:
            TakenElsewhereError: it stands in the register already, though nobody here has moved it.
        """
        arrived = case.arrived
        detection = _detection(case, incident, outcome, sealed, issue)
        kept_before = ties.issue or ties.split_from or ties.opened_at
        if not self._detections.record(detection) and not kept_before:
            raise TakenElsewhereError(arrived.receipt)
        self._brought.note(case.weighed, arrived.receipt, incident, arrived.received_at)


def _detection(
    case: Case, incident: IncidentId | None, outcome: Outcome, sealed: Sealed, issue: str | None
) -> Detection:
    report, arrived, weighed = case.report, case.arrived, case.weighed
    return Detection(
        id=arrived.receipt,
        incident=incident,
        issue=issue,
        system=case.system,
        outcome=outcome,
        channel=report.channel,
        source=arrived.source,
        received_at=arrived.received_at,
        detected_at=report.detected_at or arrived.received_at,
        occurred_at=report.occurred_at,
        reported_at=report.reported_at,
        severity=report.severity or None,
        type=report.type,
        trigger=report.trigger,
        categories=weighed.named.categories,
        tags=weighed.named.tags,
        external=weighed.named.external,
        evidence=sealed.get(EVIDENCE),
        trace_ids=report.trace_ids,
        facts=weighed.facts,
        potential_facts=weighed.potential_facts,
        title=sealed[TITLE],
        description=sealed.get(DESCRIPTION),
        original=sealed.get(ORIGINAL),
    )
