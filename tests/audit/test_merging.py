"""The verifier on an incident that was merged and let go by the decision of the other."""

from __future__ import annotations

import pytest

from andon.audit.verify import Name, verify
from andon.domain.declaration import Declaration, Declared
from andon.domain.directory import Role, standing_at
from andon.domain.ledger import Kind
from andon.domain.signing import DECLARATION_TYPE, sign
from andon.domain.values import sha256
from tests.audit.story import INCIDENT, ORDER, PEOPLE, POLICY, SEED, TRUST, Story, named

OTHER = "INC-20260302-zzz999"
REQUEST = sha256(b"restart-1 of the other")


def merged(into: str = OTHER) -> Story:
    """An incident from its opening to its merge."""
    story = Story()
    story.add(Kind.INCIDENT_OPENED, actor="source:monitor")
    story.contain()
    said = Declaration(
        incident=INCIDENT,
        kind=Declared.MERGED,
        about={"into": into},
        reason=sha256(b"why"),
        reason_text="TXT-why",
        policy=POLICY,
        person="lena.lead",
        role=Role.INCIDENT_LEAD,
        standing=standing_at(PEOPLE, "lena.lead", story.now()),
        nonce="nonce-merged-0001",
        received_at=story.now(),
    )
    envelope = sign(said, SEED, DECLARATION_TYPE)
    story.statements[envelope.digest()] = envelope
    story.add(
        Kind.DECLARED,
        actor="person:lena.lead",
        subject="merged",
        reason=said.reason,
        digests={"statement": envelope.digest(), "directory": PEOPLE.digest()},
        facts={"into": into, "role": "incident_lead"},
    )
    story.add(Kind.MERGED, actor="person:lena.lead", subject=into, digests={"merge": envelope.digest()})
    return story


def let_go(story: Story, **changes: object) -> None:
    merge = story.entries[story.find(Kind.MERGED)].digests["merge"]
    fields: dict[str, object] = {
        "subject": OTHER,
        "after": "restart",
        "digests": {"request": REQUEST, "merge": merge},
        "facts": {"decision": "restart-1", "kind": "restart"},
    }
    story.add(Kind.OTHER_LET_GO, **{**fields, **changes})
    story.add(Kind.ORDER_RELEASED, subject=ORDER, digests={"request": REQUEST})
    story.add(Kind.CLOSED, after="merged")


def test_it_holds_and_says_whose_decision_is_to_be_verified_too() -> None:
    story = merged()
    let_go(story)
    report = verify(story.exported(), TRUST)
    assert named(report) == {}
    (course,) = [step for step in report.steps if step.title == "course"]
    assert course.notes == [f"its levers went by restart-1 of {OTHER}: verify that one too"]


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"subject": "INC-20260302-other1"}, "into which it was not merged"),
        ({"digests": {"request": REQUEST, "merge": sha256(b"none")}}, "into which it was not merged"),
        ({"after": "stay_stopped"}, "lets nothing go"),
        ({"facts": {"decision": "triage-1", "kind": "impact"}}, "lets nothing go"),
        ({"digests": {"request": sha256(b"another")}}, "into which it was not merged"),
    ],
)
def test_what_the_other_did_not_decide_releases_nothing(changes: dict[str, object], says: str) -> None:
    story = merged()
    let_go(story, **changes)
    found = named(verify(story.exported(), TRUST))[Name.COURSE]
    assert any(says in text for text in found)
    assert any("without a restart or stand-down" in text for text in found)


def test_a_merge_nobody_declared_is_found() -> None:
    story = merged()
    story.drop(story.find(Kind.DECLARED))
    let_go(story)
    assert any("nobody declared that" in text for text in named(verify(story.exported(), TRUST))[Name.COURSE])


def test_a_merge_that_was_taken_back_carries_nothing() -> None:
    story = merged()
    story.add(Kind.UNMERGED, actor="person:lena.lead", subject=OTHER)
    let_go(story)
    assert any(
        "into which it was not merged" in text for text in named(verify(story.exported(), TRUST))[Name.COURSE]
    )
