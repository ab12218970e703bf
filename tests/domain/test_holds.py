"""A lever is a set of holds: what a flag says when none, one or several stand."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from andon.domain.containment import FLAG_SHAPES, Hold, Verb, answer_flag, flag_key
from andon.domain.errors import InvalidInputError

AT = datetime(2026, 11, 21, tzinfo=UTC)
PAUSE, TOOL, RATE = "desk.allowed", "desk.tool.refund.allowed", "desk.rate_limit"


def hold(lever: str, number: int = 1, limit: int = 0) -> Hold:
    return Hold(
        order=f"INC-{number}/order/1",
        incident=f"INC-{number}",
        lever=lever,
        limit=limit,
        reason="r",
        contact="c",
        since=AT,
        expires_at=AT,
    )


def test_a_permission_is_given_when_nothing_holds_it() -> None:
    assert answer_flag(TOOL, [], normal=True).value is True


def test_one_of_two_incidents_that_lets_go_leaves_the_other_s_hold() -> None:
    both = [hold(TOOL, 1), hold(TOOL, 2)]
    assert answer_flag(TOOL, both, normal=True).value is False
    left = answer_flag(TOOL, both[1:], normal=True)
    assert left.value is False
    assert [one.incident for one in left.holds] == ["INC-2"]


def test_a_pause_denies_everything_of_its_system_and_a_tool_denies_only_itself() -> None:
    assert answer_flag(TOOL, [hold(PAUSE)], normal=True).value is False
    assert answer_flag(RATE, [hold(PAUSE)], normal=600).value == 0
    assert answer_flag(PAUSE, [hold(TOOL)], normal=True).value is True
    assert answer_flag("desk.source.policies.allowed", [hold(TOOL)], normal=True).value is True


@given(st.lists(st.integers(0, 1000), max_size=5), st.integers(0, 1000))
def test_the_strictest_rate_limit_wins_and_a_hold_never_raises_it(limits: list[int], normal: int) -> None:
    holds = [hold(RATE, number, limit) for number, limit in enumerate(limits)]
    assert answer_flag(RATE, holds, normal=normal).value == min([normal, *limits])


def test_each_verb_a_flag_can_do_has_a_key_of_its_own() -> None:
    keys = {flag_key("desk", verb, "x") for verb in FLAG_SHAPES}
    assert len(keys) == len(FLAG_SHAPES)


@pytest.mark.parametrize(
    ("verb", "target", "advice"),
    [(Verb.REVOKE_CREDENTIAL, "x", "flags can do"), (Verb.DISABLE_TOOL, "", "needs a target")],
)
def test_what_a_flag_cannot_do_is_refused_with_what_to_do(verb: Verb, target: str, advice: str) -> None:
    with pytest.raises(InvalidInputError, match=advice):
        flag_key("desk", verb, target)


def test_a_hold_that_has_run_out_still_denies_until_somebody_lets_go() -> None:
    review = "desk.unreviewed.allowed"
    gone_by = hold(review).model_copy(update={"expires_at": datetime(2020, 1, 1, tzinfo=UTC)})
    assert answer_flag(review, [gone_by], normal=True).value is False
