"""What a person states in answer to a question, and the one rule that judges it.

`judge` is used wherever an answer counts: in the workflow, before a release takes effect, and
in the offline verifier. It refuses whatever it can't account for.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import Final, Literal

from pydantic import ConfigDict, Field, ValidationError

from andon.domain.decision import Accepted, Binding, DecisionRequest, Exhibit
from andon.domain.directory import Role, Standing
from andon.domain.errors import SignatureError
from andon.domain.finding import Sort, fits, sort_of
from andon.domain.personal_keys import PersonalSignature, check_signature
from andon.domain.signing import RESPONSE_TYPE, Envelope, open_envelope
from andon.domain.values import Carried, IncidentId, Instant, PersonId, Sha256Hex, canonical

REFUSALS_KEPT: Final = 20
"""What is refused to one person on one subject so often gets an entry each; further refusals are counted."""


class Said(Carried):
    """What a person says, and what it is bound to. Their own key signs this as RFC 8785 JSON."""

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
    nonce: str = Field(min_length=16, max_length=64)


class Statement(Said):
    """What a person says, with what the console attests of it. Signed whole by the console."""

    signature: PersonalSignature | None = Field(
        None, description="of the person's own key, over what they say"
    )
    standing: Standing = Field(description="what the directory in force at `received_at` said of the person")
    opened: tuple[Exhibit, ...] = Field((), description="what the person had opened before")
    received_at: Instant = Field(description="when the door or console received the answer")
    good_until: Instant | None = Field(
        None, description="of what was prepared to be signed: taken until then"
    )
    attested_by: Literal["console"] = "console"

    def said(self) -> bytes:
        """What the person's own key has signed."""
        return canonical(Said.model_validate(self.model_dump(include=set(Said.model_fields))))

    def accepted(self, digest: Sha256Hex, *, late: bool) -> Accepted:
        """Return the answer as a decision keeps it; `digest` is that of the statement as it was signed."""
        return Accepted(
            person=self.person,
            role=self.role,
            option=self.option,
            findings=self.findings,
            received_at=self.received_at,
            late=late,
            nonce=self.nonce,
            statement=digest,
        )


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
    SHARED_ACCOUNT = "shared_account"
    ROLE_NOT_HELD = "role_not_held"
    EXCLUDED = "excluded"
    WRONG_ROLE = "wrong_role"
    KEY_NOT_IN_FORCE = "key_not_in_force"
    PERSONAL_SIGNATURE = "personal_signature"
    SIGNATURE_REQUIRED = "signature_required"
    NOT_OPENED = "not_opened"
    UNKNOWN_OPTION = "unknown_option"
    UNKNOWN_FINDING = "unknown_finding"
    FINDING_MISSING = "finding_missing"
    NOT_A_PERSON = "not_a_person"
    NOT_A_DAY = "not_a_day"
    NOT_SEALED = "not_sealed"
    NOT_ITEMS = "not_items"
    NOT_THE_REVIEW = "not_the_review"
    NOT_A_CHANGE_TYPE = "not_a_change_type"
    NOT_CLASSES = "not_classes"
    EXPIRED = "expired"
    PREPARED_TOO_LONG_AGO = "prepared_too_long_ago"
    BEFORE_THE_QUESTION = "before_the_question"
    TWICE = "twice"
    ALREADY_DECIDED = "already_decided"
    NOT_FOR_THE_ASKING = "not_for_the_asking"
    ABOUT = "about"
    ALREADY_ASKED = "already_asked"
    NOT_DECLARABLE = "not_declarable"
    ALREADY_SO = "already_so"
    EVIDENCE_HOLD = "evidence_hold"
    OVERTAKEN = "overtaken"
    FINDINGS = "findings"
    OWN_CHANGE = "own_change"
    GATE_SHUT = "gate_shut"
    GATE_NOT_SHUT = "gate_not_shut"


