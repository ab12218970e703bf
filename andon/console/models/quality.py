"""Quality issues, near misses and links as people are shown them."""

from __future__ import annotations

from pydantic import Field

from andon.domain.detection import Channel, Outcome
from andon.domain.severity import Band
from andon.domain.values import Frozen, IncidentId, Instant
from andon.register.detections import Detection
from andon.register.incidents import IncidentRow
from andon.register.links import Link
from andon.register.quality import IssueCourse, QualityIssue


class IssueListed(IssueCourse):
    """One quality issue, or near miss that calls for no workflow."""

    url: str
    title: str | None = Field(description="None: not for this role, or lost")
    incident: IncidentId | None = Field(description="what it was promoted to")
    settled_at: Instant | None
    settled_by: str | None


class DetectionListed(Frozen):
    """One detection of an issue."""

    id: str
    outcome: Outcome
    channel: Channel
    source: str
    occurred_at: Instant | None
    detected_at: Instant
    received_at: Instant
    trace_ids: tuple[str, ...]
    facts: dict[str, str | int]


class IssueShown(IssueListed):
    """One issue, whole."""

    reason: str | None = Field(description="why a person promoted or closed it")
    detections: tuple[DetectionListed, ...]
    links: tuple[Link, ...]


class IssueList(Frozen):
    """One page of issues, newest first."""

    issues: tuple[IssueListed, ...]
    next: str | None = Field(description="send it as `before` for the page after this one")
    count: int = Field(description="how many there are on all pages")


class NearMiss(Frozen):
    """One near miss: an incident, or what needed no workflow."""

    id: str
    url: str
    system: str
    title: str | None
    state: str
    actual: Band
    potential: Band | None = Field(description="None: the incident is not there any more to ask")
    detected_at: Instant
    count: int


class NearMissList(Frozen):
    """Near misses, newest first."""

    near_misses: tuple[NearMiss, ...]
    count: int = Field(description="how many there are, listed or not")


class Suggestion(Frozen):
    """Two incidents that may be one; a person decides."""

    one: IncidentId
    other: IncidentId
    system: str
    why: str = Field(description="code: `same_trace`, `same_cause` or `same_time`")
    at: Instant


class SuggestionList(Frozen):
    """Suggestions nobody has acted on, newest first."""

    suggestions: tuple[Suggestion, ...]


def issue_listed(issue: QualityIssue, url: str, title: str | None) -> IssueListed:
    """Return one line of the list."""
    return IssueListed(
        **issue.model_dump(exclude={"title", "reason"}), url=f"{url}/quality/{issue.id}", title=title
    )


def detection_listed(kept: Detection) -> DetectionListed:
    """Return one detection of an issue."""
    return DetectionListed.model_validate(
        {name: getattr(kept, name) for name in DetectionListed.model_fields}
    )


def missed_in_register(issue: QualityIssue, url: str, title: str | None) -> NearMiss:
    """Return a near miss that needed no workflow."""
    return NearMiss(
        id=issue.id,
        url=f"{url}/quality/{issue.id}",
        system=issue.system,
        title=title,
        state=issue.state.value,
        actual=issue.actual,
        potential=issue.potential,
        detected_at=issue.first_seen,
        count=issue.count,
    )


def missed_in_incident(
    row: IncidentRow, url: str, title: str | None, potential: Band | None, *, joined: int
) -> NearMiss:
    """Return a near miss that is an incident; nothing happened, so it is low in fact."""
    opening = row.opening
    return NearMiss(
        id=row.incident,
        url=f"{url}/incidents/{row.incident}",
        system=row.system,
        title=title,
        state="closed" if row.closed_at else "open",
        actual=Band.LOW,
        potential=potential,
        detected_at=opening.detected_at if opening else row.opened_at,
        count=joined + 1,
    )
