"""Of whom an open question is asked: all it takes to say for whom it waits, without the incident it is of."""

from __future__ import annotations

from datetime import datetime

from andon.domain.decision import DecisionRecord
from andon.domain.directory import Role
from andon.domain.values import Carried, Instant, PersonId


class Asked(Carried):
    """One open question, and who may answer it from when."""

    decision: str
    opened_at: Instant
    deadline: Instant | None
    expires_at: Instant | None
    roles: dict[Role, Instant | None]
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
    roles: dict[Role, Instant | None] = {}
    if request.deadline is not None:
        for rung in reversed(request.ladder):
            since = request.deadline + rung.after
            before = roles.get(rung.role)
            roles[rung.role] = since if before is None else min(before, since)
    slots = {role for option in request.options for slot in option.needs for role in slot}
    roles |= dict.fromkeys((*request.eligible, *sorted(slots)))
    return Asked(
        decision=request.id,
        opened_at=request.opened_at,
        deadline=request.deadline,
        expires_at=request.expires_at,
        roles=roles,
        barred=(*request.excluded, *(one.person for one in record.accepted)),
    )
