"""A question as people are shown it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

from pydantic import Field

from andon.console.models.clocks import extended_by, extension_asked, term_of
from andon.console.wording import Wordings
from andon.domain.business_time import Term
from andon.domain.decision import (
    Accepted,
    DecisionKind,
    DecisionRecord,
    DecisionRequest,
    Exhibit,
    Option,
    Signing,
    Unopened,
)
from andon.domain.directory import Directory, Role, Standing
from andon.domain.playbook import Plan
from andon.domain.rights import Wording
from andon.domain.values import Frozen, Instant, PersonId, Sha256Hex
from andon.register.incidents import IncidentRow

State = Literal["open", "settled", "superseded"]


class OptionShown(Frozen):
    """One possible answer."""

    id: str
    does: str = Field(description="what choosing it does")
    blocks: bool = Field(description="one such answer settles the question against going on")
    needs: tuple[tuple[Role, ...], ...] = Field(description="one slot a person; empty: anybody asked")
    missing: tuple[tuple[Role, ...], ...] = Field(description="slots that nobody who chose it fills yet")
    wants: dict[str, tuple[str, ...]] = Field(
        default_factory=dict,
        description="findings it comes with, and which of their values do; none: any",
    )


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
    about: dict[str, str] = Field(description="codes that say what exactly is asked for")
    text: str | None = Field(description="the text to decide on; None: there is none, or not for this role")
    requested_by: PersonId | None
    options: tuple[OptionShown, ...]
    findings: dict[str, tuple[str, ...]]
    roles: tuple[Role, ...] = Field(description="who may answer now, rungs that have been reached included")
    people: tuple[PersonId, ...] = Field(description="who could answer now and has not")
    excluded: tuple[PersonId, ...]
    opens: tuple[Exhibit, ...] = Field(description="what is to be opened before an answer that goes on")
    unopened: Unopened = Field(description="whether an answer without that is refused, or noted")
    signing: Signing = Field(description="`personal`: it takes an answer signed with the person's own key")
    state: State
    opened_at: Instant
    deadline: Instant | None
    within: Term | None = Field(description="the time to answer, as the policy wrote it")
    remind_at: Instant | None
    extended_by: str | None = Field(description="the decision that gave it more time")
    extension_asked: str | None = Field(description="the open question whether it may take longer")
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


@dataclass(frozen=True, slots=True)
class Around:
    """What a question is shown together with."""

    plan: Plan | None = None
    records: tuple[DecisionRecord, ...] = ()
    directory: Directory | None = None
    texts: Mapping[str, str] = field(default_factory=dict)
    """Texts to decide on, by the id of the question, as far as the reader may see them."""


def around(row: IncidentRow, directory: Directory | None, texts: Mapping[str, str]) -> Around:
    """Return what the questions of an incident are shown together with."""
    opening, view = row.opening, row.view
    return Around(
        plan=opening.plan if opening else None,
        records=view.decisions if view else (),
        directory=directory,
        texts=texts,
    )


def decision_shown(record: DecisionRecord, wordings: Wordings, at: datetime, around: Around) -> DecisionShown:
    """Return a question as it is shown at a moment."""
    request = record.request
    wording = wordings.of(request)
    return DecisionShown(
        id=request.id,
        kind=request.kind,
        title=wording.title,
        question=wording.question,
        about=request.about,
        text=around.texts.get(request.id),
        requested_by=request.requested_by,
        options=_options(record, wording),
        findings=request.findings,
        roles=tuple(sorted(request.roles_at(at))),
        people=_people(record, around.directory, at),
        excluded=request.excluded,
        opens=request.opens,
        unopened=request.unopened,
        signing=request.signing,
        within=term_of(record, around.plan),
        remind_at=request.remind_at,
        extended_by=extended_by(record, around.records),
        extension_asked=extension_asked(record, around.records),
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


def _people(record: DecisionRecord, directory: Directory | None, at: datetime) -> tuple[PersonId, ...]:
    if directory is None or not record.open:
        return ()
    return tuple(
        one.id
        for one in directory.people
        if one.counts_at(at) and any(waits_for(record, one.id, role, at) for role in one.roles)
    )


def acting_role(request: DecisionRequest, role: Role, standing: Standing, at: datetime) -> Role:
    """Return the role somebody answers in: their own if it is asked, else one they stand in for."""
    asked = request.roles_at(at)
    silent = request.delegates_from is not None and at >= request.delegates_from
    lent = (one.role for one in standing.delegated if one.role in asked and (one.away or silent))
    return role if role in asked else next(lent, role)


def _options(record: DecisionRecord, wording: Wording) -> tuple[OptionShown, ...]:
    return tuple(
        OptionShown(
            id=option.id,
            does=wording.options.get(option.id, ""),
            blocks=option.blocks,
            needs=option.needs,
            missing=_missing(option, [one.role for one in record.accepted if one.option == option.id]),
            wants=option.wants,
        )
        for option in record.request.options
    )


def _missing(option: Option, given: list[Role]) -> tuple[tuple[Role, ...], ...]:
    """Return the slots that are left, the tightest first, once everybody who chose it has filled one."""
    left: list[tuple[Role, ...]] = []
    for slot in sorted(option.needs, key=lambda roles: (not roles, len(roles))):
        filling = next((role for role in given if not slot or role in slot), None)
        if filling is None:
            left.append(slot)
        else:
            given.remove(filling)
    return tuple(left)


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
