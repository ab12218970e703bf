"""The verifier on what people stated without being asked."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from andon.audit.findings import Report
from andon.audit.verify import verify
from andon.domain.declaration import Declaration, Declared
from andon.domain.directory import Role, standing_at
from andon.domain.ledger import Kind
from andon.domain.signing import DECLARATION_TYPE, sign
from andon.domain.values import sha256
from tests.audit.story import INCIDENT, OTHER_SEED, PEOPLE, POLICY, SEED, TRUST, Story, whole_story


def declare(
    story: Story, person: str = "omar.owner", seed: bytes = SEED, nonce: str = "", **changes: object
) -> None:
    declaration = Declaration(
        incident=INCIDENT,
        kind=Declared.TASK,
        about={"task": "investigate-1", "state": "done"},
        reason=sha256(b"why"),
        reason_text="TXT-why",
        policy=POLICY,
        person=person,
        role=Role.BUSINESS_OWNER,
        standing=standing_at(PEOPLE, person, story.now()),
        nonce=nonce or f"nonce-declaration-{len(story.entries):04d}",
        received_at=story.now(),
    )
    envelope = sign(declaration, seed, DECLARATION_TYPE)
    story.statements[envelope.digest()] = envelope
    fields = {
        "actor": f"person:{person}",
        "subject": "task",
        "reason": declaration.reason,
        "digests": {"statement": envelope.digest(), "directory": PEOPLE.digest()},
        "facts": {"role": "business_owner", **declaration.about},
    }
    story.add(Kind.DECLARED, **{**fields, **changes})


def judged(tell: Callable[[Story], None]) -> Report:
    story = whole_story()
    closing = story.entries.pop()
    tell(story)
    story.add(Kind.CLOSED, after=closing.after)
    return verify(story.exported(), TRUST)


def twice(story: Story) -> None:
    for _ in range(2):
        declare(story, nonce="nonce-declaration-0001")


def test_a_declaration_holds() -> None:
    report = judged(declare)
    assert report.holds, report


FORGED: dict[str, tuple[Callable[[Story], None], str]] = {
    "signed by a stranger's key": (lambda one: declare(one, seed=OTHER_SEED), "not trusted"),
    "in another's name": (lambda one: declare(one, actor="person:lena.lead"), "person: the entry says"),
    "of another kind": (lambda one: declare(one, subject="acknowledged"), "kind: the entry says"),
    "in another role": (lambda one: declare(one, facts={"role": "legal"}), "role: the entry says"),
    "of something else": (
        lambda one: declare(
            one, facts={"role": "business_owner", "task": "investigate-1", "state": "cannot"}
        ),
        "what it is about: the entry says",
    ),
    "with a fact nobody stated": (
        lambda one: declare(
            one,
            facts={"role": "business_owner", "task": "investigate-1", "state": "done", "more": "yes"},
        ),
        "what it is about: the entry says",
    ),
    "without a statement": (lambda one: declare(one, digests={}), "which is not there"),
    "in a role that is not held": (lambda one: declare(one, "enno.engineer"), "could not speak as"),
    "by somebody nobody knows": (lambda one: declare(one, "nobody"), "could not speak as"),
    "counted twice": (twice, "a second time"),
}


@pytest.mark.parametrize("name", FORGED)
def test_a_forged_declaration_is_found_and_named(name: str) -> None:
    tell, problem = FORGED[name]
    found = next(one for one in judged(tell).steps if one.title == "statements")
    assert any(problem in one.problem for one in found.findings), found
