"""Of whom an open question is asked: all it takes to say for whom it waits, without the incident it is of."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from andon.domain.decision import DecisionKind, DecisionRecord
from andon.domain.directory import Role
from andon.domain.values import PersonId, Sha256Hex


@dataclass(frozen=True, slots=True)
class Asked:
    """One open question, and who may answer it from when."""

    decision: str
    kind: DecisionKind
    policy: Sha256Hex
    """The policy whose words it is put in."""
    opened_at: datetime
    deadline: datetime | None
    expires_at: datetime | None
    roles: Mapping[Role, datetime | None]
    """Who may answer; with a moment: from then on, when a rung of the ladder is reached."""
    barred: tuple[PersonId, ...]
    """Who is excluded, or has answered."""

    def waits_for(self, person: PersonId, role: Role, at: datetime) -> bool:
        """Whether an answer by this person in this role could count and is still missing."""
        expired = self.expires_at is not None and at > self.expires_at
        return self.asks(role, at) and not expired and person not in self.barred

    def asks(self, role: Role, at: datetime) -> bool:
        """Whether a role may answer at a moment."""
        if role not in self.roles:
            return False
        since = self.roles[role]
        return since is None or at >= since


def asked(record: DecisionRecord) -> Asked | None:
    """Return of whom a question is asked; None if it takes no answers any more."""
    if not record.open:
        return None
    request = record.request
    roles: dict[Role, datetime | None] = {}
    if request.deadline is not None:
        for rung in request.ladder:
            since = request.deadline + rung.after
            roles[rung.role] = min(since, roles.get(rung.role) or since)
    slots = {role for option in request.options for slot in option.needs for role in slot}
    roles |= dict.fromkeys((*request.eligible, *sorted(slots)))
    return Asked(
        decision=request.id,
        kind=request.kind,
        policy=request.policy,
        opened_at=request.opened_at,
        deadline=request.deadline,
        expires_at=request.expires_at,
        roles=roles,
        barred=(*request.excluded, *(one.person for one in record.accepted)),
    )
