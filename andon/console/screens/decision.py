"""The page on which a person decides."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from andon.console.choosing import Choices
from andon.console.models.decision import DecisionShown, OptionShown
from andon.console.models.incident import IncidentShown
from andon.console.models.reach import ReachShown
from andon.console.screens.difference import DifferenceBox
from andon.console.screens.findings import FindingField, finding_fields
from andon.console.screens.incident import EvidenceBox, GateBox, evidence_box, gate_box
from andon.console.screens.moments import Clock, Moment, clock, maybe, moment
from andon.console.screens.parts import (
    IncidentLine,
    clock_notes,
    decision_state,
    incident_line,
    joined,
    missing,
    role_name,
    still_missing,
    takes,
    wants,
)
from andon.console.screens.reach import BLASTS, CountLine, ReachBox, count_line, reach_box
from andon.console.screens.statement import Bound, Signed, bound_lines, own_lines, sentence
from andon.console.screens.words import inert, listed, lower, plain
from andon.console.sessions import Session
from andon.domain.decision import DecisionKind, Exhibit
from andon.domain.directory import Role
from andon.domain.values import PersonId, Sha256Hex

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
    given: str
    """Who has chosen it."""
    lacking: str
    """Whom it still needs."""


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
    changed: tuple[str, ...] = ()
    """What changed since their page was opened, in words."""


@dataclass(frozen=True, slots=True)
class Answerer:
    """Who reads the page, and what they bring."""

    session: Session
    acting: Role
    """The role they answer in, which may be that of somebody they stand in for."""
    opened: Collection[Exhibit] = ()
    """What they have opened already."""
    typed: Typed = Typed()


@dataclass(frozen=True, slots=True)
class Beside:
    """What else stands on the page, as far as it could be had."""

    shown_digest: Sha256Hex
    choices: Choices = NOTHING_TO_NAME
    """What the answer can name."""
    difference: DifferenceBox | None = None
    reach: ReachShown | None = None
    newest: str = ""
    """The question that was put in place of this one."""
    seen: str = ""
    """What the page shows, to tell later whether it still does."""


@dataclass(frozen=True, slots=True)
class AskedBox:
    """Of whom it is asked, until when, and what holds if nobody answers."""

    clock: Clock | None
    notes: tuple[str, ...]
    opened: Moment
    expires: Moment | None
    roles: str
    people: str
    requested_by: str
    excluded: str
    if_nobody: str
    answers: tuple[Answer, ...]
    missing: str


@dataclass(frozen=True, slots=True)
class BlastBox:
    """How far it reaches: as people said, as was stated, and as the record counts."""

    said: str
    suggested: str
    requests: str
    counts: tuple[CountLine, ...]
    stated: ReachBox


@dataclass(frozen=True, slots=True)
class Grounds:
    """What is decided on."""

    about: tuple[tuple[str, str], ...]
    text: str
    hidden_text: bool
    unopened: tuple[tuple[str, str], ...]
    must_open: bool
    evidence: EvidenceBox | None
    gate: GateBox | None
    difference: DifferenceBox | None
    blast: BlastBox


@dataclass(frozen=True, slots=True)
class AnswerForm:
    """The form, or why there is none, and what it signs."""

    may_answer: bool
    why_not: str
    answered: Answer | None
    findings: tuple[FindingField, ...]
    signs: str
    signed: tuple[Signed, ...]
    newest: str
    seen: str
    typed: Typed
    kept: tuple[tuple[str, str], ...]
    """What had been typed, where there is no form to show it in."""
    reader: str


@dataclass(frozen=True, slots=True)
class DecisionScreen:
    """The page of one question."""

    id: str
    title: str
    question: str
    state: str
    open: bool
    incident: IncidentLine
    choices: tuple[Choice, ...]
    asked: AskedBox
    grounds: Grounds
    form: AnswerForm


def decision_screen(
    incident: IncidentShown, decision: DecisionShown, answerer: Answerer, now: datetime, beside: Beside
) -> DecisionScreen:
    """Return the page as one person sees it."""
    return DecisionScreen(
        id=decision.id,
        title=decision.title,
        question=decision.question,
        state=decision_state(decision),
        open=decision.state == "open",
        incident=incident_line(incident, now, linked=True),
        choices=tuple(_choice(one, decision, answerer.typed) for one in decision.options),
        asked=_asked(decision, now),
        grounds=_grounds(incident, decision, answerer, now, beside),
        form=_form(decision, answerer, now, beside),
    )


def _asked(decision: DecisionShown, now: datetime) -> AskedBox:
    return AskedBox(
        clock=clock(decision.deadline, now) if decision.state == "open" else None,
        notes=clock_notes(decision),
        opened=moment(decision.opened_at, now),
        expires=maybe(decision.expires_at, now),
        roles=listed([role.value for role in decision.roles]),
        people=", ".join(decision.people),
        requested_by=decision.requested_by or "",
        excluded=", ".join(decision.excluded),
        if_nobody=_if_nobody(decision, now),
        answers=_answers(decision, now),
        missing=still_missing(decision),
    )


def _grounds(
    incident: IncidentShown, decision: DecisionShown, answerer: Answerer, now: datetime, beside: Beside
) -> Grounds:
    return Grounds(
        about=tuple((plain(name), inert(value)) for name, value in decision.about.items()),
        text=_inert_lines(decision.text or ""),
        hidden_text=decision.request.subject is not None and decision.text is None,
        unopened=_unopened(decision, incident.id, answerer.opened),
        must_open=decision.unopened == "refuse",
        evidence=evidence_box(incident.evidence, now),
        gate=gate_box(incident, now) if decision.kind in NEEDS_GATE else None,
        difference=beside.difference,
        blast=_blast(incident, beside.reach),
    )


def _form(decision: DecisionShown, answerer: Answerer, now: datetime, beside: Beside) -> AnswerForm:
    session, typed, person = answerer.session, answerer.typed, answerer.session.caller.person
    answered = own_answer(decision, person, now)
    why_not = _why_not(decision, session, answerer.acting, now)
    role, bound = _as(session.role, answerer.acting), _bound(decision, beside.shown_digest)
    return AnswerForm(
        may_answer=not why_not and answered is None,
        why_not="" if answered else why_not,
        answered=answered,
        findings=finding_fields(decision, dict(typed.findings), beside.choices, now),
        signs=sentence(person, role, "the option I choose", bound),
        signed=(*bound_lines(bound), *own_lines()),
        newest=beside.newest,
        seen=beside.seen,
        typed=typed,
        kept=_kept(typed, decision),
        reader=f"{person}, {role}",
    )


def _bound(decision: DecisionShown, shown_digest: Sha256Hex) -> Bound:
    """Return what an answer is signed over, so that nobody signs what they can't see."""
    binding = decision.request.binding
    return Bound(
        incident=decision.request.incident,
        decision=decision.id,
        request=decision.digest,
        shown=shown_digest,
        policy=decision.request.policy,
        evidence_root=binding.evidence_root,
        evaluation=binding.evaluation,
        versions=binding.versions,
        subject=decision.request.subject,
    )


