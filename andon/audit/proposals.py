"""Checks on what people asked to have decided: signed by a trusted key, by somebody who could ask."""

from __future__ import annotations

from andon.audit.auditset import Opened, Trust
from andon.audit.findings import Step
from andon.audit.signatures import must_agree, named, signed
from andon.domain.decision import DecisionKind
from andon.domain.directory import standing_at
from andon.domain.ledger import Entry, Kind
from andon.domain.proposal import Proposal, read_proposal
from andon.domain.values import NOTHING_YET, PersonId

Asked = set[tuple[DecisionKind, PersonId]]
"""What was asked for, and by whom, as far as it is signed."""


def check_proposals(step: Step, opened: Opened, trust: Trust) -> Asked:
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
        _says_the_same(step, entry, proposal)
        _could_ask(step, entry, proposal, opened)
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


def _says_the_same(step: Step, entry: Entry, proposal: Proposal) -> None:
    about = {name: entry.facts.get(name) for name in proposal.about}
    pairs = (
        ("incident", entry.incident, proposal.incident),
        ("kind", entry.subject, proposal.kind.value),
        ("person", entry.actor, f"person:{proposal.person}"),
        ("role", entry.facts.get("role"), proposal.role.value),
        ("reason", entry.reason, proposal.reason),
        ("what it is about", about, proposal.about),
    )
    must_agree(step, entry, pairs)


def _could_ask(step: Step, entry: Entry, proposal: Proposal, opened: Opened) -> None:
    directory = opened.directories.get(entry.digests.get("directory", NOTHING_YET))
    if directory is None:
        step.note("without the directory of that time, people's roles are taken as they were signed")
        standing = proposal.standing
    else:
        standing = standing_at(directory, proposal.person, proposal.received_at)
    could = (
        standing.known and not standing.suspended and not standing.shared and proposal.role in standing.roles
    )
    step.must(could, named(entry), f"{proposal.person} could not ask for anything as {proposal.role}")
