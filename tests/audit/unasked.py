"""What people say in a story without being asked, signed and noted as the workflow would."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from andon.audit.findings import Report
from andon.audit.verify import verify
from andon.domain.decision import DecisionKind
from andon.domain.declaration import Declaration, Declared
from andon.domain.directory import Role, standing_at
from andon.domain.ledger import Kind
from andon.domain.proposal import Proposal
from andon.domain.signing import DECLARATION_TYPE, PROPOSAL_TYPE, sign
from andon.domain.values import sha256
from tests.audit.story import INCIDENT, PEOPLE, POLICY, SEED, TRUST, Story, whole_story

OWNER = "omar.owner"
WHY = sha256(b"why")
DONE = {"task": "investigate-1", "state": "done"}


def declare(
    story: Story,
    kind: Declared = Declared.TASK,
    about: dict[str, str] = DONE,
    *,
    person: str = OWNER,
    seed: bytes = SEED,
    nonce: str = "",
    **changes: object,
) -> None:
    said = _said(story, person, nonce or f"nonce-declaration-{len(story.entries):04d}")
    declaration = Declaration(kind=kind, about=about, **said)
    _note(story, declaration, seed, {"facts": {"role": "business_owner", **about}, **changes})


def propose(story: Story, *, person: str = OWNER, seed: bytes = SEED, **changes: object) -> None:
    said = _said(story, person, f"nonce-proposal-{len(story.entries):04d}")
    proposal = Proposal(kind=DecisionKind.EXTERNAL_COUNSEL, **said)
    _note(story, proposal, seed, {"facts": {"role": "business_owner"}, **changes})


def judged(tell: Callable[[Story], None]) -> Report:
    """Tell something before the end of a whole story, and verify it."""
    story = whole_story()
    closing = story.entries.pop()
    tell(story)
    story.add(Kind.CLOSED, after=closing.after)
    return verify(story.exported(), TRUST)


def _said(story: Story, person: str, nonce: str) -> dict[str, Any]:
    return {
        "incident": INCIDENT,
        "reason": WHY,
        "reason_text": "TXT-why",
        "policy": POLICY,
        "person": person,
        "role": Role.BUSINESS_OWNER,
        "standing": standing_at(PEOPLE, person, story.now()),
        "nonce": nonce,
        "received_at": story.now(),
    }


def _note(story: Story, said: Declaration | Proposal, seed: bytes, changes: dict[str, object]) -> None:
    declared = isinstance(said, Declaration)
    envelope = sign(said, seed, DECLARATION_TYPE if declared else PROPOSAL_TYPE)
    story.statements[envelope.digest()] = envelope
    fields = {
        "actor": f"person:{said.person}",
        "subject": said.kind.value,
        "reason": said.reason,
        "digests": {"statement": envelope.digest(), "directory": PEOPLE.digest()},
    }
    story.add(Kind.DECLARED if declared else Kind.PROPOSED, **{**fields, **changes})
