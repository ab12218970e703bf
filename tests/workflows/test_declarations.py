"""What people state without being asked: taken once, on record, and refused with the reason."""

from __future__ import annotations

from typing import Any

import pytest
from temporalio.testing import WorkflowEnvironment

from andon.domain.declaration import Declared
from andon.domain.directory import Role
from andon.domain.ledger import Kind
from andon.domain.signing import DECLARATION_TYPE, PROPOSAL_TYPE, sign
from tests.workflows.case import SEED, STRANGER, opened, trusted
from tests.workflows.policy import plan_for

D = Declared


@pytest.mark.parametrize(
    ("why", "kind", "role", "changes"),
    [
        ("wrong_incident", D.ACKNOWLEDGED, Role.BUSINESS_OWNER, {"incident": "INC-20261121-other0"}),
        ("binding", D.ACKNOWLEDGED, Role.BUSINESS_OWNER, {"policy": "f" * 64}),
        ("unknown_person", D.ACKNOWLEDGED, Role.BUSINESS_OWNER, {"person": "p-nobody"}),
        ("role_not_held", D.ACKNOWLEDGED, Role.BUSINESS_OWNER, {"person": "p-engineer"}),
        ("wrong_role", D.ACKNOWLEDGED, Role.ENGINEER, {}),
        ("about", D.ACKNOWLEDGED, Role.BUSINESS_OWNER, {"about": {"mood": "good"}}),
    ],
)
async def test_a_declaration_that_does_not_fit_is_refused_with_the_reason(
    environment: WorkflowEnvironment, why: str, kind: Declared, role: Role, changes: dict[str, Any]
) -> None:
    async with opened(environment) as case:
        await case.question("triage")
        taken = await case.declare(kind, role, **changes)
        assert (taken.kind, taken.refusal) == (kind, why)
        [refused] = await case.entries(Kind.DECLARATION_REFUSED)
        assert (refused.subject, refused.facts["refusal"]) == (kind, why)
        assert case.parts.book.of(Kind.DECLARED) == []


async def test_a_declaration_counts_once_and_stands_in_the_ledger_with_its_statement(
    environment: WorkflowEnvironment,
) -> None:
    async with opened(environment) as case:
        await case.question("triage")
        envelope = sign(case.declaration(D.ACKNOWLEDGED, Role.BUSINESS_OWNER), SEED, DECLARATION_TYPE)
        assert (await case.send_declaration(envelope)).refusal is None
        assert (await case.send_declaration(envelope)).refusal == "replayed"
        [entry] = await case.entries(Kind.DECLARED)
        assert (entry.actor, entry.subject) == ("person:p-business_owner", "acknowledged")
        assert entry.digests["statement"] == envelope.digest()
        assert envelope.digest() in case.parts.book.envelopes


@pytest.mark.parametrize(
    ("seed", "kind"),
    [(STRANGER, DECLARATION_TYPE), (SEED, PROPOSAL_TYPE)],
    ids=["a stranger", "no declaration"],
)
async def test_what_nobody_signed_as_a_declaration_has_no_effect(
    environment: WorkflowEnvironment, seed: bytes, kind: Any
) -> None:
    async with opened(environment) as case:
        await case.question("triage")
        envelope = sign(case.declaration(D.ACKNOWLEDGED, Role.BUSINESS_OWNER), seed, kind)
        assert (await case.send_declaration(envelope)).refusal == "signature"
        assert case.parts.book.of(Kind.DECLARED) == []


async def test_a_kind_that_the_policy_does_not_give_to_anybody_can_not_be_declared(
    environment: WorkflowEnvironment,
) -> None:
    plan = plan_for(trusted()).model_copy(update={"declarations": {}})
    async with opened(environment, plan=plan) as case:
        await case.question("triage")
        taken = await case.declare(D.ACKNOWLEDGED, Role.BUSINESS_OWNER)
        assert taken.refusal == "not_declarable"
