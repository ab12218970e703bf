"""What a person states on record without a question, and the one rule that judges it.

A proposal puts a question to others. A declaration needs nobody's agreement: whoever may make it is
data, and it takes effect once it is on record.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Annotated, Final, Literal

from pydantic import Field, StringConstraints

from andon.domain.attested import Attested, read_attested, unheard
from andon.domain.directory import Role, Standing
from andon.domain.response import Refusal
from andon.domain.signing import DECLARATION_TYPE, Envelope
from andon.domain.values import Carried, IncidentId, Sha256Hex, Spare

Code = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_.:+/@-]{1,80}$")]
"""A name, value, id or time. No space: a sentence belongs into the reason, which is sealed."""

RESERVED: Final = frozenset({"role"})
"""The ledger entry says this of the declaration itself."""


class Declared(StrEnum):
    """What people may state without being asked."""

    ACKNOWLEDGED = "acknowledged"
    """I have it."""
    TASK = "task"
    """This task is done, or can't be."""
    FACTS = "facts"
    """This is known of it now."""
    TIMES = "times"
    """A time was stated wrongly."""
    STEP_ON = "step_on"
    """The release goes on to its next step now."""
    STEP_BACK = "step_back"
    """What stood a step before stands again."""
    EXPLAINED = "explained"
    """This is what those who use the AI system are told of its restart."""
    MERGED = "merged"
    """It belongs to another incident."""
    UNMERGED = "unmerged"
    """It stands for itself again."""
    SPLIT = "split"
    """One of its detections is a case of its own."""
    EVIDENCE_HOLD = "evidence_hold"
    """Nothing that alters the AI system until the evidence is free."""
    EVIDENCE_HOLD_LIFTED = "evidence_hold_lifted"
    """The evidence is free."""
    AFFECTED = "affected"
    """Records were added to the list of affected ones, corrected, or can't be."""
    HYPOTHESIS = "hypothesis"
    """This is how far it reaches, or how far it does not."""
    IMPACT_COUNTED = "impact_counted"
    """It reached so many."""
    LOOKED_BACK = "looked_back"
    """Earlier outputs were gone through, and this was found."""
    CHANGE = "change"
    """This is changed because of it, by this person, by that day."""
    CHANGE_PROVEN = "change_proven"
    """A change that was promised is made; taken once the incident is closed."""
    CHANGE_DROPPED = "change_dropped"
    """A change that was promised will not be made; taken once the incident is closed."""


class DeclarationRight(Spare):
    """Who may make one kind of declaration, and the codes it takes."""

    by: tuple[Role, ...] = Field(min_length=1)
    about: dict[Code, tuple[Code, ...]] = Field(
        default_factory=dict, description="codes it must give; no list of values: any code"
    )
    further: bool = Field(False, description="it gives at least one further code; its effect judges which")


class Declaration(Attested):
    """What a person states."""

    statement: Literal["andon.declaration/1"] = "andon.declaration/1"
    kind: Declared
    about: dict[Code, Code] = Field(default_factory=dict, max_length=64)


class DeclarationTaken(Carried):
    """What became of a declaration."""

    kind: Declared | None
    refusal: Refusal | None = None


def read_declaration(envelope: Envelope, trusted: Mapping[Sha256Hex, str]) -> Declaration:
    """Open a signed envelope and read the declaration inside.

    Raises:
        SignatureError: the signature does not hold, or the payload is no declaration.
    """
    return read_attested(Declaration, DECLARATION_TYPE, envelope, trusted)


def judge_declaration(
    declaration: Declaration,
    right: DeclarationRight | None,
    standing: Standing,
    *,
    incident: IncidentId,
    policy: Sha256Hex,
    replayed: bool = False,
) -> Refusal | None:
    """Judge a declaration whose signature holds; None: it may take effect.

    Args:
        declaration: what the person states.
        right: the right for its kind, or None when the plan has none.
        standing: what the directory in force at `received_at` says of the person.
        incident: the incident it came to.
        policy: digest of the policy the incident is pinned to.
        replayed: whether this very statement was taken before.
    """
    held = standing.speaks_as(declaration.role)
    refusal = unheard(declaration, standing, incident=incident, policy=policy, held=held)
    holds: tuple[tuple[Refusal, bool], ...] = (
        (Refusal.NOT_DECLARABLE, right is None),
        (Refusal.WRONG_ROLE, right is not None and declaration.role not in right.by),
        (Refusal.ABOUT, right is not None and not _fits(declaration.about, right)),
        (Refusal.REPLAYED, replayed),
    )
    return refusal or next((one for one, found in holds if found), None)


def _fits(given: Mapping[str, str], right: DeclarationRight) -> bool:
    """Whether it gives every code its kind wants, each with a value that can be, and no other."""
    if not set(right.about) <= set(given) or right.further != (set(given) > set(right.about)):
        return False
    if RESERVED & set(given):
        return False
    return all(not allowed or given[name] in allowed for name, allowed in right.about.items())
