"""Where a detection goes: to an incident that is open, to a new one, or to the quality issues.

The rule is pure. What stands in the register for the detection's AI system is looked up by the door,
and the register has the last word on what is open once the rule's answer is carried out.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from andon.domain.values import IncidentId


class Place(StrEnum):
    """Where a detection is put."""

    JOIN = "join"
    """An incident that is open takes it in."""
    OPEN = "open"
    """An incident is opened for it."""
    NOTE = "note"
    """It is kept as a quality issue, without a workflow."""
    PROMOTE = "promote"
    """A quality issue becomes an incident, because of what this detection says."""


@dataclass(frozen=True, slots=True)
class Stands:
    """What stands in the register for the AI system of a detection."""

    incident: IncidentId | None = None
    """The open incident with the same dedupe key."""
    issue: str | None = None
    """The open quality issue with the same dedupe key."""
    pattern: IncidentId | None = None
    """The open incident of the pattern that this detection's cause has become."""
    storm: IncidentId | None = None
    """The open incident of this AI system in the storm that goes on."""


@dataclass(frozen=True, slots=True)
class Placement:
    """Where a detection goes, and to which incident or quality issue."""

    place: Place
    incident: IncidentId | None = None
    issue: str | None = None


def placed(*, calls_for_incident: bool, stands: Stands) -> Placement:
    """Return where a detection goes.

    The sender's own key comes first: what it calls the same is the same, whatever it weighs. One more
    case of a pattern joins the incident of that pattern. In a storm an AI system has one incident, whatever
    the keys.

    Args:
        calls_for_incident: whether policy, from the facts of this detection, wants a workflow.
        stands: what is open for the AI system.
    """
    joined = stands.incident or stands.pattern
    if joined is not None:
        return Placement(Place.JOIN, incident=joined)
    if not calls_for_incident:
        return Placement(Place.NOTE, issue=stands.issue)
    if stands.storm is not None:
        return Placement(Place.JOIN, incident=stands.storm)
    if stands.issue is not None:
        return Placement(Place.PROMOTE, issue=stands.issue)
    return Placement(Place.OPEN)
