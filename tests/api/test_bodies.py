"""Bodies are bounded and checked before anything is made of them."""

from __future__ import annotations

import pytest

from andon.api.bodies import check_depth, parse_body, read_json
from andon.api.problems import ProblemError
from andon.domain.values import Frozen, Instant

DEPTH = 12


class Note(Frozen):
    at: Instant
    count: int = 0
    text: str = ""


def refusal(body: bytes) -> ProblemError:
    with pytest.raises(ProblemError) as caught:
        parse_body(Note, body, DEPTH)
    return caught.value


@pytest.mark.parametrize(
    ("body", "says"),
    [
        (b"", "not JSON"),
        (b"[]", "one JSON object"),
        (b"{", "not JSON"),
        (b'{"at": NaN}', "NaN is not JSON"),
        (b'{"at": "2026-01-01T00:00:00Z", "at": "2027-01-01T00:00:00Z"}', "more than once: at"),
        (b'{"text": "\\ud800"}', "not valid Unicode"),
        (b'{"text": "\xff"}', "not valid Unicode"),
        (b'{"at": "2026-03-29T02:30:00"}', "has no zone"),
        (b'{"at": 1767225600}', "at: "),
        (b'{"at": "2026-01-01T00:00:00Z", "count": "1"}', "count: "),
        (b'{"at": "2026-01-01T00:00:00Z", "count": true}', "count: "),
        (
            b'{"at": "2026-01-01T00:00:00Z", "colour": 1}',
            "colour: unknown field; the fields are: at, co",
        ),
    ],
)
def test_a_body_that_cannot_be_used_is_refused_by_name(body: bytes, says: str) -> None:
    problem = refusal(body)
    assert problem.status == 400
    assert says in problem.detail


def test_brackets_inside_of_strings_do_not_count_as_depth() -> None:
    text = "[" * 500 + '\\"{{{'
    assert parse_body(
        Note, b'{"at": "2026-01-01T00:00:00Z", "text": "%s"}' % text.encode(), DEPTH
    ).text.startswith("[[[")


@pytest.mark.parametrize("depth", [13, 100, 100_000])
def test_deep_nesting_is_refused_before_it_is_parsed(depth: int) -> None:
    body = b'{"a":' * depth + b"1" + b"}" * depth
    with pytest.raises(ProblemError) as caught:
        read_json(body, DEPTH)
    assert "deeper than 12 levels" in caught.value.detail


def test_an_unfinished_string_does_not_hide_depth_behind_it() -> None:
    with pytest.raises(ProblemError):
        check_depth(b"[" * 13 + b'"unfinished', DEPTH)
