"""Opening an incident: its id, its pinned plan, its sealed words."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from andon.bootstrap.door import working_calendar
from andon.domain.containment import Lever
from andon.domain.incident import OpenIncident
from andon.domain.mode import Mode
from andon.domain.playbook import ContainmentStep, Plan
from andon.domain.quarantine import quarantining
from andon.domain.resolving import choose_playbook, resolve
from andon.domain.severity import Band
from andon.domain.signing import DETECTION_TYPE, Envelope, key_id, public_key_of, sign
from andon.domain.source import SourceLimits
from andon.domain.system import AISystem
from andon.domain.times import IntakeStatement
from andon.domain.values import NOTHING_YET, IncidentId, Sha256Hex
from andon.door.policy import InForce
from andon.door.session_digests import SessionDigests
from andon.door.weighing import Weighed

ALPHABET: Final = "0123456789abcdefghijklmnopqrstuvwxyz"
UPLOADS: Final = "uploads"
"""Name of the source that brings in what reports offer."""
DEDUPE_LABEL: Final = b"andon/dedupe/1"


NO_LIMITS: Final = SourceLimits(detections_per_minute=None, stops_per_hour=None)


@dataclass(frozen=True, slots=True)
class Arrived:
    """When and from whom a report came in, under which receipt."""

    receipt: str
    source: str
    received_at: datetime
    body: Sha256Hex = NOTHING_YET
    """Digest of the bytes it came in."""
    original: str = ""
    """What a foreign sender sent, in its own form; kept sealed beside the detection."""
    limits: SourceLimits = NO_LIMITS
    """Bounds of the source in place of the settings'."""


class Secrets:
    """What the door derives from the installation's keys; the keys themselves stay here."""

    def __init__(self, master: bytes, attestation_seed: bytes) -> None:
        self._dedupe = hmac.digest(master, DEDUPE_LABEL, hashlib.sha256)
        self.sessions = SessionDigests(master)
        self._seed = attestation_seed
        public = public_key_of(attestation_seed)
        self.trusted: dict[Sha256Hex, str] = {key_id(public): base64.b64encode(public).decode()}

    def attest(self, statement: IntakeStatement) -> Envelope:
        """Sign what the door says of a detection."""
        return sign(statement, self._seed, DETECTION_TYPE)

    def dedupe(self, system: str, key: str | None, *, purpose: str = "detection") -> str | None:
        """Return the keyed digest of a dedupe key, which may hold a customer's name."""
        if key is None:
            return None
        named = json.dumps([purpose, system, key]).encode()
        return hmac.new(self._dedupe, named, hashlib.sha256).hexdigest()


def new_receipt() -> str:
    """Return a fresh receipt."""
    return f"DET-{secrets.token_urlsafe(12)}"


def new_incident_id(at: datetime) -> IncidentId:
    """Return a fresh incident id; the register refuses one that is taken."""
    return f"INC-{at:%Y%m%d}-{''.join(secrets.choice(ALPHABET) for _ in range(6))}"


def incident_id_of(receipt: str, at: datetime) -> IncidentId:
    """Return the incident id that belongs to a receipt, at whichever door it is asked for."""
    number = int.from_bytes(hashlib.sha256(b"andon/incident/1\0" + receipt.encode()).digest())
    tail = "".join(ALPHABET[number // len(ALPHABET) ** place % len(ALPHABET)] for place in range(6))
    return f"INC-{at:%Y%m%d}-{tail}"


def plan_for(
    system: AISystem,
    kind: str | None,
    policy: InForce,
    trusted: dict[Sha256Hex, str],
    at: datetime,
    sessions: Sequence[str] = (),
) -> Plan:
    """Resolve policy for one incident of an AI system, with its owner's business hours from `at` on.

    `sessions` are those it is about, by their digests.
    """
    shelf = policy.shelf
    playbook = choose_playbook(shelf.playbooks, system, kind)
    owner = policy.directory.person(system.owner)
    plan = resolve(
        system,
        playbook,
        shelf.rights,
        shelf.evidence,
        policy=policy.digest,
        trusted=trusted,
        calendar=working_calendar(owner, shelf.rights.business_hours, at),
    ).led_by(policy.directory, playbook.lead, at)
    return quarantining(plan, sessions)


def led_by(plan: Plan, lever: Lever, step: ContainmentStep) -> Plan:
    """Return the plan with one step put first, at once, and the others kept for critical only.

    Whoever stops one tool by hand does not stop the whole system, unless it gets worse.
    """
    later = (one.model_copy(update={"at": (Band.CRITICAL,)}) for one in plan.steps if Band.CRITICAL in one.at)
    levers = plan.levers if lever in plan.levers else (*plan.levers, lever)
    return plan.model_copy(update={"levers": levers, "steps": (step, *later), "mode": Mode.ENFORCE})


def asking_uploads(plan: Plan) -> Plan:
    """Return the plan with what reports bring among its sources of evidence; most reports bring nothing."""
    sources = plan.sources if UPLOADS in plan.sources else (*plan.sources, UPLOADS)
    return plan.model_copy(update={"sources": sources})


def statement_of(incident: IncidentId, weighed: Weighed, arrived: Arrived, system: str) -> IntakeStatement:
    """Return what the door signs of the detection that opens an incident."""
    report = weighed.report
    return IntakeStatement(
        receipt=arrived.receipt,
        incident=incident,
        system=system,
        source=arrived.source,
        channel=report.channel.value,
        body=arrived.body,
        occurred_at=report.occurred_at,
        detected_at=report.detected_at or arrived.received_at,
        reported_at=report.reported_at or arrived.received_at,
        received_at=arrived.received_at,
    )


def opening_of(
    incident: IncidentId,
    weighed: Weighed,
    arrived: Arrived,
    plan: Plan,
    *,
    title: Sha256Hex,
    intake: Envelope,
) -> OpenIncident:
    """Return what the workflow is started with: ids, codes, times and the plan."""
    report, assessment = weighed.report, weighed.assessment
    return OpenIncident(
        incident=incident,
        detection=arrived.receipt,
        source=arrived.source,
        channel=report.channel.value,
        type=report.type.value if report.type else None,
        opened_at=arrived.received_at,
        occurred_at=report.occurred_at,
        detected_at=report.detected_at or arrived.received_at,
        severity=assessment.severity,
        classification=assessment.classification,
        provisional=assessment.provisional,
        containment_required=assessment.containment_required,
        harm_goes_on=weighed.facts.get("ongoing") == "yes",
        fired_rules=assessment.fired_rules,
        title=title,
        trace_ids=report.trace_ids,
        categories=weighed.named.categories,
        tags=weighed.named.tags,
        external=weighed.named.external,
        intake=intake,
        plan=asking_uploads(plan) if report.evidence else plan,
    )
