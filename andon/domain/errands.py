"""What an incident sends its children out with, and what they come back with.

These models live in the domain and not beside their workflows: the sandbox loads a workflow's own
modules again for each run, and building a pydantic model costs about a millisecond.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from andon.domain.evidence import EvidenceRow
from andon.domain.values import Carried, IncidentId, Instant, PersonId, Sha256Hex, Slug

REFUSED_BY_CHILD: Final = "refused_by_child"
"""The signal by which a child tells of what it took no notice of."""


class EvidenceQuery(Carried):
    """What a source is asked for."""

    incident: IncidentId
    system: Slug
    since: Instant
    until: Instant
    trace_ids: tuple[str, ...] = ()


class SnapshotOrder(Carried):
    """What a snapshot is to hold."""

    incident: IncidentId
    parent: str
    number: int
    previous: Sha256Hex
    query: EvidenceQuery
    rows: tuple[EvidenceRow, ...]
    sources: tuple[Slug, ...]
    at: Instant


class EvaluationRequest(Carried):
    """One run of an AI system's eval suite with an incident's own case added."""

    incident: IncidentId
    system: Slug
    number: int
    timeout: timedelta


class ReevaluationOrder(Carried):
    """Which suite runs for which incident."""

    parent: str
    request: EvaluationRequest
    versions: bool


class WatchOrder(Carried):
    """What is watched, until when, and what must not change."""

    parent: str
    number: int
    system: Slug
    versions: Sha256Hex
    until: Instant
    every: timedelta


class Report(Carried):
    """A child says that a snapshot or evaluation is over; the incident reads the result where it is kept."""

    number: int


class Observation(Carried):
    """What a watch saw, as a code."""

    saw: str
    watch: int


class Refused(Carried):
    """What somebody sent to a child, which took no notice of it."""

    child: str
    signal: str


LEAD_GONE: Final = "lead_gone"
"""Signal by which an incident hears that its lead can't lead any more; carries a `LeadGone`."""


class LeadGone(Carried):
    """Whoever leads was suspended, or has left the directory."""

    person: PersonId
