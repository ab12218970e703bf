"""Questions put to named roles: what is asked, of whom, until when, and what the answers settle."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from enum import StrEnum
from typing import Literal

from pydantic import Field

from andon.domain.directory import Role
from andon.domain.values import (
    NOTHING_YET,
    Carried,
    IncidentId,
    Instant,
    PersonId,
    Sha256Hex,
    Spare,
    digest_of,
)


class DecisionKind(StrEnum):
    """What Andon asks people."""

    TRIAGE = "triage"
    LEGAL_REVIEW = "legal_review"
    IMPACT = "impact"
    CUSTOMER_NOTIFICATION = "customer_notification"
    PUBLIC_STATEMENT = "public_statement"
    EXTERNAL_COUNSEL = "external_counsel"
    NOTIFY_REGULATOR = "notify_regulator"
    SHUTDOWN_REVENUE_FEATURE = "shutdown_revenue_feature"
    RATIFICATION = "ratification"
    DIAGNOSIS = "diagnosis"
    REMEDIATION = "remediation"
    RESTART = "restart"
    EXECUTIVE_OVERRIDE = "executive_override"
    GATE_EXCEPTION = "gate_exception"
    THRESHOLD_CHANGE = "threshold_change"
    LESSONS = "lessons"
    NO_CHANGE_CLOSURE = "no_change_closure"
    SEVERITY_DOWNGRADE = "severity_downgrade"
    RAW_EVIDENCE = "raw_evidence"
    LEAD_TRANSFER = "lead_transfer"
    CLOCK_EXTENSION = "clock_extension"
    EXPIRY = "expiry"


class Exclusion(StrEnum):
    """Whose answer never counts, whatever their role."""

    FIXER = "fixer"
    """Whoever marked the fix as deployed."""
    REQUESTER = "requester"
    """Whoever asked for it."""


Exhibit = Literal["evidence", "gate", "severity"]
"""What a person can be asked to look at before they decide."""

Unopened = Literal["record", "refuse"]
"""What becomes of an answer by somebody who has not opened what they should."""

Signing = Literal["attested", "personal"]
"""Whether the console may vouch for an answer, or the person's own key must have signed it."""


class Option(Spare):
    """One possible answer, how many people it takes, and what they must have found.

    Each slot of `needs` wants one more person who holds one of its roles; an empty slot takes
    anybody eligible. No slot at all means one eligible person.
    """

    id: str
    blocks: bool = Field(False, description="one such answer settles the decision against going on")
    needs: tuple[tuple[Role, ...], ...] = ((),)
    wants: dict[str, tuple[str, ...]] = Field(
        default_factory=dict,
        description="findings it comes with, and which of their values do; none: any",
    )

    def lacks(self, findings: Mapping[str, str]) -> tuple[str, ...]:
        """Name what an answer for this option must say, and these findings don't."""
        return tuple(
            name
            for name, values in self.wants.items()
            if name not in findings or (values and findings[name] not in values)
        )


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
    remind_at: Instant | None = None
    delegates_from: Instant | None = Field(
        None, description="from when delegates may answer for holders who are there and silent"
    )
    excluded: tuple[PersonId, ...] = ()
    requested_by: PersonId | None = None
    about: dict[str, str] = Field(
        default_factory=dict, description="codes that say what exactly is asked for"
    )
    subject: Sha256Hex | None = Field(None, description="digest of the encrypted text that is decided on")
    subject_text: str = Field("", description="id of that text in the register")
    opens: tuple[Exhibit, ...] = Field((), description="what is to be opened before an answer that goes on")
    unopened: Unopened = "record"
    signing: Signing = "attested"
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
    reminded: bool = False
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
