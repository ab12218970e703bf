"""The business owner of an incident's AI system, and whether they have it in hand."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from andon.domain.incident import IncidentView
from andon.domain.playbook import Plan
from andon.domain.values import Frozen, Instant, PersonId


class OwnerShown(Frozen):
    """Whether the owner, or who stands in for them, has been heard of."""

    person: PersonId = Field(description="who owns the AI system")
    state: Literal["waited_for", "overdue", "in_hand"]
    acknowledged_by: PersonId | None = Field(description="who said so, or answered, first")
    acknowledged_at: Instant | None
    due: Instant | None = Field(description="when the next in line and the lead are told; triage's deadline")


def owner_shown(view: IncidentView | None, plan: Plan) -> OwnerShown:
    """Return how the owner stands to the incident."""
    first = view.acknowledgement if view else None
    overdue = view is not None and view.owner_overdue
    return OwnerShown(
        person=plan.owner,
        state="in_hand" if first else "overdue" if overdue else "waited_for",
        acknowledged_by=first.person if first else None,
        acknowledged_at=first.at if first else None,
        due=view.acknowledge_by if view else None,
    )
