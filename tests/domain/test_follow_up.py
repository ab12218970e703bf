"""What is to be done about the changes of a closed incident, when, and who may settle them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

import playbooks
from andon.domain.change import Change, ChangeState, ChangeType
from andon.domain.custody import AccessKind
from andon.domain.declaration import Declaration, Declared
from andon.domain.directory import Directory, Person, Role, standing_at
from andon.domain.follow_up import (
    FollowUp,
    agenda,
    change_of,
    judge_settling,
    notices_of,
    over,
    settled,
    with_change,
)
from andon.domain.notice import Notice, recipients_of
from andon.domain.recurrence import Causes
from andon.domain.response import Refusal
from andon.domain.severity import Band

CLOSED = datetime(2026, 3, 2, 9, tzinfo=UTC)
INCIDENT, POLICY = "INC-20260302-aaaaaa", "a" * 64
TERMS = playbooks.load().follow_up
PROVEN, DROPPED = Declared.CHANGE_PROVEN, Declared.CHANGE_DROPPED
PEOPLE = Directory(
    people=(
        *(Person(id=f"p-{role}", name="x", roles=(role,)) for role in Role),
        Person(id="owen", name="Owen", roles=(Role.OPERATIONS,), channels=("json://here/",)),
        Person(id="gone", name="Gone", roles=(Role.INCIDENT_LEAD,), suspended_from=CLOSED),
        Person(id="both", name="Both", roles=(Role.INCIDENT_LEAD, Role.RESPONDER)),
    )
)


def change(number: int = 1, *, days: int = 20, **fields: Any) -> Change:
    given: dict[str, Any] = {
        "type": ChangeType.TRAINING,
        "owner": "owen",
        "due": CLOSED + timedelta(days=days),
        "link": "c" * 64,
        "said_in": "lessons-1",
    }
    return Change(id=f"change-{number}", **(given | fields))


def following(*changes: Change, **fields: Any) -> FollowUp:
    given: dict[str, Any] = {
        "system": "refund_desk",
        "severity": Band.MEDIUM,
        "closed_at": CLOSED,
        "policy": POLICY,
        "trusted": {},
        "business_owner": "p-business_owner",
        "lead": "p-incident_lead",
        "causes": Causes(root_cause="prompt_design"),
        "terms": TERMS,
    }
    return FollowUp(incident=INCIDENT, changes=changes or (change(),), **(given | fields))


def said(kind: Declared, person: str, role: Role, **fields: Any) -> Declaration:
    given: dict[str, Any] = {
        "incident": INCIDENT,
        "about": {"change": "change-1"},
        "reason": "b" * 64,
        "reason_text": "TXT-1",
        "policy": POLICY,
        "nonce": "nonce-0123456789",
        "received_at": CLOSED + timedelta(days=3),
    }
    given |= fields
    standing = standing_at(PEOPLE, person, given["received_at"])
    return Declaration(kind=kind, person=person, role=role, standing=standing, **given)


def verdict(declaration: Declaration, course: FollowUp | None = None) -> Refusal | None:
    return judge_settling(declaration, course or following(), declaration.standing)


def test_an_owner_is_reminded_before_the_day_told_on_it_and_an_executive_hears_a_week_later() -> None:
    acts = [(act.key, (act.at - CLOSED).days) for act in agenda(following())]
    assert acts == [
        ("change-1/change_reminded", 13),
        ("change-1/change_overdue", 20),
        ("change-1/change_escalated", 27),
        ("recurrence/30", 30),
        ("recurrence/90", 90),
    ]


def test_what_was_overdue_at_the_close_is_said_at_once_and_not_announced() -> None:
    acts = agenda(following(change(days=-1)))
    assert [(act.kind, act.at - CLOSED) for act in acts[:2]] == [
        (AccessKind.CHANGE_OVERDUE, timedelta()),
        (AccessKind.CHANGE_ESCALATED, timedelta(days=6)),
    ]


def test_what_is_done_is_not_to_be_done_again_and_what_is_settled_needs_nobody() -> None:
    course = following(change(), change(2, state=ChangeState.DONE), done=("change-1/change_reminded",))
    keys = [act.key for act in agenda(course)]
    assert keys == ["change-1/change_overdue", "change-1/change_escalated", "recurrence/30", "recurrence/90"]
    looked = course.model_copy(update={"done": ("recurrence/30", "recurrence/90")})
    assert not over(looked)
    assert over(with_change(looked, change(state=ChangeState.DROPPED)))


def test_an_exercise_is_kept_after_and_its_recurrence_is_not_measured() -> None:
    assert {act.kind for act in agenda(following(exercise=True))} == {
        AccessKind.CHANGE_REMINDED,
        AccessKind.CHANGE_OVERDUE,
        AccessKind.CHANGE_ESCALATED,
    }


ALLOWED = (
    (Band.MEDIUM, PROVEN, "owen", Role.OPERATIONS),
    (Band.LOW, PROVEN, "p-security", Role.SECURITY),
    (Band.HIGH, PROVEN, "p-engineer", Role.ENGINEER),
    (Band.CRITICAL, PROVEN, "p-business_owner", Role.BUSINESS_OWNER),
    (Band.CRITICAL, DROPPED, "p-incident_lead", Role.INCIDENT_LEAD),
    (Band.MEDIUM, DROPPED, "p-business_owner", Role.BUSINESS_OWNER),
)


@pytest.mark.parametrize(("band", "kind", "person", "role"), ALLOWED)
def test_who_may_settle_a_change_does(band: Band, kind: Declared, person: str, role: Role) -> None:
    assert verdict(said(kind, person, role), following(severity=band)) is None


REFUSED = (
    (Band.MEDIUM, PROVEN, "stranger", Role.ENGINEER, {}, Refusal.UNKNOWN_PERSON),
    (Band.MEDIUM, PROVEN, "gone", Role.INCIDENT_LEAD, {}, Refusal.SUSPENDED),
    (Band.MEDIUM, PROVEN, "p-finance", Role.ENGINEER, {}, Refusal.ROLE_NOT_HELD),
    (Band.MEDIUM, PROVEN, "p-finance", Role.FINANCE, {}, Refusal.WRONG_ROLE),
    (Band.MEDIUM, DROPPED, "owen", Role.OPERATIONS, {}, Refusal.WRONG_ROLE),
    (Band.MEDIUM, DROPPED, "p-engineer", Role.ENGINEER, {}, Refusal.WRONG_ROLE),
    (Band.HIGH, PROVEN, "owen", Role.OPERATIONS, {}, Refusal.OWN_CHANGE),
    (Band.CRITICAL, PROVEN, "owen", Role.OPERATIONS, {}, Refusal.OWN_CHANGE),
    (Band.LOW, PROVEN, "p-security", Role.SECURITY, {"about": {"change": "change-9"}}, Refusal.ABOUT),
    (Band.LOW, PROVEN, "p-security", Role.SECURITY, {"about": {}}, Refusal.ABOUT),
    (
        Band.LOW,
        PROVEN,
        "p-security",
        Role.SECURITY,
        {"about": {"change": "change-1", "due": "never"}},
        Refusal.ABOUT,
    ),
    (Band.LOW, PROVEN, "p-security", Role.SECURITY, {"policy": "f" * 64}, Refusal.BINDING),
    (
        Band.LOW,
        PROVEN,
        "p-security",
        Role.SECURITY,
        {"incident": "INC-20260302-bbbbbb"},
        Refusal.WRONG_INCIDENT,
    ),
    (Band.LOW, Declared.FACTS, "p-security", Role.SECURITY, {}, Refusal.NOT_DECLARABLE),
)


@pytest.mark.parametrize(("band", "kind", "person", "role", "fields", "refusal"), REFUSED)
def test_who_may_not_settle_a_change_is_refused_with_the_reason(
    band: Band, kind: Declared, person: str, role: Role, fields: dict[str, Any], refusal: Refusal
) -> None:
    assert verdict(said(kind, person, role, **fields), following(severity=band)) is refusal


def test_nobody_who_owns_a_grave_change_gets_round_the_rule_in_another_role() -> None:
    course = following(change(owner="both"), severity=Band.HIGH)
    assert verdict(said(DROPPED, "both", Role.INCIDENT_LEAD), course) is Refusal.OWN_CHANGE
    assert verdict(said(PROVEN, "both", Role.RESPONDER), course) is Refusal.OWN_CHANGE


def test_a_change_is_settled_once_and_a_statement_counts_once() -> None:
    proof = said(PROVEN, "owen", Role.OPERATIONS)
    now = settled(change(), proof)
    assert (now.state, now.proof, now.proven_by) == (ChangeState.DONE, proof.reason, "owen")
    course = with_change(following(), now)
    assert verdict(proof, course) is Refusal.ALREADY_SO
    again = course.model_copy(update={"nonces": (proof.nonce,)})
    assert verdict(proof, again) is Refusal.REPLAYED
    dropped = settled(change(), said(DROPPED, "p-incident_lead", Role.INCIDENT_LEAD))
    assert (dropped.state, dropped.proof) == (ChangeState.DROPPED, None)
    assert change_of(with_change(course, dropped), "change-1") == dropped


def test_the_owner_alone_is_reminded_and_the_lead_hears_only_if_they_cannot_be_reached() -> None:
    (notice,) = notices_of(following(), AccessKind.CHANGE_REMINDED, change())
    (line,) = recipients_of(PEOPLE, notice, CLOSED).asked
    assert line.first == ("owen",)
    assert set(line.then) == {"p-incident_lead", "both"}


def test_a_change_that_is_overdue_is_told_to_owner_and_lead_and_later_to_executives() -> None:
    told = notices_of(following(), AccessKind.CHANGE_OVERDUE, change())
    assert [first_of(one) for one in told] == [("owen",), ("p-incident_lead",)]
    (later,) = notices_of(following(), AccessKind.CHANGE_ESCALATED, change())
    assert first_of(later) == ("p-executive",)
    own = notices_of(following(), AccessKind.CHANGE_OVERDUE, change(owner="p-incident_lead"))
    assert len(own) == 1


def test_it_is_told_when_it_happened_again_and_not_that_it_did_not() -> None:
    measured = AccessKind.RECURRENCE_MEASURED
    assert notices_of(following(), measured, None, again=0, days=30) == ()
    told = notices_of(following(), measured, None, again=2, days=30)
    assert [one.subject for one in told] == ["2 within 30 days"] * 2
    assert [first_of(one) for one in told] == [("p-incident_lead",), ("p-business_owner",)]


def first_of(notice: Notice) -> tuple[str, ...]:
    (line,) = recipients_of(PEOPLE, notice, CLOSED).asked
    return line.first
