"""How far a playbook acts by itself: it watches, it asks first, or it stops at once."""

from __future__ import annotations

from enum import StrEnum

from pydantic import Field

from andon.domain.containment import Lever
from andon.domain.cost import Cost
from andon.domain.severity import Band
from andon.domain.values import Carried, Instant


class Mode(StrEnum):
    """What becomes of the orders that a playbook calls for, until a person has confirmed the incident."""

    OBSERVE = "observe"
    """None is given; what would have been held is on record. Silence gives none either."""
    WARN = "warn"
    """Triage is asked first; confirmed, or not answered in time, they are given."""
    ENFORCE = "enforce"
    """They are given at once."""


class Foreseen(Carried):
    """A lever that would be held now, had the playbook been allowed to."""

    lever: Lever
    since: Instant = Field(description="when it would have been ordered")
    severity: Band
    limit: int = 0
    costly: bool = Field(False, description="it would have taken a decision first")
    cost: Cost | None = None
