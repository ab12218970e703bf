"""What somebody with access to Temporal can send by themselves: no effect, on record, nothing broken.

Answers that are signed by the console but do not fit are in `test_responses.py`; here is what was
made up, changed, moved to another place, or signed by the wrong person, by update and by signal.
"""

from __future__ import annotations

import asyncio
import base64
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from temporalio.client import WorkflowUpdateFailedError
from temporalio.testing import WorkflowEnvironment

from andon.domain.decision import DecisionKind
from andon.domain.directory import Directory, Person, Role
from andon.domain.ledger import Kind
from andon.domain.personal_keys import PersonalSignature, ssh_key
from andon.domain.playbook import Plan
from andon.domain.response import Statement
from andon.domain.severity import Band
from andon.domain.signing import PROPOSAL_TYPE, RESPONSE_TYPE, Envelope, sign
from andon.domain.sshsig import public_line, sign_sshsig
from andon.domain.values import canonical
from tests.workflows.case import PATIENCE, SEED, STRANGER, Case, Parts, opened, trusted
from tests.workflows.policy import RIGHTS, plan_for

TRIAGE = "triage-1"
LONG_AGO = datetime(2026, 1, 1, tzinfo=UTC)
KEYS = {
    name: Ed25519PrivateKey.from_private_bytes(bytes([number] * 32))
    for number, name in enumerate(("own", "other"), 1)
}
Deliver = Callable[[Case, Envelope], Awaitable[None]]


async def by_update(case: Case, envelope: Envelope) -> None:
    assert not (await case.send(envelope)).accepted


async def by_signal(case: Case, envelope: Envelope) -> None:
    await case.signal("respond_signal", envelope.model_dump(mode="json"))


async def untouched(case: Case, *whys: str, kind: Kind = Kind.RESPONSE_REFUSED) -> None:
    """It is on record as refused, nothing came of it, and a proper answer still counts."""
    entries = await case.entries(kind, len(whys))
    assert [entry.facts["refusal"] for entry in entries] == list(whys)
    state = await case.state()
    assert state.decisions[TRIAGE].open
    assert not state.decisions[TRIAGE].accepted
    assert set(state.decisions) <= {TRIAGE, "legal_review-1"}
    assert case.parts.book.of(Kind.RESPONSE_ACCEPTED) == []
    assert (await case.answer("triage", "confirm", Role.RESPONDER)).accepted


def changed(envelope: Envelope, **fields: Any) -> Envelope:
    """The envelope with other words under the same signature."""
    statement = Statement.model_validate_json(base64.b64decode(envelope.payload))
    payload = canonical(statement.model_copy(update=fields))
    return envelope.model_copy(update={"payload": base64.b64encode(payload).decode()})


@pytest.mark.parametrize("deliver", [by_update, by_signal])
@pytest.mark.parametrize(
    "fields",
    [
        {"person": "p-incident_lead", "role": Role.INCIDENT_LEAD},
        {"option": "false_positive"},
        {"decision": "restart-1"},
        {"nonce": "another-nonce-altogether"},
        {"received_at": LONG_AGO},
    ],
    ids=lambda fields: next(iter(fields)),
)
async def test_a_statement_that_was_changed_after_it_was_signed_counts_for_nothing(
    environment: WorkflowEnvironment, deliver: Deliver, fields: dict[str, Any]
) -> None:
    async with opened(environment) as case:
        request = await case.question("triage")
        signed = sign(case.statement(request, "confirm", Role.RESPONDER), SEED)
        await deliver(case, changed(signed, **fields))
        await untouched(case, "signature")


@pytest.mark.parametrize("deliver", [by_update, by_signal])
async def test_an_identity_that_the_console_never_vouched_for_counts_for_nothing(
    environment: WorkflowEnvironment, deliver: Deliver
) -> None:
    async with opened(environment) as case:
        request = await case.question("triage")
        forged = sign(case.statement(request, "confirm", Role.INCIDENT_LEAD), STRANGER)
        borrowed = forged.model_copy(
            update={"signatures": sign(case.statement(request, "confirm", Role.RESPONDER), SEED).signatures}
        )
        both = forged.model_copy(update={"signatures": (*borrowed.signatures, *forged.signatures)})
        for envelope in (forged, borrowed, both):
            await deliver(case, envelope)
        await untouched(case, "signature", "signature", "signature")


