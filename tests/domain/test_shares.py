"""A share of requests that a hold lets through: who is in it, and that it stays so."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from andon.domain.containment import Hold, answer_flag
from andon.domain.share import BUCKETS, Share, bucket

AT = datetime(2026, 11, 21, tzinfo=UTC)
PAUSE, TOOL, RATE = "desk.allowed", "desk.tool.refund.allowed", "desk.rate_limit"
TENTH = Share(percent=10)
NORDICS = Share(attribute="region", equals="nordics")
keys = st.text(min_size=1, max_size=40)


def hold(lever: str, share: Share | None, *, number: int = 1, limit: int = 0) -> Hold:
    name = f"INC-{number}"
    return Hold(
        order=f"{name}/order/1",
        incident=name,
        lever=lever,
        limit=limit,
        share=share,
        reason="r",
        contact="c",
        since=AT,
        expires_at=AT,
    )


def asked(key: str, **said: object) -> dict[str, object]:
    return {"targetingKey": key, **said}


def test_a_known_key_falls_where_it_always_fell() -> None:
    # SHA-256 of "desk/session-1", first eight bytes, modulo 10,000; by sha256sum.
    assert bucket("desk", "session-1") == 819


def test_about_a_tenth_of_many_keys_is_in_a_tenth() -> None:
    inside = sum(TENTH.lets_through("desk", asked(f"session-{number}")) for number in range(5_000))
    assert 400 < inside < 600


@given(keys, st.integers(1, 98))
def test_whoever_is_in_a_smaller_share_is_in_every_greater_one(key: str, percent: int) -> None:
    smaller, greater = Share(percent=percent), Share(percent=percent + 1)
    if smaller.lets_through("desk", asked(key)):
        assert greater.lets_through("desk", asked(key))


@pytest.mark.parametrize(
    "context", [None, {}, {"targetingKey": ""}, {"targetingKey": 7}, {"targetingKey": ["session-1"]}]
)
def test_a_request_that_does_not_say_whom_it_is_about_is_on_the_held_side(context: Any) -> None:
    almost_all = hold(TOOL, Share(percent=99))
    assert answer_flag(TOOL, [almost_all], normal=True, context=context).value is False


@pytest.mark.parametrize(
    ("said", "allowed"),
    [({"region": "nordics"}, True), ({"region": "nordic"}, False), ({"region": True}, False), ({}, False)],
)
def test_a_segment_is_let_through_by_what_the_context_says(said: dict[str, object], allowed: bool) -> None:
    answer = answer_flag(TOOL, [hold(TOOL, NORDICS)], normal=True, context=asked("session-1", **said))
    assert (answer.value, answer.reason) == (allowed, "TARGETING_MATCH")


def test_a_shared_pause_lets_the_same_requests_through_to_every_flag_of_its_system() -> None:
    within = next(str(number) for number in range(BUCKETS) if bucket("desk", str(number)) < 1_000)
    outside = next(str(number) for number in range(BUCKETS) if bucket("desk", str(number)) >= 1_000)
    held = [hold(PAUSE, TENTH), hold(RATE, TENTH, limit=5)]
    assert answer_flag(TOOL, held, normal=True, context=asked(within)).value is True
    assert answer_flag(TOOL, held, normal=True, context=asked(outside)).value is False
    assert answer_flag(RATE, held, normal=600, context=asked(within)).value == 600
    assert answer_flag(RATE, held, normal=600, context=asked(outside)).value == 0
    assert answer_flag(TOOL, held, normal=True, context=asked(within)).reason == "SPLIT"


@given(keys)
def test_another_incident_s_whole_hold_denies_whatever_a_share_lets_through(key: str) -> None:
    both = [hold(TOOL, Share(percent=99)), hold(TOOL, None, number=2)]
    answer = answer_flag(TOOL, both, normal=True, context=asked(key))
    assert answer.value is False
    assert "INC-2" in {one.incident for one in answer.holds}


@pytest.mark.parametrize(
    "wrong",
    [{}, {"percent": 0}, {"percent": 100}, {"percent": 10, "attribute": "region", "equals": "x"},
     {"attribute": "region"}, {"attribute": "two words", "equals": "x"}],
)  # fmt: skip
def test_a_share_is_a_percentage_or_a_segment(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        Share(**wrong)
