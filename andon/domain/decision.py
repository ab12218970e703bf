"""Questions put to named roles, and the one rule that judges an answer.

`judge` is used wherever an answer counts: in the workflow, before a release takes effect, and
in the offline verifier. It refuses whatever it can't account for.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from enum import StrEnum
from typing import Literal

from pydantic import ConfigDict, Field, ValidationError

from andon.domain.directory import Role, Standing
from andon.domain.errors import SignatureError
from andon.domain.signing import Envelope, open_envelope
from andon.domain.values import NOTHING_YET, Carried, IncidentId, Instant, PersonId, Sha256Hex, digest_of


class DecisionKind(StrEnum):
    """What Andon asks people."""

    TRIAGE = "triage"
    LEGAL_REVIEW = "legal_review"
    IMPACT = "impact"
    CUSTOMER_NOTIFICATION = "customer_notification"
    DIAGNOSIS = "diagnosis"
    REMEDIATION = "remediation"
    RESTART = "restart"
    LESSONS = "lessons"


class Exclusion(StrEnum):
    """Whose answer never counts, whatever their role."""

    FIXER = "fixer"


class Option(Carried):
    """One possible answer, and how many people it takes.

    Each slot of `needs` wants one more person who holds one of its roles; an empty slot takes
    anybody eligible. No slot at all means one eligible person.
    """

    id: str
    blocks: bool = Field(False, description="one such answer settles the decision against going on")
    needs: tuple[tuple[Role, ...], ...] = ((),)


class Rung(Carried):
    """A step of the escalation ladder, counted from the deadline."""

    after: timedelta
    role: Role


class Binding(Carried):
    """What an answer is bound to: it counts only for this evidence, this evaluation, these versions."""

    evidence_root: Sha256Hex = NOTHING_YET
    evaluation: Sha256Hex = NOTHING_YET
    versions: Sha256Hex = NOTHING_YET


class DecisionRequest(Carried):
    """A question as it was put: what is signed refers to exactly this."""

    id: str = Field(description="`<kind>-<n>`; asking again makes a new one and voids the old")
    incident: IncidentId
    kind: DecisionKind
    opened_at: Instant
    deadline: Instant | None
    expires_at: Instant | None = None
    eligible: tuple[Role, ...]
    ladder: tuple[Rung, ...] = ()
    options: tuple[Option, ...]
    default: str | None = Field(
        None, description="option that applies when nobody answers; it never restarts"
    )
    default_at: Instant | None = None
    excluded: tuple[PersonId, ...] = ()
    findings: dict[str, tuple[str, ...]] = Field(default_factory=dict, description="codes an answer may add")
    binding: Binding = Binding()
    policy: Sha256Hex

    def digest(self) -> Sha256Hex:
        """SHA-256 of the request as RFC 8785 JSON."""
        return digest_of(self)

    def option(self, option: str) -> Option | None:
        """Return the option with this id."""
        return next((one for one in self.options if one.id == option), None)

    def roles_at(self, at: Instant) -> frozenset[Role]:
        """Roles that may answer at a moment: those asked, and each rung that has been reached."""
        reached = {
            rung.role
            for rung in self.ladder
            if self.deadline is not None and at >= self.deadline + rung.after
        }
        slots = {role for option in self.options for slot in option.needs for role in slot}
        return frozenset({*self.eligible, *reached, *slots})


class Statement(Carried):
    """What a person states, and what it is bound to. Signed whole."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    statement: Literal["andon.response/1"] = "andon.response/1"
    incident: IncidentId
    decision: str
    request: Sha256Hex = Field(description="digest of the exact question")
    option: str
    findings: dict[str, str] = Field(default_factory=dict)
    reason: Sha256Hex = Field(description="digest of the encrypted text of the reason")
    reason_text: str = Field(description="id of that text in the register")
    binding: Binding
    policy: Sha256Hex
    shown: Sha256Hex = Field(description="digest of the text the person was shown")
    person: PersonId
    role: Role
    standing: Standing = Field(description="what the directory in force at `received_at` said of the person")
    nonce: str = Field(min_length=16, max_length=64)
    received_at: Instant = Field(description="when the door or console received the answer")
    attested_by: Literal["console"] = "console"


