"""The verifier on proofs and drops of changes, which come after the close and are in the access chain."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from andon.adapters.store.ledger import batch_key, lines_of
from andon.audit.chain import LockedCopies, LockedObject
from andon.audit.exported import Exported
from andon.audit.findings import Report
from andon.audit.verify import Beside, verify
from andon.domain.custody import Access, AccessKind, access_entry
from andon.domain.declaration import Declaration, Declared
from andon.domain.directory import Role, standing_at
from andon.domain.incident import Exhibit
from andon.domain.ledger import Entry, Head
from andon.domain.signing import DECLARATION_TYPE, Envelope, sign
from andon.domain.values import sha256
from tests.audit.story import (
    INCIDENT,
    OTHER_SEED,
    PEOPLE,
    POLICY,
    SEED,
    TRUST,
    Story,
    line,
    locked_copies,
    named,
    whole_story,
)

OWNER, LEAD, ENGINEER = "omar.owner", "lena.lead", "enno.engineer"


class AfterClose:
    """Writes the access chain of a closed story."""

    def __init__(self, severity: str = "high") -> None:
        self.story = whole_story()
        self.entries: list[Entry] = []
        self.statements: dict[str, Envelope] = {}
        due = self.story.now().isoformat()
        told = {"change-1": f"training|open|{ENGINEER}|{due}", "change-2": f"prompt|done|{OWNER}|{due}"}
        self.add(AccessKind.FOLLOW_UP_BEGUN, facts={"severity": severity, **told, "step": "begun"})

    def add(self, kind: AccessKind, **fields: Any) -> None:
        given = {"incident": INCIDENT, "actor": "andon", "what": kind, "at": self.story.now(), **fields}
        head = Head(length=len(self.entries), digest=self.entries[-1].digest()) if self.entries else Head()
        self.entries.append(access_entry(Access(**given), head))

    def settle(
        self,
        kind: Declared = Declared.CHANGE_PROVEN,
        *,
        person: str = LEAD,
        role: Role = Role.INCIDENT_LEAD,
        change: str = "change-1",
        seed: bytes = SEED,
        nonce: str = "",
        **entry: Any,
    ) -> None:
        said = Declaration(
            kind=kind,
            about={"change": change},
            incident=INCIDENT,
            reason=sha256(b"the list of who was there"),
            reason_text="TXT-1",
            policy=POLICY,
            person=person,
            role=role,
            standing=standing_at(PEOPLE, person, self.story.now()),
            nonce=nonce or f"nonce-settling-{len(self.entries):04d}",
            received_at=self.story.now(),
        )
        envelope = sign(said, seed, DECLARATION_TYPE)
        self.statements[envelope.digest()] = envelope
        fields = {
            "actor": f"person:{person}",
            "item": change,
            "reason": said.reason,
            "role": role,
            "digests": {"statement": envelope.digest(), "directory": PEOPLE.digest()},
            "facts": {"change": change, "step": f"{change}/{kind}"},
        }
        self.add(AccessKind(kind.value), **{**fields, **entry})

    def exported(self) -> Exported:
        whole = self.story.exported()
        return replace(
            whole,
            access=tuple(line(entry) for entry in self.entries),
            statements={**whole.statements, **{name: line(one) for name, one in self.statements.items()}},
            access_head=Head(length=len(self.entries), digest=self.entries[-1].digest()),
        )

    def locked(self) -> LockedCopies:
        there = locked_copies(self.story)
        objects = dict(there.objects)
        until = next(iter(objects.values())).locked_until
        for entry in self.entries:
            found = [Exhibit(digest=name, envelope=one) for name, one in self.statements.items()]
            content = lines_of([entry], [one for one in found if one.digest in entry.digests.values()])
            lines = tuple(sha256(one) for one in content.splitlines())
            objects[batch_key(entry)] = LockedObject(sha256(content), 1, 0, until, lines)
        return LockedCopies(objects=objects, checked_at=there.checked_at)

    def verified(self) -> Report:
        return verify(self.exported(), TRUST, Beside(locked=self.locked()))


def test_a_proof_and_a_drop_hold_and_are_found_in_locked_storage() -> None:
    after = AfterClose()
    after.settle()
    report = after.verified()
    assert report.holds, named(report)


def test_a_story_without_a_follow_up_holds_as_before() -> None:
    story: Story = whole_story()
    assert verify(story.exported(), TRUST, Beside(locked=locked_copies(story))).holds


def twice(after: AfterClose) -> None:
    for _ in range(2):
        after.settle()


def same_again(after: AfterClose) -> None:
    for _ in range(2):
        after.settle(nonce="nonce-of-a-proof-01")


FORGED: dict[str, tuple[Callable[[AfterClose], None], str, str]] = {
    "signed by a stranger's key": (lambda one: one.settle(seed=OTHER_SEED), "statements", "not trusted"),
    "in another's name": (
        lambda one: one.settle(actor=f"person:{OWNER}"),
        "statements",
        "person: the entry says",
    ),
    "of another change": (lambda one: one.settle(item="change-2"), "statements", "change: the entry says"),
    "with a fact nobody stated": (
        lambda one: one.settle(facts={"change": "change-1", "step": "x", "content": "f" * 64}),
        "statements",
        "what it is about: the entry says",
    ),
    "without a statement": (lambda one: one.settle(digests={}), "statements", "which is not there"),
    "in a role that is not held": (
        lambda one: one.settle(role=Role.BUSINESS_OWNER),
        "statements",
        "could not speak as",
    ),
    "by its own owner": (
        lambda one: one.settle(person=ENGINEER, role=Role.ENGINEER),
        "judgement",
        "by the word of its own owner",
    ),
    "of what is done already": (lambda one: one.settle(change="change-2"), "judgement", "is not open"),
    "of what there is not": (lambda one: one.settle(change="change-9"), "judgement", "is not open"),
    "for a second time": (twice, "judgement", "is not open"),
    "counted twice": (
        same_again,
        "statements",
        "a second time",
    ),
}


@pytest.mark.parametrize("name", FORGED)
def test_a_forged_proof_is_found_and_named(name: str) -> None:
    tell, step, problem = FORGED[name]
    after = AfterClose()
    tell(after)
    found = named(after.verified()).get(step, [])
    assert any(problem in one for one in found), found


def test_below_high_an_owner_proves_their_own_change() -> None:
    after = AfterClose("medium")
    after.settle(person=ENGINEER, role=Role.ENGINEER)
    assert after.verified().holds


def test_a_proof_whose_statement_was_taken_from_locked_storage_is_missed() -> None:
    after = AfterClose()
    after.settle()
    locked, last = after.locked(), after.entries[-1]
    held = locked.objects[batch_key(last)]
    objects = {**locked.objects, batch_key(last): replace(held, lines=held.lines[:1])}
    report = verify(after.exported(), TRUST, Beside(locked=replace(locked, objects=objects)))
    assert any("is not in locked storage" in one for one in named(report)["locked copies"])
