"""Our provider fails safe in every way a door can fail."""

from __future__ import annotations

import asyncio
import itertools
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

import pytest
from openfeature import api
from openfeature.client import OpenFeatureClient
from openfeature.evaluation_context import EvaluationContext
from openfeature.exception import ErrorCode
from openfeature.flag_evaluation import Reason

from andon.client import AndonProvider
from andon.client.memory import Memory
from tests.client.doubles import Double, Way, door

KEY = "refund_desk.allowed"
NOWHERE = "http://127.0.0.1:9"
TIMEOUT = 0.3
LASTS = {"on_unreachable": "last_known", "last_known_seconds": 30}
HELD = {"incident": "INC-20260101-aaaaaa", "reason": "privacy_event", "contact": "ana", "title": "Paused."}
FAILING = [way for way in Way if way not in (Way.WELL, Way.UNAUTHORIZED, Way.MISSING)]
SAYING_NO = [Way.UNAUTHORIZED, Way.MISSING]

_domains = itertools.count()


class Clock:
    def __init__(self) -> None:
        self.at = 1000.0

    def __call__(self) -> float:
        return self.at


@contextmanager
def client(*urls: str, clock: Clock | None = None, **options: object) -> Iterator[OpenFeatureClient]:
    memory = Memory(clock) if clock else None
    provider = AndonProvider(urls, token="t", timeout=TIMEOUT, memory=memory, **options)  # type: ignore[arg-type]
    domain = f"client-{next(_domains)}"
    api.set_provider(provider, domain)
    yield api.get_client(domain)
    provider.shutdown()


@pytest.fixture
def one() -> Iterator[Double]:
    with door(Double()) as double:
        yield double


def test_what_the_door_says_is_passed_on(one: Double) -> None:
    with client(one.url) as flags:
        assert flags.get_boolean_value(KEY, False) is True
        one.value, one.variant, one.metadata = False, "held", HELD
        details = flags.get_boolean_details(KEY, True)
        assert (details.value, details.reason, details.variant) == (False, Reason.STATIC, "held")
        assert details.flag_metadata == HELD
        one.value = 60
        assert flags.get_integer_value("refund_desk.rate_limit", 600) == 60
        assert flags.get_float_value("refund_desk.rate_limit", 600.0) == 60.0


@pytest.mark.parametrize("way", [*FAILING, *SAYING_NO])
def test_however_a_door_fails_it_is_denied_whatever_the_code_says(one: Double, way: Way) -> None:
    one.way = way
    with client(one.url) as flags:
        began = time.monotonic()
        details = flags.get_boolean_details(KEY, True)
        assert time.monotonic() - began < 2 * TIMEOUT + 0.5
        assert (details.value, details.variant, details.error_code) == (False, "unreachable", None)
        assert flags.get_integer_value("refund_desk.rate_limit", 600) == 0
        assert flags.get_float_value("refund_desk.rate_limit", 600.0) == 0.0


def test_without_any_door_it_is_denied_at_once() -> None:
    with client(NOWHERE) as flags:
        began = time.monotonic()
        details = flags.get_boolean_details(KEY, True)
        assert time.monotonic() - began < TIMEOUT
        assert (details.value, details.flag_metadata) == (False, {"unreachable": "no_connection"})


@pytest.mark.parametrize("way", FAILING)
def test_the_last_answer_counts_as_long_as_the_systems_file_says_and_no_longer(one: Double, way: Way) -> None:
    clock = Clock()
    with client(one.url, clock=clock) as flags:
        one.metadata = dict(LASTS)
        assert flags.get_boolean_value(KEY, False) is True
        one.way = way
        clock.at += 30
        details = flags.get_boolean_details(KEY, False)
        assert (details.value, details.reason, details.variant) == (True, Reason.STALE, "last_known")
        clock.at += 0.1
        assert flags.get_boolean_value(KEY, True) is False


@pytest.mark.parametrize("way", SAYING_NO)
def test_a_door_that_says_no_leaves_no_last_answer_to_go_by(one: Double, way: Way) -> None:
    with client(one.url) as flags:
        one.metadata = dict(LASTS)
        assert flags.get_boolean_value(KEY, False) is True
        one.way = way
        assert flags.get_boolean_value(KEY, True) is False
        one.way = Way.BROKEN
        assert flags.get_boolean_value(KEY, True) is False


def test_nobody_goes_by_the_last_answer_unless_the_file_says_so(one: Double) -> None:
    for metadata in ({}, {"on_unreachable": "deny"}, {"on_unreachable": "allow", "last_known_seconds": 9}):
        one.way, one.metadata = Way.WELL, metadata
        with client(one.url) as flags:
            assert flags.get_boolean_value(KEY, False) is True
            one.way = Way.BROKEN
            assert flags.get_boolean_value(KEY, True) is False


