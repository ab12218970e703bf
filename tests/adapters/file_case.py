"""An incident with all that its file is made of, in a real register, and the writer of the file."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from andon.adapters.store.incident_file import FilePlaces, IncidentFileWriter
from andon.adapters.store.memory import MemoryEvidenceStore
from andon.domain.containment import OrderState, Proof
from andon.domain.decision import (
    Accepted,
    DecisionKind,
    DecisionRecord,
    DecisionRequest,
    Option,
)
from andon.domain.detection import Channel, Outcome
from andon.domain.directory import Role
from andon.domain.evidence import Gap, GapReason, Manifest, RowOutcome, RowState
from andon.domain.gate import EvaluationResult, Gate
from andon.domain.incident import Ending, IncidentView, OrderRecord
from andon.domain.review import PARTS as REVIEWED
from andon.domain.review import Words
from andon.domain.system import AISystem, Tier
from andon.domain.values import NOTHING_YET
from andon.register.deliveries import Deliveries
from andon.register.detections import Detection, Detections
from andon.register.engine import Databases
from andon.register.evidence import Evidence
from andon.register.incidents import Incidents
from andon.register.ledger import Ledger
from andon.register.openings import Openings
from andon.register.policies import Policies, Systems
from andon.register.review import ReviewWords
from tests.register.cases import INCIDENT, NOW, TITLE, chain, closed, opening, order

LATER = NOW + timedelta(hours=1)


def decided(kind: DecisionKind, outcome: str, **findings: str) -> DecisionRecord:
    request = DecisionRequest(
        id=f"{kind}-1",
        incident=INCIDENT,
        kind=kind,
        opened_at=NOW,
        deadline=LATER,
        eligible=(Role.ENGINEER,),
        options=(Option(id=outcome), Option(id="other")),
        policy="b" * 64,
    )
    answer = Accepted(
        person="ana",
        role=Role.ENGINEER,
        option=outcome,
        findings=findings,
        received_at=LATER,
        late=False,
        nonce="n" * 16,
        statement="d" * 64,
    )
    return DecisionRecord(request=request, accepted=(answer,), outcome=outcome, closed_at=LATER)


def whole() -> IncidentView:
    """An incident that went through every stage."""
    proof = Proof(order=order().id, held=True, at=NOW, via="openfeature", saw="false/STATIC")
    result = EvaluationResult(
        suite="s",
        started_at=NOW,
        finished_at=LATER,
        completed=True,
        versions="e" * 64,
        total=1,
        finished=1,
        incident_case=True,
    )
    return closed().model_copy(
        update={
            "ending": Ending.RESTARTED,
            "contained": True,
            "fired_rules": ("H1",),
            "orders": (
                OrderRecord(order=order(), state=OrderState.RELEASED, proof=proof, released_at=LATER),
            ),
            "decisions": (
                decided(DecisionKind.TRIAGE, "confirm"),
                decided(DecisionKind.IMPACT, "isolated", acted_upon="yes", notification_required="unknown"),
                decided(DecisionKind.DIAGNOSIS, "prompt_change", failed_control="release_gate"),
                decided(DecisionKind.REMEDIATION, "fix_deployed"),
                decided(DecisionKind.RESTART, "restart"),
                decided(DecisionKind.LESSONS, "lessons_recorded", control_change="eval_set"),
            ),
            "evaluation": result,
            "gate": Gate(open=True),
            "fixed_at": NOW,
            "watch_until": LATER,
        }
    )


MANIFEST = Manifest(
    incident=INCIDENT,
    snapshot=1,
    sealed_at=NOW,
    previous=NOTHING_YET,
    items=(),
    rows=(
        RowOutcome(row="inputs", state=RowState.CAPTURED, items=1),
        RowOutcome(row="outputs", state=RowState.GAP, reason=GapReason.EMPTY),
    ),
    gaps=(Gap(row="outputs", reason=GapReason.EMPTY, source="recorder"),),
)


class Archive:
    def __init__(self, databases: Databases) -> None:
        register = databases.register
        self.places = FilePlaces(
            incidents=Incidents(register),
            detections=Detections(register),
            evidence=Evidence(register),
            ledger=Ledger(register),
            systems=Systems(register),
            deliveries=Deliveries(register),
            openings=Openings(register),
            policies=Policies(register),
            words=ReviewWords(register),
        )
        self.store = MemoryEvidenceStore()
        self.writer = IncidentFileWriter(self.store, self.places)

    def fill(self, view: IncidentView, **changes: Any) -> None:
        opened = opening().model_copy(update=changes)
        self.places.incidents.allot(opened, dedupe=None, title=TITLE)
        self.places.incidents.show(view)
        self.places.systems.put_system(
            AISystem(id="refund_desk", name="Refund desk", tier=Tier.LOW, owner="bela")
        )
        self.places.detections.record(
            Detection(
                id="DET-0000000000000001",
                incident=INCIDENT,
                system="refund_desk",
                outcome=Outcome.OPENED,
                channel=Channel.MONITORING,
                source="source:monitor",
                received_at=NOW,
                detected_at=NOW,
            )
        )
        self.places.evidence.save_manifest(MANIFEST)
        self.places.ledger.append(chain(3))
        for part in REVIEWED:
            self.places.words.put(INCIDENT, said(part))


def said(part: str, version: int = 1) -> Words:
    return Words(
        part=part, version=version, text="TXT-2", digest="f" * 64, person="lena", role=Role.ENGINEER, at=LATER
    )


async def built(archive: Archive, view: IncidentView) -> dict[str, Any]:
    archive.fill(view)
    return await archive.writer.build(INCIDENT)
