"""Steps of a release as people write them, and what holds at each."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from pydantic import TypeAdapter, ValidationError

from andon.domain.containment import Lever, Order, Verb
from andon.domain.directory import Role
from andon.domain.release import AT_ONCE, ReleaseCourse, Steps, feasible, standing_at
from andon.domain.share import Share

AT = datetime(2026, 11, 21, tzinfo=UTC)
STEPS: TypeAdapter[Steps] = TypeAdapter(Steps)
LADDER = STEPS.validate_python(
    [
        "review_all",
        {"partial": 10, "hold_for": "PT4H"},
        {"segment": {"attribute": "r", "equals": "n"}},
        "full",
    ]
)
TENTH = Share(percent=10)


def lever(verb: Verb, name: str, adapter: str = "flag") -> Lever:
    return Lever(id=name, adapter=adapter, system="desk", verb=verb)


PAUSE = lever(Verb.PAUSE_SYSTEM, "desk.allowed")
TOOL = lever(Verb.DISABLE_TOOL, "desk.tool.refund.allowed")
REVIEW = lever(Verb.ROUTE_TO_REVIEW, "desk.unreviewed.allowed")
KEY = lever(Verb.REVOKE_CREDENTIAL, "desk.revoke_credential", "aws")
RATE = lever(Verb.RATE_LIMIT, "desk.rate_limit")


def order(on: Lever, limit: int = 0) -> Order:
    return Order(
        id="INC-20261121-abc123/order/1",
        incident="INC-20261121-abc123",
        lever=on,
        limit=limit,
        authority="playbook:p",
        assignee=Role.OPERATIONS,
        reason="r",
        ordered_at=AT,
        expires_at=AT,
    )


def holds(steps: Steps, number: int, *on: Lever, levers: tuple[Lever, ...] = ()) -> dict[str, Share | None]:
    held = [order(one) for one in on]
    found = standing_at(steps, number, held, levers or on, "desk")
    return {one.lever.id: one.share for one in found}


def test_what_people_write_is_read_and_kept_in_one_form() -> None:
    assert [one.code for one in LADDER] == ["review_all", "partial:10%", "partial:r=n", "full"]
    assert LADDER[1].hold_for == timedelta(hours=4)
    assert STEPS.validate_json(STEPS.dump_json(LADDER)) == LADDER


@pytest.mark.parametrize(
    "wrong",
    [["half"], [{"partial": 0}], [{"partial": 10, "hold": "PT1H"}], [{}], [{"segment": {"attribute": "r"}}]],
)
def test_what_is_no_step_is_refused(wrong: Any) -> None:
    with pytest.raises(ValidationError):
        STEPS.validate_python(wrong)


@pytest.mark.parametrize("steps", [LADDER[:1], (*LADDER, LADDER[0]), (*AT_ONCE, *AT_ONCE), ()])
def test_full_is_the_last_step_and_the_last_one_only(steps: Steps) -> None:
    with pytest.raises(ValidationError, match="full"):
        ReleaseCourse(steps=steps)


def test_review_alone_holds_first_then_it_is_opened_to_a_share_and_nothing_holds_last() -> None:
    levers = (PAUSE, TOOL, REVIEW)
    assert holds(LADDER, 1, PAUSE, TOOL, levers=levers) == {REVIEW.id: None}
    assert holds(LADDER, 2, PAUSE, TOOL, levers=levers) == {REVIEW.id: TENTH}
    assert holds(LADDER, 3, PAUSE, TOOL, levers=levers)[REVIEW.id] == LADDER[2].share
    assert holds(LADDER, 4, PAUSE, TOOL, levers=levers) == {}


def test_a_partial_step_opens_each_flag_that_held_and_no_other() -> None:
    assert holds(LADDER[1:], 1, TOOL, levers=(PAUSE, TOOL, REVIEW)) == {TOOL.id: TENTH}


def test_what_can_t_be_opened_by_halves_goes_behind_a_shared_pause() -> None:
    assert holds(LADDER[1:], 1, TOOL, KEY) == {TOOL.id: TENTH, PAUSE.id: TENTH}
    assert holds(LADDER[1:], 1, KEY) == {PAUSE.id: TENTH}
    assert holds(LADDER[1:], 1, PAUSE, KEY) == {PAUSE.id: TENTH}


def test_a_limit_stays_what_it_was_for_those_outside_the_share() -> None:
    (found,) = standing_at(LADDER[1:], 1, [order(RATE, limit=7)], (RATE,), "desk")
    assert (found.limit, found.share) == (7, TENTH)
    assert found.is_(order(RATE, limit=7).model_copy(update={"share": TENTH}))
    assert not found.is_(order(RATE, limit=7))


def test_a_system_without_review_leaves_that_step_out() -> None:
    assert [one.code for one in feasible(LADDER, (PAUSE,))] == ["partial:10%", "partial:r=n", "full"]
    assert feasible(LADDER, (PAUSE, REVIEW)) == LADDER
