"""The page on which a person decides."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from andon.console.choosing import Choices
from andon.console.models.decision import DecisionShown, OptionShown
from andon.console.models.incident import IncidentShown
from andon.console.screens.findings import FindingField, finding_fields
from andon.console.screens.incident import EvidenceBox, GateBox, evidence_box, gate_box
from andon.console.screens.moments import Clock, Moment, clock, maybe, moment
from andon.console.screens.parts import (
    IncidentLine,
    clock_notes,
    decision_state,
    incident_line,
    role_name,
    still_missing,
    takes,
    wants,
)
from andon.console.screens.words import inert, listed, lower, plain
from andon.console.sessions import Session
from andon.domain.decision import DecisionKind, Exhibit
from andon.domain.directory import Role
from andon.domain.values import NOTHING_YET, PersonId, Sha256Hex

NOTHING_TO_NAME: Final = Choices()
NEEDS_GATE: Final = frozenset({DecisionKind.RESTART, DecisionKind.REMEDIATION})


@dataclass(frozen=True, slots=True)
class Choice:
    """One option as it is offered."""

    id: str
    label: str
    does: str
    takes: str
    default: bool
    chosen: bool


@dataclass(frozen=True, slots=True)
class Answer:
    """One answer that counts."""

    who: str
    option: str
    at: Moment
    late: bool


@dataclass(frozen=True, slots=True)
class Typed:
    """What a person had filled in when their answer was not taken."""

    option: str = ""
    reason: str = ""
    findings: tuple[tuple[str, str], ...] = ()
    problem: str = ""


@dataclass(frozen=True, slots=True)
class DecisionScreen:
    """The page of one question."""

    id: str
    title: str
    question: str
    state: str
    open: bool
    incident: IncidentLine
    clock: Clock | None
    notes: tuple[str, ...]
    opened: Moment
    about: tuple[tuple[str, str], ...]
    text: str
    hidden_text: bool
    requested_by: str
    unopened: tuple[tuple[str, str], ...]
    must_open: bool
    people: str
    if_nobody: str
    expires: Moment | None
    asked: str
    excluded: str
    answers: tuple[Answer, ...]
    missing: str
    choices: tuple[Choice, ...]
    findings: tuple[FindingField, ...]
    may_answer: bool
    why_not: str
    answered: Answer | None
    evidence: EvidenceBox | None
    gate: GateBox | None
    sealed_over: tuple[tuple[str, str], ...]
    typed: Typed
    reader: str


def decision_screen(
    incident: IncidentShown,
    decision: DecisionShown,
    session: Session,
    now: datetime,
    *,
    shown_digest: Sha256Hex,
    acting: Role,
    opened: Collection[Exhibit] = (),
    typed: Typed | None = None,
    choices: Choices = NOTHING_TO_NAME,
) -> DecisionScreen:
    """Return the page as one person sees it.

    `acting` is the role they answer in, which may be that of somebody they stand in for; `opened` is
    what they have opened already, `typed` what they had filled in, `choices` what the answer can name.
    """
    kept = typed or Typed()
    answered = _own(decision, session.caller.person, now)
    why_not = _why_not(decision, session, acting, now)
    return DecisionScreen(
        id=decision.id,
        title=decision.title,
        question=decision.question,
        state=decision_state(decision),
        open=decision.state == "open",
        incident=incident_line(incident, now, linked=True),
        clock=clock(decision.deadline, now) if decision.state == "open" else None,
        notes=clock_notes(decision),
        opened=moment(decision.opened_at, now),
        about=tuple((plain(name), inert(value)) for name, value in decision.about.items()),
        text=_inert_lines(decision.text or ""),
        hidden_text=decision.request.subject is not None and decision.text is None,
        requested_by=decision.requested_by or "",
        unopened=_unopened(decision, incident.id, opened),
        must_open=decision.unopened == "refuse",
        people=", ".join(decision.people),
        if_nobody=_if_nobody(decision, now),
        expires=maybe(decision.expires_at, now),
        asked=listed([role.value for role in decision.roles]),
        excluded=", ".join(decision.excluded),
        answers=_answers(decision, now),
        missing=still_missing(decision),
        choices=tuple(_choice(one, decision, kept) for one in decision.options),
        findings=finding_fields(decision, dict(kept.findings), choices, now),
        may_answer=not why_not and answered is None,
        why_not="" if answered else why_not,
        answered=answered,
        evidence=evidence_box(incident.evidence, now),
        gate=gate_box(incident, now) if decision.kind in NEEDS_GATE else None,
        sealed_over=_sealed_over(decision, shown_digest),
        typed=kept,
        reader=f"{session.caller.person}, {_as(session.role, acting)}",
    )


def _as(own: Role, acting: Role) -> str:
    return role_name(own) if own is acting else f"standing in for {role_name(acting)}"


_EXCLUDED: Final = {
    True: "You asked for this, so somebody else has to decide it.",
    False: "You marked the fix as deployed, so somebody else has to decide this.",
}


def _why_not(decision: DecisionShown, session: Session, acting: Role, now: datetime) -> str:
    """Say why this person has no form; the workflow judges all the same whatever is sent."""
    if decision.state == "superseded":
        return (
            "This question is no longer asked. If it was asked anew, the incident's page lists the new one."
        )
    if decision.state == "settled":
        return "This question has been decided."
    if decision.expires_at is not None and now > decision.expires_at:
        return "This question has expired. It will be asked anew."
    if session.caller.person in decision.excluded:
        return _EXCLUDED[decision.requested_by == session.caller.person]
    if acting not in decision.roles:
        asked = listed([role.value for role in decision.roles])
        return f"You are signed in as {role_name(session.role)}. This is asked of {asked}."
    return ""


def _unopened(
    decision: DecisionShown, incident: str, opened: Collection[Exhibit]
) -> tuple[tuple[str, str], ...]:
    """Return what the reader should open first, each with the page that shows it."""
    pages = {"evidence": f"/incidents/{incident}/evidence", "gate": f"/incidents/{incident}#gate"}
    return tuple(
        (f"the {one}", pages.get(one, f"/incidents/{incident}#why"))
        for one in decision.opens
        if one not in opened and decision.state == "open"
    )


def _inert_lines(text: str) -> str:
    return "\n".join(inert(line) for line in text.splitlines())


def _answers(decision: DecisionShown, now: datetime) -> tuple[Answer, ...]:
    return tuple(
        Answer(
            who=f"{one.person}, {role_name(one.role)}",
            option=plain(one.option),
            at=moment(one.received_at, now),
            late=one.late,
        )
        for one in decision.responses
    )


def _own(decision: DecisionShown, person: PersonId, now: datetime) -> Answer | None:
    answers = zip(decision.responses, _answers(decision, now), strict=True)
    return next((answer for response, answer in answers if response.person == person), None)


def _if_nobody(decision: DecisionShown, now: datetime) -> str:
    if decision.state != "open" or decision.default is None:
        return ""
    default = lower(decision.default)
    if decision.defaulted:
        return f"Nobody answered in time, so “{default}” applies. An answer still counts, and is marked late."
    if decision.default_at is None:
        return ""
    at = moment(decision.default_at, now)
    return f"If nobody answers, “{default}” applies at {at.text} ({at.away}). The question stays open then."


def _choice(option: OptionShown, decision: DecisionShown, typed: Typed) -> Choice:
    return Choice(
        id=option.id,
        label=plain(option.id),
        does=option.does,
        takes=takes(option) + (f"; needs {said}" if (said := wants(option)) else ""),
        default=option.id == decision.default,
        chosen=option.id == typed.option,
    )


def _sealed_over(decision: DecisionShown, shown_digest: Sha256Hex) -> tuple[tuple[str, str], ...]:
    """Return what an answer is signed over, so that nobody signs what they can't see."""
    binding = decision.request.binding
    bound = (
        ("Question", decision.digest),
        ("Text on this page", shown_digest),
        ("Policy", decision.request.policy),
        ("Evidence root", binding.evidence_root),
        ("Evaluation", binding.evaluation),
        ("Versions", binding.versions),
    )
    return tuple((name, digest) for name, digest in bound if digest != NOTHING_YET)
