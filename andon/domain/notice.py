"""Something people must hear of, as ids and codes."""

from __future__ import annotations

from pydantic import Field

from andon.domain.decision import DecisionKind
from andon.domain.directory import Role
from andon.domain.values import Carried, IncidentId, Instant


class Notice(Carried):
    """Something people must hear of. Holds ids only; the adapter finds names, texts and channels."""

    id: str = Field(description="message id; a repeat goes out with the same id")
    incident: IncidentId
    roles: tuple[Role, ...]
    about: str = Field(description="`question`, `escalation`, `default_applied`, `guidance`, `unproven`, ...")
    decision: DecisionKind | None = None
    subject: str = ""
    due: Instant | None = None
