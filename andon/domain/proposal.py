"""Asking for a decision that Andon does not put by itself, and the one rule that judges the asking."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final, Literal

from pydantic import Field, TypeAdapter, ValidationError

from andon.domain.attested import Attested, read_attested, unheard
from andon.domain.custody import ALL_ITEMS, names_items
from andon.domain.decision import DecisionKind
from andon.domain.directory import Standing
from andon.domain.response import Refusal
from andon.domain.rights import Right
from andon.domain.severity import Band
from andon.domain.signing import PROPOSAL_TYPE, Envelope
from andon.domain.values import Carried, IncidentId, PersonId, Sha256Hex

PERSON: Final = TypeAdapter(PersonId)
PIN: Final = re.compile(r"[0-9a-f]{16}")


class Proposal(Attested):
    """What a person asks to have decided."""

    statement: Literal["andon.proposal/1"] = "andon.proposal/1"
    kind: DecisionKind
    about: dict[str, str] = Field(default_factory=dict, max_length=8)
    subject: Sha256Hex | None = Field(None, description="digest of the encrypted text to decide on")
    subject_text: str = Field("", max_length=64)


class Proposed(Carried):
    """What became of a proposal."""

    kind: DecisionKind | None
    decision: str | None = Field(None, description="the question that was put")
    refusal: Refusal | None = None


def read_proposal(envelope: Envelope, trusted: Mapping[Sha256Hex, str]) -> Proposal:
    """Open a signed envelope and read the proposal inside.

    Raises:
        SignatureError: the signature does not hold, or the payload is no proposal.
    """
    return read_attested(Proposal, PROPOSAL_TYPE, envelope, trusted)


def judge_proposal(
    proposal: Proposal,
    right: Right | None,
    standing: Standing,
    *,
    incident: IncidentId,
    policy: Sha256Hex,
    severity: Band,
    already_asked: bool,
) -> Refusal | None:
    """Judge a proposal whose signature holds; None: it is put.

    Args:
        proposal: what the person asks for.
        right: the right for its kind, or None when the plan has none.
        standing: what the directory in force at `received_at` says of the person.
        incident: the incident it came to.
        policy: digest of the policy the incident is pinned to.
        severity: what the incident has now; a downgrade must go below it.
        already_asked: whether a question of this kind is open.
    """
    held = proposal.role in standing.roles
    refusal = unheard(proposal, standing, incident=incident, policy=policy, held=held)
    holds: tuple[tuple[Refusal, bool], ...] = (
        (Refusal.NOT_FOR_THE_ASKING, right is None or not right.asked_by),
        (Refusal.WRONG_ROLE, right is not None and proposal.role not in right.asked_by),
        (Refusal.ABOUT, right is not None and not _fits(proposal, right, severity)),
        (Refusal.ALREADY_ASKED, already_asked),
    )
    return refusal or next((one for one, found in holds if found), None)


def _fits(proposal: Proposal, right: Right, severity: Band) -> bool:
    """Whether it gives exactly the codes its kind wants, each with a value that can be."""
    given = proposal.about
    if set(given) != set(right.about):
        return False
    if any(allowed and given[name] not in allowed for name, allowed in right.about.items()):
        return False
    if proposal.kind is DecisionKind.SEVERITY_DOWNGRADE:
        return Band(given["severity"]) < severity
    if proposal.kind is DecisionKind.THRESHOLD_CHANGE:
        return PIN.fullmatch(given["pin"]) is not None
    if proposal.kind is DecisionKind.RAW_EVIDENCE:
        return names_items(given.get("items", ALL_ITEMS))
    return proposal.kind is not DecisionKind.LEAD_TRANSFER or _is_person(given["to"])


def _is_person(name: str) -> bool:
    """Whether a text can be the id of a person. What is carried out with it must not fail later."""
    try:
        PERSON.validate_python(name)
    except ValidationError:
        return False
    return True