EXPLAINED: dict[Refusal, str] = {
    Refusal.MALFORMED: "the answer can't be read",
    Refusal.SIGNATURE: "the statement is unsigned, altered, or signed with an unknown key",
    Refusal.WRONG_INCIDENT: "the statement belongs to another incident",
    Refusal.UNKNOWN_DECISION: "there is no such question in this incident",
    Refusal.SUPERSEDED: "the question has been asked anew since; answer the new one",
    Refusal.BINDING: "the evidence, evaluation or policy is not the one the question was about",
    Refusal.REPLAYED: "this statement was delivered before",
    Refusal.UNKNOWN_PERSON: "the directory does not know this person",
    Refusal.GATE_SHUT: "the gate is shut, and the exception to it goes no further than review",
    Refusal.GATE_NOT_SHUT: "no gate is shut, or no lever sends answers to review: there can be no exception",
    Refusal.OWN_CHANGE: "at this severity somebody other than its owner proves or drops a change",
    Refusal.SUSPENDED: "this person is suspended",
    Refusal.SHARED_ACCOUNT: "this account belongs to several people; answer with your own",
    Refusal.ROLE_NOT_HELD: "this person does not hold the role they answer in, nor answers for its holder",
    Refusal.EXCLUDED: "whoever asked for this, or marked the fix as done, may not decide it",
    Refusal.WRONG_ROLE: "this role is not asked",
    Refusal.KEY_NOT_IN_FORCE: "the signing key is not one of this person's, or was revoked",
    Refusal.PERSONAL_SIGNATURE: "the personal signature does not fit what was said",
    Refusal.SIGNATURE_REQUIRED: "this question takes an answer signed with the person's own key",
    Refusal.NOT_OPENED: "open the evidence this question rests on, then answer",
    Refusal.UNKNOWN_OPTION: "this is not one of the options",
    Refusal.UNKNOWN_FINDING: "this is not one of the findings the question asks for",
    Refusal.FINDING_MISSING: "this option takes findings that are missing, or that say otherwise",
    Refusal.NOT_A_PERSON: "one of the findings names a person, and this can't be the id of one",
    Refusal.NOT_A_DAY: "one of the findings is a day, written as 2026-03-31, and none that is past",
    Refusal.NOT_SEALED: "one of the findings is a text, and comes as the digest of its encrypted form",
    Refusal.NOT_ITEMS: (
        "one of the findings names 1 to 10 evidence items, each by the first 16 digits of its SHA-256"
    ),
    Refusal.NOT_THE_REVIEW: "one of the findings is the SHA-256 of the post-incident review",
    Refusal.NOT_A_CHANGE_TYPE: "one of the findings is a type of change, and there is no such type",
    Refusal.NOT_CLASSES: "one of the findings names classes of failure, and this is none, or names one twice",
    Refusal.EXPIRED: "the question had expired when the answer came in",
    Refusal.PREPARED_TOO_LONG_AGO: "this was prepared too long ago; prepare it anew and sign that",
    Refusal.BEFORE_THE_QUESTION: "the answer is dated before the question",
    Refusal.TWICE: "this person has answered already",
    Refusal.ALREADY_DECIDED: "the question has been decided",
    Refusal.NOT_FOR_THE_ASKING: "this is nothing people ask for: Andon puts it when it is due",
    Refusal.ABOUT: "say what it is about with the codes this takes; a severity must go down",
    Refusal.ALREADY_ASKED: "this has been asked already and is not decided yet",
    Refusal.NOT_DECLARABLE: "this is nothing that can be declared of this incident",
    Refusal.ALREADY_SO: "that is so already",
    Refusal.EVIDENCE_HOLD: "legal holds the evidence: nothing that alters the AI system before it is lifted",
    Refusal.OVERTAKEN: "somebody else has changed this since; look at it again, then say it",
    Refusal.FINDINGS: "this task closes with what was found, and how far back was looked",
}