@pytest.mark.parametrize("deliver", [by_update, by_signal])
async def test_a_proposal_is_no_answer(environment: WorkflowEnvironment, deliver: Deliver) -> None:
    async with opened(environment) as case:
        await case.question("triage")
        proposal = case.proposal(DecisionKind.EXTERNAL_COUNSEL, Role.LEGAL)
        await deliver(case, sign(proposal, SEED, PROPOSAL_TYPE))
        await deliver(case, sign(proposal, SEED, RESPONSE_TYPE))
        await untouched(case, "signature", "signature")


async def test_an_answer_is_no_proposal(environment: WorkflowEnvironment) -> None:
    async with opened(environment) as case:
        request = await case.question("triage")
        answer = case.statement(request, "confirm", Role.RESPONDER)
        for kind in (RESPONSE_TYPE, PROPOSAL_TYPE):
            proposed = await case.send_proposal(sign(answer, SEED, kind))
            assert (proposed.decision, proposed.refusal) == (None, "signature")
        await untouched(case, "signature", "signature")


async def test_a_proposal_that_was_changed_or_signed_by_a_stranger_puts_nothing(
    environment: WorkflowEnvironment,
) -> None:
    async with opened(environment) as case:
        await case.question("triage")
        proposal = case.proposal(DecisionKind.EXTERNAL_COUNSEL, Role.LEGAL)
        other = canonical(proposal.model_copy(update={"kind": DecisionKind.RAW_EVIDENCE}))
        good = sign(proposal, SEED, PROPOSAL_TYPE)
        for envelope in (
            good.model_copy(update={"payload": base64.b64encode(other).decode()}),
            sign(proposal, STRANGER, PROPOSAL_TYPE),
        ):
            assert (await case.send_proposal(envelope)).refusal == "signature"
        await untouched(case, "signature", "signature")


async def test_a_proposal_delivered_again_puts_nothing_even_once_the_first_is_decided(
    environment: WorkflowEnvironment,
) -> None:
    async with opened(environment) as case:
        envelope = sign(case.proposal(DecisionKind.EXTERNAL_COUNSEL, Role.COMPLIANCE), SEED, PROPOSAL_TYPE)
        assert (await case.send_proposal(envelope)).decision == "external_counsel-1"
        assert (await case.send_proposal(envelope)).refusal == "replayed"
        await case.answer("external_counsel", "do_not_retain", Role.LEGAL)
        assert (await case.send_proposal(envelope)).refusal == "replayed"
        assert "external_counsel-2" not in (await case.state()).decisions
        refused = await case.entries(Kind.PROPOSAL_REFUSED, 2)
        assert [entry.facts["refusal"] for entry in refused] == ["replayed", "replayed"]
        assert (await case.answer("triage", "confirm", Role.RESPONDER)).accepted


async def test_a_proposal_does_not_come_by_signal(environment: WorkflowEnvironment) -> None:
    async with opened(environment) as case:
        await case.question("triage")
        envelope = sign(case.proposal(DecisionKind.EXTERNAL_COUNSEL, Role.LEGAL), SEED, PROPOSAL_TYPE)
        for name in ("propose", "propose_signal"):
            await case.signal(name, envelope.model_dump(mode="json"))
        refused = await case.entries(Kind.SIGNAL_REFUSED, 2)
        assert [entry.subject for entry in refused] == ["propose", "propose_signal"]
        await untouched(case)


@pytest.mark.parametrize(
    "args",
    [
        (),
        (None,),
        ("approve",),
        ({"payload": "x"},),
        ({"payloadType": "x", "payload": "", "signatures": []},),
        (None, None),
        ({}, {}, {}),
    ],
    ids=repr,
)
async def test_an_update_that_can_not_be_read_fails_by_itself_and_the_incident_goes_on(
    environment: WorkflowEnvironment, args: tuple[Any, ...]
) -> None:
    async with opened(environment) as case:
        await case.question("triage")
        for update in ("respond", "propose", "open_or_join"):
            with pytest.raises(WorkflowUpdateFailedError):
                await asyncio.wait_for(case.handle.execute_update(update, args=args), PATIENCE)
        await untouched(case)


