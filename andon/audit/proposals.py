"""Checks on what people asked to have decided: signed by a trusted key, by somebody who could ask."""

from __future__ import annotations

from andon.audit.exported import Opened
from andon.audit.findings import Step
from andon.audit.signatures import named, signed
from andon.audit.stated import must_be_heard, must_say_the_same
from andon.audit.trust import Keys
from andon.domain.decision import DecisionKind
from andon.domain.ledger import Kind
from andon.domain.proposal import read_proposal
from andon.domain.values import PersonId

Asked = set[tuple[DecisionKind, PersonId]]
"""What was asked for, and by whom, as far as it is signed."""


def check_proposals(step: Step, opened: Opened, trust: Keys) -> Asked:
    """Every proposal has its statement, says what the entry says, and came from somebody in that role.

    Returns:
        Who asked for what.
    """
    asked: Asked = set()
    nonces: set[str] = set()
    for entry in opened.entries:
        if entry.kind != Kind.PROPOSED:
            continue
        step.checked += 1
        proposal = signed(step, entry, opened, trust, read_proposal)
        if proposal is None:
            continue
        asked.add((proposal.kind, proposal.person))
        must_say_the_same(step, entry, proposal)
        must_be_heard(step, entry, proposal, opened, stand_ins=False)
        if proposal.nonce in nonces:
            step.broken(named(entry), "counts a proposal a second time")
        nonces.add(proposal.nonce)
    return asked


def check_requesters(step: Step, opened: Opened, asked: Asked) -> None:
    """Every question that names who asked for it rests on a proposal of theirs."""
    for entry in opened.entries:
        request = opened.requests.get(entry.digests.get("request", ""))
        if entry.kind != Kind.DECISION_OPENED or request is None or request.requested_by is None:
            continue
        step.must(
            (request.kind, request.requested_by) in asked,
            named(entry),
            f"puts {request.id} for {request.requested_by}, who never asked for it",
        )