MISFITS: Final = {
    Sort.PERSON: Refusal.NOT_A_PERSON,
    Sort.DAY: Refusal.NOT_A_DAY,
    Sort.TEXT: Refusal.NOT_SEALED,
    Sort.ITEMS: Refusal.NOT_ITEMS,
    Sort.REVIEW: Refusal.NOT_THE_REVIEW,
    Sort.CHANGE: Refusal.NOT_A_CHANGE_TYPE,
    Sort.CLASSES: Refusal.NOT_CLASSES,
    Sort.CAUSE: Refusal.UNKNOWN_FINDING,
}
"""How a value of the wrong kind is refused."""


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
    if envelope.payloadType != RESPONSE_TYPE:
        raise SignatureError("what was signed is not a response")
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
        *_signed_wrongly(statement, request, standing),
        *_out_of_order(statement, request, accepted, decided=decided),
    ):
        if holds:
            return Verdict(refusal=refusal)
    late = request.deadline is not None and statement.received_at > request.deadline
    return Verdict(late=late)


def unopened(statement: Statement, request: DecisionRequest) -> tuple[Exhibit, ...]:
    """Return what the person should have opened before they answered, and had not."""
    return tuple(one for one in request.opens if one not in statement.opened)


def misfitting(
    findings: Mapping[str, str], request: DecisionRequest, at: Instant
) -> tuple[str, Refusal] | None:
    """Return the first finding that the question does not take, and why not; None: it takes them all."""
    for name, value in findings.items():
        allowed = request.findings.get(name, ())
        if not fits(value, allowed, at):
            sort = sort_of(allowed)
            return name, MISFITS[sort] if sort is not None else Refusal.UNKNOWN_FINDING
    return None


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
        (Refusal.SHARED_ACCOUNT, standing.shared),
        (Refusal.ROLE_NOT_HELD, not _speaks_as(statement, request, standing)),
        (Refusal.EXCLUDED, statement.person in request.excluded),
        (Refusal.WRONG_ROLE, statement.role not in request.roles_at(statement.received_at)),
    )


def _speaks_as(statement: Statement, request: DecisionRequest, standing: Standing) -> bool:
    """Whether the role is the person's own, or its holder is away, or was silent for long enough."""
    silent = request.delegates_from is not None and statement.received_at >= request.delegates_from
    lent = (one for one in standing.delegated if one.role is statement.role)
    return statement.role in standing.roles or any(one.away or silent for one in lent)


def _signed_wrongly(statement: Statement, request: DecisionRequest, standing: Standing) -> _Checks:
    signature = statement.signature
    if signature is None:
        return ((Refusal.SIGNATURE_REQUIRED, request.signing == "personal"),)
    key = next((one for one in standing.keys if one.id == signature.key), None)
    if key is None:
        return ((Refusal.KEY_NOT_IN_FORCE, True),)
    try:
        check_signature(statement.said(), signature, key)
    except SignatureError:
        return ((Refusal.PERSONAL_SIGNATURE, True),)
    return ()


def _out_of_order(
    statement: Statement, request: DecisionRequest, accepted: Sequence[Accepted], *, decided: bool
) -> _Checks:
    option = request.option(statement.option)
    goes_on = option is not None and not option.blocks
    misfit = misfitting(statement.findings, request, statement.received_at)
    expired = request.expires_at is not None and statement.received_at > request.expires_at
    stale = statement.good_until is not None and statement.received_at > statement.good_until
    return (
        (Refusal.UNKNOWN_OPTION, option is None),
        (misfit[1] if misfit else Refusal.UNKNOWN_FINDING, misfit is not None),
        (Refusal.FINDING_MISSING, option is not None and bool(option.lacks(statement.findings))),
        (Refusal.NOT_OPENED, request.unopened == "refuse" and goes_on and bool(unopened(statement, request))),
        (Refusal.EXPIRED, expired),
        (Refusal.PREPARED_TOO_LONG_AGO, stale),
        (Refusal.BEFORE_THE_QUESTION, statement.received_at < request.opened_at),
        (Refusal.REPLAYED, any(one.nonce == statement.nonce for one in accepted)),
        (Refusal.TWICE, any(one.person == statement.person for one in accepted)),
        (Refusal.ALREADY_DECIDED, decided),
    )