def test_an_application_may_be_stricter_than_the_file_and_never_laxer(one: Double) -> None:
    one.metadata = dict(LASTS)
    with client(one.url, on_unreachable="deny") as flags:
        assert flags.get_boolean_value(KEY, False) is True
        one.way = Way.BROKEN
        assert flags.get_boolean_value(KEY, True) is False
    with pytest.raises(ValueError, match="deny"):
        AndonProvider(one.url, token="t", on_unreachable="allow")  # type: ignore[arg-type]


def test_a_denial_goes_on_telling_why_when_no_door_is_reached(one: Double) -> None:
    one.value, one.variant, one.metadata = False, "held", HELD
    with client(one.url) as flags:
        flags.get_boolean_value(KEY, False)
        one.way = Way.BROKEN
        details = flags.get_boolean_details(KEY, True)
        assert (details.value, details.variant) == (False, "unreachable")
        assert details.flag_metadata == {**HELD, "unreachable": "status_500"}


def test_an_answer_counts_for_its_own_context_only(one: Double) -> None:
    one.metadata = dict(LASTS)
    with client(one.url) as flags:
        assert flags.get_boolean_value(KEY, False, EvaluationContext("ana")) is True
        one.way = Way.BROKEN
        assert flags.get_boolean_value(KEY, False, EvaluationContext("ana")) is True
        assert flags.get_boolean_value(KEY, True, EvaluationContext("bo")) is False


@pytest.mark.parametrize("way", FAILING)
def test_when_one_door_fails_the_next_is_asked_at_once_and_stays_the_first(one: Double, way: Way) -> None:
    with ExitStack() as held:
        other = held.enter_context(door(Double(value=True)))
        one.way = way
        flags = held.enter_context(client(one.url, other.url))
        for _ in range(5):
            assert flags.get_boolean_value(KEY, False) is True
        assert one.asked <= 2
        assert other.asked == 5


def test_a_door_that_was_slow_is_asked_when_the_others_are_gone(one: Double) -> None:
    one.way = Way.HANGS
    with client(one.url, NOWHERE) as flags:
        assert flags.get_boolean_value(KEY, True) is False
        one.way = Way.WELL
        assert flags.get_boolean_value(KEY, False) is True


def test_doors_that_hang_cost_one_time_out_each_and_then_one_in_all(one: Double) -> None:
    with ExitStack() as held:
        other = held.enter_context(door(Double(way=Way.HANGS)))
        one.way = Way.HANGS
        flags = held.enter_context(client(one.url, other.url))
        assert flags.get_boolean_value(KEY, True) is False
        began = time.monotonic()
        assert flags.get_boolean_value(KEY, True) is False
        assert time.monotonic() - began < 2 * TIMEOUT
        assert one.asked + other.asked == 3


def test_a_door_that_closed_a_kept_connection_is_asked_again(one: Double) -> None:
    with client(one.url) as flags:
        assert flags.get_boolean_value(KEY, False) is True
        one.way = Way.BREAKS_OFF
        before = one.asked
        flags.get_boolean_value(KEY, False)
        assert one.asked == before + 2


async def test_the_loop_goes_on_while_a_door_hangs(one: Double) -> None:
    one.way = Way.HANGS
    with client(one.url) as flags:
        asked = asyncio.create_task(flags.get_boolean_value_async(KEY, True))
        turns = 0
        while not asked.done():
            await asyncio.sleep(0.01)
            turns += 1
        assert await asked is False
        assert turns > 3


def test_what_can_not_be_sent_is_denied_and_raises_nothing(one: Double) -> None:
    odd = EvaluationContext("x", {"nan": float("nan"), "object": object()})  # type: ignore[dict-item]
    with client(one.url) as flags:
        details = flags.get_boolean_details(KEY, True, odd)
        assert (details.value, details.flag_metadata) == (False, {"unreachable": "not_asked"})


def test_no_flag_is_a_text_or_an_object(one: Double) -> None:
    with client(one.url) as flags:
        assert flags.get_string_details(KEY, "x").error_code is ErrorCode.TYPE_MISMATCH
        assert flags.get_object_details(KEY, {}).error_code is ErrorCode.TYPE_MISMATCH


def test_it_brings_nothing_else_of_andon_and_no_other_vendor() -> None:
    told = subprocess.run(
        [sys.executable, "-c", "import sys, andon.client; print(*sorted(sys.modules), sep='\\n')"],
        check=True,
        capture_output=True,
        text=True,
        timeout=60,
    ).stdout.split()
    ours = {name for name in told if name.split(".")[0] in ("andon", "workflows", "activities", "workers")}
    assert {name for name in ours if not name.startswith("andon.client")} == {"andon"}
    tops = {name.split(".")[0] for name in told}
    assert tops.isdisjoint({"pydantic", "sqlalchemy", "fastapi", "temporalio", "boto3", "requests"})