def person(parts: Parts, name: str, **changes: Any) -> None:
    """Have the directory say something else of somebody."""
    people = parts.people.directory.people
    parts.people.directory = Directory(
        people=tuple(
            Person.model_validate({**one.model_dump(), **changes}) if one.id == name else one
            for one in people
        )
    )


@pytest.mark.parametrize("deliver", [by_update, by_signal])
@pytest.mark.parametrize(
    ("why", "changes"), [("suspended", {"suspended_from": LONG_AGO}), ("shared_account", {"shared": True})]
)
async def test_whose_word_does_not_count_neither_answers_nor_asks(
    environment: WorkflowEnvironment, deliver: Deliver, why: str, changes: dict[str, Any]
) -> None:
    parts = Parts()
    person(parts, "p-incident_lead", **changes)
    async with opened(environment, parts) as case:
        request = await case.question("triage")
        proposed = await case.propose(
            DecisionKind.LEAD_TRANSFER, Role.INCIDENT_LEAD, about={"to": "p-incident_lead"}
        )
        assert proposed.refusal == why
        await deliver(case, sign(case.statement(request, "confirm", Role.INCIDENT_LEAD), SEED))
        await untouched(case, why)
        assert (await case.state()).lead == "p-business_owner"


def signed_by(statement: Statement, key: str, said: bytes | None = None) -> Statement:
    """A statement with a personal signature; over other bytes, if they are given."""
    mine = KEYS[key]
    signature = PersonalSignature(
        key=ssh_key(public_line(mine.public_key())).id,
        kind="ssh",
        signature=sign_sshsig(statement.said() if said is None else said, mine),
    )
    return statement.model_copy(update={"signature": signature})


def with_keys(revoked: timedelta | None = None) -> Parts:
    """Two responders with a key each; that of the first may be revoked, counted from now."""
    parts = Parts()
    own, other = (ssh_key(public_line(KEYS[name].public_key())) for name in ("own", "other"))
    if revoked is not None:
        own = own.model_copy(update={"revoked_from": datetime.now(UTC) + revoked})
    person(parts, "p-responder", keys=(own.model_dump(),))
    person(parts, "p-incident_lead", keys=(other.model_dump(),))
    return parts


@pytest.mark.parametrize("deliver", [by_update, by_signal])
@pytest.mark.parametrize(
    ("why", "key", "revoked", "said"),
    [
        ("key_not_in_force", "own", -timedelta(hours=1), None),
        ("key_not_in_force", "other", None, None),
        ("personal_signature", "own", None, b"something else"),
    ],
)
async def test_a_personal_signature_that_does_not_hold_takes_the_answer_with_it(
    environment: WorkflowEnvironment,
    deliver: Deliver,
    why: str,
    key: str,
    revoked: timedelta | None,
    said: bytes | None,
) -> None:
    async with opened(environment, with_keys(revoked)) as case:
        request = await case.question("triage")
        statement = case.statement(request, "confirm", Role.RESPONDER)
        await deliver(case, sign(signed_by(statement, key, said), SEED))
        await untouched(case, why)


async def test_what_a_person_signed_themselves_can_not_be_changed_even_by_the_console(
    environment: WorkflowEnvironment,
) -> None:
    async with opened(environment, with_keys()) as case:
        request = await case.question("triage")
        mine = signed_by(case.statement(request, "confirm", Role.RESPONDER), "own")
        turned = mine.model_copy(update={"option": "false_positive"})
        assert (await case.send(sign(turned, SEED))).refusal == "personal_signature"
        assert (await case.send(sign(mine, SEED))).accepted
        assert (await case.send(sign(mine, SEED))).refusal == "replayed"


async def test_where_a_personal_signature_is_due_the_word_of_the_console_is_not_enough(
    environment: WorkflowEnvironment,
) -> None:
    parts = with_keys()
    async with opened(environment, parts, plan=personal_plan()) as case:
        request = await case.question("triage")
        plain = case.statement(request, "confirm", Role.RESPONDER)
        assert (await case.send(sign(plain, SEED))).refusal == "signature_required"
        assert (await case.send(sign(signed_by(plain, "own"), SEED))).accepted


def personal_plan() -> Plan:
    plan = plan_for(trusted())
    triage = RIGHTS[DecisionKind.TRIAGE].model_copy(update={"personal_at": (Band.HIGH,)})
    return plan.model_copy(update={"rights": {**plan.rights, DecisionKind.TRIAGE: triage}})
