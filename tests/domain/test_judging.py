"""The one rule that judges an answer, and the one that settles a question."""

from __future__ import annotations

import itertools
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from andon.domain.decision import Accepted, DecisionKind, DecisionRequest, Option, Rung, settle
from andon.domain.directory import Role, Standing
from andon.domain.response import Refusal, Statement, judge

AT = datetime(2026, 11, 21, 9, 0, tzinfo=UTC)
DIGEST = "a" * 64
OWNER, LEGAL, SECURITY = (Role.BUSINESS_OWNER,), (Role.LEGAL,), (Role.SECURITY,)

REQUEST = DecisionRequest(
    id="restart-1",
    incident="INC-20261121-abc123",
    kind=DecisionKind.RESTART,
    opened_at=AT,
    deadline=AT + timedelta(hours=1),
    expires_at=AT + timedelta(hours=3),
    eligible=(Role.BUSINESS_OWNER,),
    ladder=(Rung(after=timedelta(minutes=10), role=Role.EXECUTIVE),),
    options=(
        Option(id="restart", needs=(OWNER, LEGAL, SECURITY)),
        Option(id="keep_stopped", blocks=True),
        Option(id="wait", needs=((), ())),
    ),
    excluded=("fixer",),
    findings={"scope": ("all", "part")},
    policy=DIGEST,
)


def statement(**changes: Any) -> Statement:
    fields = {
        "incident": REQUEST.incident,
        "decision": REQUEST.id,
        "request": REQUEST.digest(),
        "option": "restart",
        "reason": DIGEST,
        "reason_text": "t",
        "binding": REQUEST.binding,
        "policy": DIGEST,
        "shown": DIGEST,
        "person": "bela",
        "role": Role.BUSINESS_OWNER,
        "standing": standing(),
        "nonce": "n" * 16,
        "received_at": AT + timedelta(minutes=1),
    }
    return Statement(**{**fields, **changes})


def standing(person: str = "bela", *roles: Role, known: bool = True, suspended: bool = False) -> Standing:
    held = roles or (Role.BUSINESS_OWNER,)
    return Standing(person=person, known=known, suspended=suspended, roles=held, directory_digest=DIGEST)


def accepted(person: str, role: Role, option: str = "restart") -> Accepted:
    return Accepted(
        person=person,
        role=role,
        option=option,
        received_at=AT,
        late=False,
        nonce=person * 4,
        statement=DIGEST,
    )


@pytest.mark.parametrize(("seconds", "refusal"), [(0, None), (1, None), (-1, Refusal.PREPARED_TOO_LONG_AGO)])
def test_what_was_prepared_counts_until_its_end(seconds: int, refusal: Refusal | None) -> None:
    received = AT + timedelta(minutes=1)
    said = statement(received_at=received, good_until=received + timedelta(seconds=seconds))
    assert judge(said, REQUEST, standing()).refusal is refusal


def test_an_answer_that_fits_is_accepted() -> None:
    assert judge(statement(), REQUEST, standing()).accepted


@pytest.mark.parametrize(
    ("refusal", "changes", "said", "more"),
    [
        (Refusal.WRONG_INCIDENT, {"incident": "INC-20261121-zzzzzz"}, standing(), {}),
        (Refusal.SUPERSEDED, {"request": "b" * 64}, standing(), {}),
        (Refusal.SUPERSEDED, {}, standing(), {"superseded": True}),
        (Refusal.BINDING, {"policy": "b" * 64}, standing(), {}),
        (
            Refusal.BINDING,
            {"binding": REQUEST.binding.model_copy(update={"evidence_root": DIGEST})},
            standing(),
            {},
        ),
        (Refusal.UNKNOWN_PERSON, {}, standing(known=False), {}),
        (Refusal.UNKNOWN_PERSON, {}, standing("somebody-else"), {}),
        (Refusal.SUSPENDED, {}, standing(suspended=True), {}),
        (Refusal.ROLE_NOT_HELD, {}, standing("bela", Role.ENGINEER), {}),
        (Refusal.EXCLUDED, {"person": "fixer"}, standing("fixer"), {}),
        (Refusal.WRONG_ROLE, {"role": Role.AUDITOR}, standing("bela", Role.AUDITOR), {}),
        (Refusal.UNKNOWN_OPTION, {"option": "now"}, standing(), {}),
        (Refusal.UNKNOWN_FINDING, {"findings": {"scope": "none"}}, standing(), {}),
        (Refusal.UNKNOWN_FINDING, {"findings": {"mood": "good"}}, standing(), {}),
        (Refusal.EXPIRED, {"received_at": AT + timedelta(hours=3, seconds=1)}, standing(), {}),
        (Refusal.BEFORE_THE_QUESTION, {"received_at": AT - timedelta(seconds=1)}, standing(), {}),
        (Refusal.TWICE, {}, standing(), {"accepted": [accepted("bela", Role.LEGAL)]}),
        (Refusal.ALREADY_DECIDED, {}, standing(), {"decided": True}),
    ],
)
def test_an_answer_that_does_not_fit_is_refused(
    refusal: Refusal, changes: dict[str, Any], said: Standing, more: dict[str, Any]
) -> None:
    assert judge(statement(**changes), REQUEST, said, **more).refusal is refusal


