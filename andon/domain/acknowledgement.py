"""Whether the business owner has an incident in hand: they have said so, or acted on it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from andon.domain.decision import DecisionKind, DecisionRecord
from andon.domain.directory import Role
from andon.domain.values import Carried, Instant, PersonId


class Acknowledgement(Carried):
    """Who took the incident in hand as its business owner, and when."""

    person: PersonId
    role: Role
    at: Instant


def counts(person: PersonId, role: Role, owner: PersonId) -> bool:
    """Whether somebody speaks as the owner: they are, or hold the role, or stand in for who holds it."""
    return person == owner or role is Role.BUSINESS_OWNER


def acknowledgement(
    owner: PersonId, records: Iterable[DecisionRecord], stated: Sequence[Acknowledgement]
) -> Acknowledgement | None:
    """Return the first word of the owner: an answer that counts, or a declaration."""
    answered = (
        Acknowledgement(person=one.person, role=one.role, at=one.received_at)
        for record in records
        for one in record.accepted
        if counts(one.person, one.role, owner)
    )
    return min((*answered, *stated), key=lambda one: one.at, default=None)


def acknowledge_by(records: Iterable[DecisionRecord]) -> Instant | None:
    """Return until when the owner is to be heard of: the deadline of the first triage."""
    triage = next((one.request for one in records if one.request.kind is DecisionKind.TRIAGE), None)
    return triage.deadline if triage else None