class Refusal(StrEnum):
    """Why an answer has no effect."""

    MALFORMED = "malformed"
    SIGNATURE = "signature"
    WRONG_INCIDENT = "wrong_incident"
    UNKNOWN_DECISION = "unknown_decision"
    SUPERSEDED = "superseded"
    BINDING = "binding"
    REPLAYED = "replayed"
    UNKNOWN_PERSON = "unknown_person"
    SUSPENDED = "suspended"
    ROLE_NOT_HELD = "role_not_held"
    EXCLUDED = "excluded"
    WRONG_ROLE = "wrong_role"
    UNKNOWN_OPTION = "unknown_option"
    UNKNOWN_FINDING = "unknown_finding"
    EXPIRED = "expired"
    BEFORE_THE_QUESTION = "before_the_question"
    TWICE = "twice"
    ALREADY_DECIDED = "already_decided"


EXPLAINED: dict[Refusal, str] = {
    Refusal.MALFORMED: "the answer can't be read",
    Refusal.SIGNATURE: "the statement is unsigned, altered, or signed with an unknown key",
    Refusal.WRONG_INCIDENT: "the statement belongs to another incident",
    Refusal.UNKNOWN_DECISION: "there is no such question in this incident",
    Refusal.SUPERSEDED: "the question has been asked anew since; answer the new one",
    Refusal.BINDING: "the evidence, evaluation or policy is not the one the question was about",
    Refusal.REPLAYED: "this statement was delivered before",
    Refusal.UNKNOWN_PERSON: "the directory does not know this person",
    Refusal.SUSPENDED: "this person is suspended",
    Refusal.ROLE_NOT_HELD: "this person does not hold the role they answer in",
    Refusal.EXCLUDED: "whoever marked the fix as done may not decide this",
    Refusal.WRONG_ROLE: "this role is not asked",
    Refusal.UNKNOWN_OPTION: "this is not one of the options",
    Refusal.UNKNOWN_FINDING: "this is not one of the findings the question asks for",
    Refusal.EXPIRED: "the question had expired when the answer came in",
    Refusal.BEFORE_THE_QUESTION: "the answer is dated before the question",
    Refusal.TWICE: "this person has answered already",
    Refusal.ALREADY_DECIDED: "the question has been decided",
}


class Accepted(Carried):
    """A response that counts."""

    person: PersonId
    role: Role
    option: str
    findings: dict[str, str] = Field(default_factory=dict)
    received_at: Instant
    late: bool
    nonce: str
    statement: Sha256Hex = Field(description="digest of the signed envelope")


class Verdict(Carried):
    """The judgement on one answer."""

    refusal: Refusal | None = None
    late: bool = False

    @property
    def accepted(self) -> bool:
        """Whether the answer counts."""
        return self.refusal is None


def read_statement(envelope: Envelope, trusted: Mapping[Sha256Hex, str]) -> Statement:
    """Open a signed envelope and read the statement inside.

    Raises:
        SignatureError: the signature does not hold, or the payload is no statement.
    """
    payload = open_envelope(envelope, trusted)
    try:
        return Statement.model_validate_json(payload)
    except ValidationError as error:
        raise SignatureError("what was signed is not a response") from error


def judge(
    statement: Statement,
    request: DecisionRequest | None,
    standing: Standing,
    *,
    accepted: Sequence[Accepted] = (),
    decided: bool = False,
    superseded: bool = False,
) -> Verdict:
    """Judge an answer whose signature holds.

    Args:
        statement: what the person states.
        request: the question it names, or None when there is none.
        standing: what the directory in force at `received_at` says of the person. The workflow takes it
            as it was attested; a release and the auditor look it up anew.
        accepted: responses to this question that count already.
        decided: whether people have settled it; a safe default that applied does not settle it.
        superseded: whether it was asked anew since.
    """
    if request is None:
        return Verdict(refusal=Refusal.UNKNOWN_DECISION)
    for refusal, holds in (
        *_bound_wrongly(statement, request, superseded=superseded),
        *_not_entitled(statement, request, standing),
        *_out_of_order(statement, request, accepted, decided=decided),
    ):
        if holds:
            return Verdict(refusal=refusal)
    late = request.deadline is not None and statement.received_at > request.deadline
    return Verdict(late=late)


