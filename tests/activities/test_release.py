"""Letting go: judged once more from the stored statements, whatever the caller claims."""

from __future__ import annotations

import base64
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from temporalio.testing import ActivityEnvironment

from activities.release import ReleaseActivities, ReleaseCall
from andon.domain.decision import Binding, DecisionKind, DecisionRequest, Option
from andon.domain.directory import Role, standing_at
from andon.domain.response import Statement
from andon.domain.signing import key_id, public_key_of, sign
from tests import fakes
from tests.activities.test_containment import ORDER

AT = datetime(2026, 11, 21, 9, 0, tzinfo=UTC)
SEED, STRANGER = bytes(range(32)), bytes(reversed(range(32)))
TRUSTED = {key_id(public_key_of(SEED)): base64.b64encode(public_key_of(SEED)).decode()}
DIGEST = "a" * 64


class Desk:
    """An order in force, a restart question, and what people answered."""

    def __init__(self, kind: DecisionKind = DecisionKind.RESTART) -> None:
        self.levers, self.book, self.versions = (
            fakes.MemoryLevers(),
            fakes.MemoryLedger(),
            fakes.MemoryVersions(),
        )
        self.people = fakes.MemoryPeople(fakes.everybody())
        self.levers.holds[ORDER.lever.id].add(ORDER.id)
        self.request = DecisionRequest(
            id=f"{kind}-1",
            incident=ORDER.incident,
            kind=kind,
            opened_at=AT,
            deadline=None,
            eligible=(Role.BUSINESS_OWNER,),
            options=(
                Option(id="restart", needs=((Role.BUSINESS_OWNER,), (Role.LEGAL,))),
                Option(id="keep_stopped", blocks=True),
                Option(id="confirm"),
            ),
            binding=Binding(versions=self.versions.digest()),
            policy=DIGEST,
        )
        self.statements: list[str] = []

    def answer(self, role: Role, option: str = "restart", seed: bytes = SEED, **changes: Any) -> None:
        fields = {
            "incident": ORDER.incident,
            "decision": self.request.id,
            "request": self.request.digest(),
            "option": option,
            "reason": DIGEST,
            "reason_text": "t",
            "binding": self.request.binding,
            "policy": DIGEST,
            "shown": DIGEST,
            "person": f"p-{role}",
            "role": role,
            "standing": standing_at(self.people.directory, f"p-{role}", AT),
            "nonce": f"nonce-of-{role:>16}",
            "received_at": AT + timedelta(seconds=1),
        }
        envelope = sign(Statement(**{**fields, **changes}), seed)
        self.book.envelopes[envelope.digest()] = envelope
        self.statements.append(envelope.digest())

    async def release(self) -> str | None:
        activities = ReleaseActivities({"flag": self.levers}, self.people, self.versions, self.book)
        call = ReleaseCall(
            orders=(ORDER,), request=self.request, statements=tuple(self.statements), trusted=TRUSTED
        )
        outcome = await ActivityEnvironment().run(activities.release, call)
        assert bool(self.levers.stopped()) == (outcome.refused is not None)
        return outcome.refused


async def test_everybody_who_must_has_approved_and_the_lever_is_let_go() -> None:
    desk = Desk()
    desk.answer(Role.BUSINESS_OWNER)
    desk.answer(Role.LEGAL)
    assert await desk.release() is None
    assert await desk.release() is None
    assert desk.levers.effects == [f"{ORDER.id}/release"]


async def test_too_few_approvals_let_nothing_go() -> None:
    desk = Desk()
    desk.answer(Role.BUSINESS_OWNER)
    assert await desk.release() == "ReleaseRefusedError"


async def test_one_refusal_lets_nothing_go() -> None:
    desk = Desk()
    desk.answer(Role.BUSINESS_OWNER)
    desk.answer(Role.LEGAL, "keep_stopped")
    assert await desk.release() == "ReleaseRefusedError"


async def test_a_statement_that_is_not_in_the_store_lets_nothing_go() -> None:
    desk = Desk()
    desk.answer(Role.BUSINESS_OWNER)
    desk.statements.append(DIGEST)
    assert await desk.release() == "NotFoundError"


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"seed": STRANGER}, "SignatureError"),
        ({"person": "p-engineer"}, "ReleaseRefusedError"),
        ({"policy": "b" * 64}, "ReleaseRefusedError"),
        ({"incident": "INC-20261121-zzzzzz"}, "ReleaseRefusedError"),
    ],
)
async def test_a_statement_that_does_not_hold_lets_nothing_go(changes: dict[str, Any], why: str) -> None:
    desk = Desk()
    desk.answer(Role.BUSINESS_OWNER)
    desk.answer(Role.LEGAL, **changes)
    assert await desk.release() == why


async def test_other_versions_than_were_approved_let_nothing_go() -> None:
    desk = Desk()
    desk.answer(Role.BUSINESS_OWNER)
    desk.answer(Role.LEGAL)
    desk.versions.running = "slipped in"
    assert await desk.release() == "ReleaseRefusedError"


async def test_a_decision_of_another_kind_lets_nothing_go() -> None:
    desk = Desk(DecisionKind.DIAGNOSIS)
    desk.answer(Role.BUSINESS_OWNER)
    desk.answer(Role.LEGAL)
    assert await desk.release() == "ReleaseRefusedError"
