"""What several looks at an order's effect say together."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from andon.domain import proof
from andon.domain.errors import InvalidInputError
from andon.domain.proof import Finding, Ground, Part
from andon.domain.turned_away import TurnedAway

SECONDS = timedelta(seconds=1)


def part(ground: str, finding: Finding, saw: str = "code") -> Part:
    return Part(ground=ground, finding=finding, saw=saw)


parts = st.lists(st.builds(part, st.sampled_from(["lever", *Ground]), st.sampled_from(Finding)), max_size=4)


@given(parts)
def test_all_named_looks_must_hold_and_none_is_no_proof(found: list[Part]) -> None:
    assert proof.all_hold(found) == (bool(found) and {one.finding for one in found} == {Finding.HELD})
    assert proof.all_hold(found) == (bool(found) and not proof.missing(found))


@pytest.mark.parametrize(
    ("used", "in_flight", "requests", "finding", "saw"),
    [
        (0, 0, 3, Finding.HELD, "absent"),
        (0, 0, 2, Finding.UNPROVEN, "no_traffic"),
        (0, 0, 0, Finding.UNPROVEN, "no_traffic"),
        (1, 0, 0, Finding.NOT_HELD, "seen"),
        (1, 0, 50, Finding.NOT_HELD, "seen"),
        (0, 4, 3, Finding.HELD, "absent"),
        (0, 4, 0, Finding.UNPROVEN, "no_traffic"),
    ],
)
def test_absence_of_spans_is_proof_only_with_traffic(
    used: int, in_flight: int, requests: int, finding: Finding, saw: str
) -> None:
    found = proof.of_spans(used=used, in_flight=in_flight, requests=requests)
    assert (found.finding, found.saw, found.in_flight) == (finding, saw, in_flight)


@pytest.mark.parametrize(
    ("found", "said"),
    [
        ([], "unproven: no_answer"),
        ([part("lever", Finding.NOT_HELD, "free")], "unproven: free"),
        (
            [part("consumer", Finding.HELD), part("spans", Finding.NOT_HELD)],
            "partial: consumer held, spans not",
        ),
        (
            [part("consumer", Finding.HELD), part("spans", Finding.UNPROVEN, "no_traffic")],
            "unproven: no_traffic",
        ),
        (
            [
                part("lever", Finding.HELD),
                part("request", Finding.UNPROVEN, "away"),
                part("spans", Finding.NOT_HELD),
            ],
            "partial: lever held, spans not",
        ),
    ],
)
def test_what_is_open_is_named(found: list[Part], said: str) -> None:
    assert proof.summary(found) == said


def test_caches_and_the_way_of_spans_are_waited_out_and_the_wait_is_bounded() -> None:
    assert proof.settles_in({}, ()) == timedelta(0)
    assert proof.settles_in({"cache_seconds": "60"}, ()) == 60 * SECONDS
    assert proof.settles_in({"cache_seconds": "60"}, (Ground.SPANS,)) == 66 * SECONDS
    assert proof.settles_in({"spans_seconds": "0"}, (Ground.SPANS,)) == timedelta(0)
    assert proof.proof_within(20 * SECONDS, {}, ()) == 20 * SECONDS
    assert proof.proof_within(20 * SECONDS, {"cache_seconds": "60"}, ()) == 80 * SECONDS
    assert proof.proof_within(60 * SECONDS, {"cache_seconds": "270"}, ()) == proof.LONGEST_WAIT


@given(st.text(max_size=12))
def test_a_cache_time_that_can_not_be_read_is_taken_for_the_longest(text: str) -> None:
    settling = proof.settles_in({"cache_seconds": text}, ())
    assert timedelta(0) <= settling <= proof.MOST_CACHED
    if not (text.isascii() and text.isdigit()):
        assert settling == proof.MOST_CACHED


@pytest.mark.parametrize(
    ("options", "proofs", "named"),
    [
        ({"cache_seconds": "271"}, (), "cache_seconds"),
        ({"cache_seconds": "-1"}, (), "cache_seconds"),
        ({"cache_seconds": "\uff11"}, (), "cache_seconds"),
        ({"looks": "0"}, (), "looks"),
        ({"spans_seconds": "1.5"}, (), "spans_seconds"),
        ({}, (Ground.CONSUMER,), "flag"),
        ({"request_url": "https://a.example"}, (Ground.REQUEST,), "request_stopped, request_secret"),
        (
            {"request_url": "https://a.example", "request_secret": "s", "request_stopped": "no"},
            (Ground.REQUEST,),
            "request_stopped",
        ),
        ({}, (Ground.SPANS,), "request_span, span"),
    ],
)
def test_options_that_can_not_be_used_are_named(
    options: dict[str, str], proofs: tuple[Ground, ...], named: str
) -> None:
    with pytest.raises(InvalidInputError, match=named):
        proof.check_options("desk.x", options, "http", "", proofs)


def test_a_tool_needs_no_name_for_its_spans_and_a_flag_none_for_its_consumer() -> None:
    proof.check_options(
        "desk.tool", {"request_span": "answer"}, "flag", "pay", (Ground.SPANS, Ground.CONSUMER)
    )
    assert proof.span_of({}, "pay") == "execute_tool pay"


@pytest.mark.parametrize(
    ("text", "status", "found", "said"),
    [
        ("403,503", 503, "", True),
        ("403, 503", 200, "", False),
        ("403", 401, "", None),
        ("action=denied", 200, "denied", True),
        ("action=denied", 200, "answered", False),
        ("action=denied", 500, "denied", None),
    ],
)
def test_only_what_was_named_beforehand_counts_as_turned_away(
    text: str, status: int, found: str, said: bool | None
) -> None:
    assert TurnedAway.read(text).says(status, found) is said


@pytest.mark.parametrize(
    ("adapter", "saw", "found", "again"),
    [
        ("flag", "true/STATIC", [], False),
        ("http", "free", [], True),
        ("http", "away", [], False),
        ("http", "waiting_for_caches", [], False),
        ("http", "x", [part("lever", Finding.HELD), part("spans", Finding.UNPROVEN)], False),
        ("flag", "x", [part("consumer", Finding.HELD), part("spans", Finding.NOT_HELD)], True),
    ],
)
def test_a_lever_is_set_anew_only_where_it_was_seen_free(
    adapter: str, saw: str, found: list[Part], again: bool
) -> None:
    assert proof.worth_putting_again(adapter, saw, found) is again