def _blast(incident: IncidentShown, reach: ReachShown | None) -> BlastBox:
    said = incident.findings.get("blast_radius")
    found = reach.found if reach else None
    return BlastBox(
        said=BLASTS.get(said or "", "") if said else "",
        suggested=BLASTS[found.suggested] if found else "",
        requests=f"{found.affected} of {found.requests} requests" if found and found.requests else "",
        counts=tuple(count_line(one) for one in found.numbers) if found and found.requests else (),
        stated=reach_box(incident.impact, said),
    )


def _kept(typed: Typed, decision: DecisionShown) -> tuple[tuple[str, str], ...]:
    option = (("Option", plain(typed.option)),) if typed.option else ()
    reason = (("Why", typed.reason),) if typed.reason else ()
    found = tuple((plain(name), value) for name, value in typed.findings if name in decision.findings)
    return (*option, *reason, *found)


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


def own_answer(decision: DecisionShown, person: PersonId, now: datetime) -> Answer | None:
    """Return the answer of one person that counts, if they have given one."""
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
    chosen = [one for one in decision.responses if one.option == option.id]
    return Choice(
        id=option.id,
        label=plain(option.id),
        does=option.does,
        takes=takes(option) + (f"; needs {said}" if (said := wants(option)) else ""),
        default=option.id == decision.default,
        chosen=option.id == typed.option,
        given=joined([f"{one.person} ({role_name(one.role)})" for one in chosen]),
        lacking=joined(missing(option)) if decision.state == "open" and chosen else "",
    )