_Checks = tuple[tuple[Refusal, bool], ...]


def _bound_wrongly(statement: Statement, request: DecisionRequest, *, superseded: bool) -> _Checks:
    return (
        (Refusal.WRONG_INCIDENT, statement.incident != request.incident),
        (Refusal.SUPERSEDED, superseded or statement.request != request.digest()),
        (Refusal.BINDING, statement.binding != request.binding or statement.policy != request.policy),
    )


def _not_entitled(statement: Statement, request: DecisionRequest, standing: Standing) -> _Checks:
    return (
        (Refusal.UNKNOWN_PERSON, not standing.known or standing.person != statement.person),
        (Refusal.SUSPENDED, standing.suspended),
        (Refusal.ROLE_NOT_HELD, statement.role not in standing.roles),
        (Refusal.EXCLUDED, statement.person in request.excluded),
        (Refusal.WRONG_ROLE, statement.role not in request.roles_at(statement.received_at)),
    )


def _out_of_order(
    statement: Statement, request: DecisionRequest, accepted: Sequence[Accepted], *, decided: bool
) -> _Checks:
    allowed = request.findings
    strange = any(value not in allowed.get(name, ()) for name, value in statement.findings.items())
    expired = request.expires_at is not None and statement.received_at > request.expires_at
    return (
        (Refusal.UNKNOWN_OPTION, request.option(statement.option) is None),
        (Refusal.UNKNOWN_FINDING, strange),
        (Refusal.EXPIRED, expired),
        (Refusal.BEFORE_THE_QUESTION, statement.received_at < request.opened_at),
        (Refusal.REPLAYED, any(one.nonce == statement.nonce for one in accepted)),
        (Refusal.TWICE, any(one.person == statement.person for one in accepted)),
        (Refusal.ALREADY_DECIDED, decided),
    )


def settle(request: DecisionRequest, accepted: Sequence[Accepted]) -> str | None:
    """Return the option the responses settle on, or None while more are needed.

    Any blocking answer settles it at once. One person counts once. The order of answers does
    not matter, except between options that each have what they need: the first one stands.
    """
    for response in accepted:
        option = request.option(response.option)
        if option is not None and option.blocks:
            return option.id
    for response in accepted:
        option = request.option(response.option)
        if option is not None and _filled(option, [one for one in accepted if one.option == option.id]):
            return option.id
    return None


def _filled(option: Option, responses: Sequence[Accepted]) -> bool:
    return _fill(list(option.needs), {one.person: one.role for one in responses})


def _fill(slots: list[tuple[Role, ...]], people: Mapping[PersonId, Role]) -> bool:
    """Whether each slot can have a person of its own; the tightest slots are filled first."""
    if not slots:
        return True
    slot, *rest = sorted(slots, key=lambda roles: (not roles, len(roles)))
    return any(
        _fill(rest, {one: held for one, held in people.items() if one != person})
        for person, role in people.items()
        if not slot or role in slot
    )


class DecisionRecord(Carried):
    """A question and everything that has happened to it."""

    request: DecisionRequest
    accepted: tuple[Accepted, ...] = ()
    rungs_reached: int = 0
    breached: bool = False
    defaulted: bool = Field(False, description="the safe default applied; the question stays open")
    outcome: str | None = Field(None, description="the option people settled on")
    superseded: bool = False
    closed_at: Instant | None = None

    @property
    def open(self) -> bool:
        """Whether an answer can still count."""
        return self.outcome is None and not self.superseded

    @property
    def effect(self) -> str | None:
        """The option in effect: what people settled on, else the safe default once it applied."""
        return self.outcome or (self.request.default if self.defaulted else None)
