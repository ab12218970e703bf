"""The rules of custody, each by itself."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import pytest

from andon.domain.custody import (
    READ_FOR,
    Denied,
    ErasureRule,
    RawAsked,
    RawRule,
    grants,
    judge_erasure,
    judge_raw,
    names_items,
)
from andon.domain.decision import DecisionKind, DecisionRecord, DecisionRequest, Option
from andon.domain.directory import Role
from andon.domain.evidence import EvidenceItem
from andon.domain.severity import Band
from andon.domain.values import NOTHING_YET

AT = datetime(2026, 3, 1, 10, tzinfo=UTC)
DIGEST = "3f" * 32
ITEM = EvidenceItem(
    id="input/recorder/1",
    kind="input",
    source="recorder",
    query=NOTHING_YET,
    captured_at=AT,
    sha256=DIGEST,
    size_bytes=1,
    content_type="text/plain",
    key="k",
    version_id="v",
    locked_until=None,
    collector="recorder/1",
)
RULE = ErasureRule(needs=((Role.CUSTODIAN,), (Role.PRIVACY,)))


def granted(items: str = DIGEST[:12], **changes: object) -> DecisionRecord:
    request = DecisionRequest(
        id="raw_evidence-1",
        incident="INC-20260301-abc123",
        kind=DecisionKind.RAW_EVIDENCE,
        opened_at=AT,
        deadline=None,
        eligible=(Role.LEGAL,),
        options=(Option(id="release"), Option(id="refuse", blocks=True)),
        requested_by="eva",
        about={"items": items} if items else {},
        policy=NOTHING_YET,
    )
    return DecisionRecord(request=request, outcome="release", closed_at=AT).model_copy(update=changes)


@pytest.mark.parametrize(
    ("record", "person", "at", "open_to"),
    [
        (granted(), "eva", AT, True),
        (granted("all"), "eva", AT, True),
        (granted(""), "eva", AT, True),
        (granted(f"{'ab' * 6},{DIGEST}"), "eva", AT, True),
        (granted("ab" * 6), "eva", AT, False),
        (granted(), "paul", AT, False),
        (granted(), "eva", AT + READ_FOR, False),
        (granted(), "eva", AT - timedelta(seconds=1), False),
        (granted(outcome="refuse"), "eva", AT, False),
        (granted(outcome=None), "eva", AT, False),
        (granted(closed_at=None), "eva", AT, False),
    ],
    ids=["named", "all", "before items were named", "one of two", "another item", "somebody else", "too late",
         "too early", "refused", "not settled", "open"],
)  # fmt: skip
def test_a_decision_opens_named_items_to_one_person_for_a_time(
    record: DecisionRecord, person: str, at: datetime, open_to: bool
) -> None:
    assert grants(record, person, ITEM, at) is open_to


def test_a_severity_that_is_not_listed_takes_a_decision() -> None:
    rule = RawRule(by={Band.HIGH: (Role.SECURITY,)})
    asked = RawAsked(person="eva", role=Role.SECURITY, item=ITEM, at=AT)
    assert judge_raw(rule, Band.HIGH, asked, ()) == ("role:security", None)
    assert judge_raw(rule, Band.CRITICAL, asked, ()) == ("", Denied.NEEDS_DECISION)
    assert judge_raw(rule, Band.CRITICAL, asked, [granted()]) == ("decision:raw_evidence-1", None)


@pytest.mark.parametrize(
    ("agreed", "denied"),
    [
        ([("carl", Role.CUSTODIAN)], None),
        ([("paula", Role.PRIVACY), ("carl", Role.CUSTODIAN)], None),
        ([("carl", Role.CUSTODIAN), ("carl", Role.PRIVACY)], Denied.SAME_PERSON),
        ([("carl", Role.CUSTODIAN), ("cora", Role.CUSTODIAN)], Denied.WRONG_ROLE),
        ([("lena", Role.LEGAL)], Denied.WRONG_ROLE),
    ],
)
def test_an_erasure_takes_one_person_for_each_slot(
    agreed: Sequence[tuple[str, Role]], denied: Denied | None
) -> None:
    assert judge_erasure(RULE, agreed) is denied


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("all", True),
        ("ab" * 6, True),
        (f"{'ab' * 6},{'cd' * 32}", True),
        ("", False),
        ("ab", False),
        ("AB" * 6, False),
        ("ab" * 33, False),
        ("input/recorder/1", False),
        ("ab" * 6 + ",", False),
    ],
)
def test_a_decision_names_items_by_their_digests(text: str, named: bool) -> None:
    assert names_items(text) is named
