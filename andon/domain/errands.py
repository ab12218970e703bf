"""What an incident sends its children out with, and what they come back with.

These models live in the domain and not beside their workflows: the sandbox loads a workflow's own
modules again for each run, and building a pydantic model costs about a millisecond.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from pydantic import Field

from andon.domain.evidence import EvidenceRow
from andon.domain.values import Carried, IncidentId, Instant, PersonId, Sha256Hex, Slug
from andon.domain.watch import Limit

NOBODY: Final[IncidentId] = "INC-00000000-000000"
"""Stands for the incident in orders of releases that did not name it."""

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
    pin: str = Field("", description="begin of the pin of the suite as it was when the incident opened")
    past: bool = Field(False, description="run only the own case, on the versions of the incident")


class ReevaluationOrder(Carried):
    """Which suite runs for which incident."""

    parent: str
    request: EvaluationRequest
    versions: bool
    past: bool = Field(False, description="whether the own case is to be seen to fail as well")


class WatchOrder(Carried):
    """What is watched, until when, and what must not change."""

    parent: str
    incident: IncidentId = NOBODY
    number: int
    system: Slug
    versions: Sha256Hex
    until: Instant
    every: timedelta
    limits: tuple[Limit, ...] | None = Field(
        None, description="what its signals must stay within; None: it is not noted yet"
    )
    unread: dict[str, int] = Field(default_factory=dict, description="looks in a row without a number")


class Report(Carried):
    """A child says that a snapshot or evaluation is over; the incident reads the result where it is kept."""

    number: int


class Observation(Carried):
    """What a watch saw, as a code."""

    saw: str
    watch: int
    unread: str = Field(
        "", pattern=r"^[a-z0-9_,-]{0,700}$", description="signals without a number at its end, comma between"
    )


class Refused(Carried):
    """What somebody sent to a child, which took no notice of it."""

    child: str
    signal: str


LEAD_GONE: Final = "lead_gone"
"""Signal by which an incident hears that its lead can't lead any more; carries a `LeadGone`."""


class LeadGone(Carried):
    """Whoever leads was suspended, or has left the directory."""

    person: PersonId
