"""A question as people are shown it."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from pydantic import Field

from andon.console.wording import Wordings
from andon.domain.decision import Accepted, DecisionKind, DecisionRecord, DecisionRequest
from andon.domain.directory import Role
from andon.domain.rights import Wording
from andon.domain.values import Frozen, Instant, PersonId, Sha256Hex

State = Literal["open", "settled", "superseded"]


class OptionShown(Frozen):
    """One possible answer."""

    id: str
    does: str = Field(description="what choosing it does")
    blocks: bool = Field(description="one such answer settles the question against going on")
    needs: tuple[tuple[Role, ...], ...] = Field(description="one slot a person; empty: anybody asked")


class ResponseShown(Frozen):
    """One answer that counts."""

    person: PersonId
    role: Role
    option: str
    findings: dict[str, str]
    received_at: Instant
    late: bool
    statement: Sha256Hex


class DecisionShown(Frozen):
    """One question, who may answer it, and what has become of it."""

    id: str
    kind: DecisionKind
    title: str
    question: str
    options: tuple[OptionShown, ...]
    findings: dict[str, tuple[str, ...]]
    roles: tuple[Role, ...] = Field(description="who may answer now, rungs that have been reached included")
    excluded: tuple[PersonId, ...]
    state: State
    opened_at: Instant
    deadline: Instant | None
    expires_at: Instant | None
    default: str | None
    default_at: Instant | None
    breached: bool
    defaulted: bool
    escalated_to: tuple[Role, ...]
    outcome: str | None
    effect: str | None = Field(description="the option in effect: the outcome, else the default once applied")
    closed_at: Instant | None
    responses: tuple[ResponseShown, ...]
    request: DecisionRequest = Field(description="the question exactly as it was put")
    digest: Sha256Hex = Field(description="SHA-256 of the request; answers are signed over it")

    def option(self, option: str | None) -> OptionShown | None:
        """Return the option with this id."""
        return next((one for one in self.options if one.id == option), None)


def decision_shown(record: DecisionRecord, wordings: Wordings, at: datetime) -> DecisionShown:
    """Return a question as it is shown at a moment."""
    request = record.request
    wording = wordings.of(request)
    return DecisionShown(
        id=request.id,
        kind=request.kind,
        title=wording.title,
        question=wording.question,
        options=_options(request, wording),
        findings=request.findings,
        roles=tuple(sorted(request.roles_at(at))),
        excluded=request.excluded,
        state=state_of(record),
        opened_at=request.opened_at,
        deadline=request.deadline,
        expires_at=request.expires_at,
        default=request.default,
        default_at=request.default_at,
        breached=record.breached,
        defaulted=record.defaulted,
        escalated_to=tuple(rung.role for rung in request.ladder[: record.rungs_reached]),
        outcome=record.outcome,
        effect=record.effect,
        closed_at=record.closed_at,
        responses=tuple(_response(accepted) for accepted in record.accepted),
        request=request,
        digest=request.digest(),
    )


def state_of(record: DecisionRecord) -> State:
    """Say whether a question still takes answers."""
    if record.open:
        return "open"
    return "superseded" if record.superseded else "settled"


def waits_for(record: DecisionRecord, person: PersonId, role: Role, at: datetime) -> bool:
    """Whether an answer by this person in this role could count and is still missing."""
    request = record.request
    expired = request.expires_at is not None and at > request.expires_at
    answered = any(accepted.person == person for accepted in record.accepted)
    return (
        record.open
        and not expired
        and not answered
        and role in request.roles_at(at)
        and person not in request.excluded
    )


def _options(request: DecisionRequest, wording: Wording) -> tuple[OptionShown, ...]:
    return tuple(
        OptionShown(
            id=option.id,
            does=wording.options.get(option.id, ""),
            blocks=option.blocks,
            needs=option.needs,
        )
        for option in request.options
    )


def _response(accepted: Accepted) -> ResponseShown:
    return ResponseShown(
        person=accepted.person,
        role=accepted.role,
        option=accepted.option,
        findings=accepted.findings,
        received_at=accepted.received_at,
        late=accepted.late,
        statement=accepted.statement,
    )