WANTING = REQUEST.model_copy(
    update={
        "findings": {"failed_control": ("backup", "none_existed"), "sources_checked": ("yes", "no")},
        "options": tuple(
            one.model_copy(update={"wants": {"failed_control": (), "sources_checked": ("yes",)}})
            for one in REQUEST.options
        ),
    }
)


@pytest.mark.parametrize(
    ("findings", "refused"),
    [
        ({}, Refusal.FINDING_MISSING),
        ({"failed_control": "backup"}, Refusal.FINDING_MISSING),
        ({"failed_control": "backup", "sources_checked": "no"}, Refusal.FINDING_MISSING),
        ({"failed_control": "luck", "sources_checked": "yes"}, Refusal.UNKNOWN_FINDING),
        ({"failed_control": "none_existed", "sources_checked": "yes"}, None),
    ],
)
def test_an_option_takes_the_findings_it_wants(findings: dict[str, str], refused: Refusal | None) -> None:
    said = statement(request=WANTING.digest(), findings=findings)
    assert judge(said, WANTING, standing()).refusal is refused


def test_there_is_no_answering_a_question_that_was_never_put() -> None:
    assert judge(statement(), None, standing()).refusal is Refusal.UNKNOWN_DECISION


def test_in_time_is_judged_by_when_the_answer_was_received() -> None:
    at_the_deadline = judge(statement(received_at=AT + timedelta(hours=1)), REQUEST, standing())
    after_it = judge(statement(received_at=AT + timedelta(hours=1, microseconds=1)), REQUEST, standing())
    assert (at_the_deadline.late, after_it.late) == (False, True)
    assert after_it.accepted


def test_a_rung_may_answer_once_it_is_reached_and_not_before() -> None:
    executive = standing("eva", Role.EXECUTIVE)
    reached = AT + timedelta(hours=1, minutes=10)
    early = statement(person="eva", role=Role.EXECUTIVE, received_at=reached - timedelta(seconds=1))
    late = statement(person="eva", role=Role.EXECUTIVE, received_at=reached)
    assert judge(early, REQUEST, executive).refusal is Refusal.WRONG_ROLE
    assert judge(late, REQUEST, executive).accepted


def test_each_slot_takes_a_person_of_its_own() -> None:
    owner, legal, security = (
        accepted("bela", Role.BUSINESS_OWNER),
        accepted("lena", Role.LEGAL),
        accepted("sana", Role.SECURITY),
    )
    assert settle(REQUEST, [owner, legal]) is None
    assert settle(REQUEST, [owner, legal, accepted("lou", Role.LEGAL)]) is None
    assert settle(REQUEST, [owner, legal, security]) == "restart"


def test_one_person_counts_once_whatever_their_keys() -> None:
    assert (
        settle(REQUEST, [accepted("bela", Role.LEGAL, "wait"), accepted("bela", Role.SECURITY, "wait")])
        is None
    )


def test_any_refusal_blocks_whenever_it_comes() -> None:
    yes = [accepted("bela", Role.BUSINESS_OWNER), accepted("lena", Role.LEGAL)]
    no = accepted("sana", Role.SECURITY, "keep_stopped")
    assert {settle(REQUEST, list(order)) for order in itertools.permutations([*yes, no])} == {"keep_stopped"}


ANSWERS = st.lists(
    st.builds(
        accepted,
        st.sampled_from(["a", "b", "c", "d"]),
        st.sampled_from([Role.BUSINESS_OWNER, Role.LEGAL, Role.SECURITY]),
        st.sampled_from(["restart", "keep_stopped"]),
    ),
    max_size=6,
    unique_by=lambda one: one.person,
)


@given(ANSWERS)
def test_the_order_of_answers_never_changes_what_a_restart_settles_on(answers: list[Accepted]) -> None:
    assert settle(REQUEST, answers) == settle(REQUEST, answers[::-1])


@given(ANSWERS)
def test_a_restart_never_settles_without_owner_legal_and_security(answers: list[Accepted]) -> None:
    if settle(REQUEST, answers) == "restart":
        assert {one.role for one in answers} == {Role.BUSINESS_OWNER, Role.LEGAL, Role.SECURITY}
        assert all(one.option == "restart" for one in answers)
