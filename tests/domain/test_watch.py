"""Signals of a watch: limits are tightened, judged, and what can't be read is never taken for quiet."""

from __future__ import annotations

import math
from typing import Any

import pytest
from pydantic import ValidationError

from andon.domain.system import AISystem, Tier
from andon.domain.watch import Limit, Looked, Saw, WatchFile, WatchSignal, verdict

URL = "https://desk.example/metrics"


def signal(**given: Any) -> WatchSignal:
    return WatchSignal(**{"name": "error_rate", "source": URL, "field": "errors.rate", "max": 0.1, **given})


def looked(name: str, saw: Saw) -> Looked:
    return Looked(name=name, saw=saw)


def test_limits_are_tighter_while_watched_by_the_factor_that_the_file_states() -> None:
    limit = signal(max=10, min=2, tighter=0.5).limit()
    assert (limit.most, limit.least) == (5, 4)


@pytest.mark.parametrize(
    ("value", "saw"),
    [
        (1.0, Saw.CROSSED),
        (2.0, Saw.WITHIN),
        (5.0, Saw.WITHIN),
        (5.01, Saw.CROSSED),
        (None, Saw.UNREADABLE),
        (math.nan, Saw.UNREADABLE),
        (math.inf, Saw.UNREADABLE),
    ],
)
def test_a_number_is_within_its_limits_or_crossed_them_or_is_none(value: float | None, saw: Saw) -> None:
    assert Limit(name="x", most=5, least=2).judge(value) is saw


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"max": None}, "needs max or min"),
        ({"name": "versions"}, "always watched"),
        ({"max": -1, "tighter": 0.5}, "limits of 0 or more"),
        ({"max": 10, "min": 6, "tighter": 0.5}, "nothing lies between"),
        ({"field": ""}, "where the number is"),
        ({"source": "ftp://desk.example/x"}, "a URL is http"),
        ({"max": math.inf}, "finite"),
        ({"tighter": 1.5}, "less than or equal to 1"),
        ({"name": "a,b"}, "match pattern"),
    ],
)
def test_a_signal_that_can_not_be_judged_is_refused(given: dict[str, Any], told: str) -> None:
    with pytest.raises(ValidationError, match=told):
        signal(**given)


def test_two_signals_of_one_name_are_refused() -> None:
    with pytest.raises(ValidationError, match="there twice"):
        WatchFile(signals=(signal(), signal()))


def test_a_signal_from_a_source_that_the_file_lacks_is_refused() -> None:
    watch = WatchFile(signals=(signal(source="complaints"),))
    with pytest.raises(ValidationError, match="neither a source"):
        AISystem(id="desk", name="Desk", tier=Tier.LOW, owner="bela", watch=watch)


def test_one_that_crossed_its_limit_is_a_relapse_that_names_it() -> None:
    limits = (Limit(name="a", most=1), Limit(name="b", most=1))
    assert verdict(limits, [looked("a", Saw.WITHIN), looked("b", Saw.CROSSED)], {}) == "signal_crossed:b"


def test_one_without_a_number_is_a_relapse_only_after_so_many_looks_in_a_row_if_the_file_says_so() -> None:
    strict, lax = Limit(name="a", most=1, unreadable_after=3), Limit(name="b", most=1)
    unread: dict[str, int] = {}
    blind = [looked("a", Saw.UNREADABLE), looked("b", Saw.UNREADABLE)]
    assert [verdict((strict, lax), blind, unread) for _ in range(2)] == [None, None]
    assert verdict((strict, lax), [looked("a", Saw.WITHIN), looked("b", Saw.UNREADABLE)], unread) is None
    assert unread == {"a": 0, "b": 3}
    seen = [verdict((strict, lax), blind, unread) for _ in range(3)]
    assert seen == [None, None, "signal_unreadable:a"]


def test_a_look_that_never_came_back_counts_as_one_without_a_number() -> None:
    unread: dict[str, int] = {}
    assert verdict((Limit(name="a", most=1, unreadable_after=1),), (), unread) == "signal_unreadable:a"


def test_a_signal_that_crossed_is_named_before_one_that_can_not_be_read() -> None:
    limits = (Limit(name="a", most=1, unreadable_after=1), Limit(name="b", most=1))
    assert verdict(limits, [looked("b", Saw.CROSSED)], {}) == "signal_crossed:b"
