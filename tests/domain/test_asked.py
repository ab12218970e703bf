"""Of whom a question is asked says the same as the question itself, at every moment and of everybody."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from andon.domain.asked import asked
from andon.domain.decision import Accepted, DecisionKind, DecisionRecord, DecisionRequest, Option, Rung
from andon.domain.directory import Role

AT = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)
HOUR = timedelta(hours=1)
REQUEST = DecisionRequest(
    id="restart-1",
    incident="INC-20260302-abc123",
    kind=DecisionKind.RESTART,
    opened_at=AT,
    deadline=AT + HOUR,
    expires_at=AT + 5 * HOUR,
    eligible=(Role.BUSINESS_OWNER,),
    ladder=(
        Rung(after=HOUR, role=Role.EXECUTIVE),
        Rung(after=2 * HOUR, role=Role.ADMIN),
        Rung(after=3 * HOUR, role=Role.EXECUTIVE),
    ),
    options=(Option(id="restart", needs=((Role.LEGAL, Role.SECURITY), ())), Option(id="stay")),
    excluded=("fay.fixer",),
    policy="b" * 64,
)
BY_OLA = Accepted(
    person="ola.owner",
    role=Role.BUSINESS_OWNER,
    option="restart",
    received_at=AT,
    late=False,
    nonce="n",
    statement="c" * 64,
)
MOMENTS = [AT + timedelta(minutes=30 * half) for half in range(14)]


@pytest.mark.parametrize("request_", [REQUEST, REQUEST.model_copy(update={"deadline": None})])
def test_the_roles_are_those_of_the_question_at_every_moment(request_: DecisionRequest) -> None:
    found = asked(DecisionRecord(request=request_))
    assert found is not None
    for at in MOMENTS:
        assert {role for role in Role if found.asks(role, at)} == request_.roles_at(at)


def test_it_waits_for_nobody_who_is_excluded_or_has_answered() -> None:
    found = asked(DecisionRecord(request=REQUEST, accepted=(BY_OLA,)))
    assert found is not None
    assert found.waits_for("olga.owner", Role.BUSINESS_OWNER, AT)
    assert not found.waits_for("ola.owner", Role.BUSINESS_OWNER, AT)
    assert not found.waits_for("fay.fixer", Role.BUSINESS_OWNER, AT)


def test_it_waits_for_nobody_once_it_has_expired() -> None:
    found = asked(DecisionRecord(request=REQUEST))
    assert found is not None
    assert found.waits_for("olga.owner", Role.BUSINESS_OWNER, AT + 5 * HOUR)
    assert not found.waits_for("olga.owner", Role.BUSINESS_OWNER, AT + 5 * HOUR + timedelta(seconds=1))


@pytest.mark.parametrize("closed", [{"outcome": "restart"}, {"superseded": True}])
def test_a_question_that_takes_no_answers_is_asked_of_nobody(closed: dict[str, object]) -> None:
    assert asked(DecisionRecord(request=REQUEST).model_copy(update=closed)) is None
