"""One output as one tree: callers first, clocks that disagree, what was not seen named in its place."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from andon.domain.errors import InvalidInputError
from andon.domain.trace import Span, of_stored
from andon.domain.trace_links import NO_ANSWER, NOT_SEEN, Link
from andon.domain.trace_steps import What
from andon.domain.trace_tree import DEPTH_AT_MOST, TraceTree, trace_tree

TRACE = "1" * 32
NOW = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)
SAID = '[{"role":"assistant","parts":[{"type":"tool_call","id":"call-1","name":"pay"}]}]'


def span(
    number: int, parent: int | None = None, *, at: float = 0, service: str = "desk", **attributes: Any
) -> Span:
    return Span(
        trace_id=TRACE,
        span_id=f"{number:016x}",
        parent=None if parent is None else f"{parent:016x}",
        service=service,
        name=f"step {number}",
        start=NOW + timedelta(seconds=at),
        end=NOW + timedelta(seconds=at + 1),
        attributes={name.replace("__", "."): value for name, value in attributes.items()},
    )


AGENT = span(
    1,
    gen_ai__operation__name="invoke_agent",
    gen_ai__conversation__id="T-1",
    user__roles=["customer"],
    gen_ai__agent__version="1.1",
    gen_ai__prompt__version="3",
)
SEARCH = span(
    2,
    1,
    at=1,
    gen_ai__operation__name="retrieval",
    gen_ai__retrieval__documents=json.dumps(
        [{"id": "window", "score": 0.9, "content": "30 days"}, {"id": "fees", "score": 0.4}]
    ),
)
ANSWER = span(
    3,
    1,
    at=2,
    gen_ai__operation__name="chat",
    gen_ai__response__model="desk-1",
    gen_ai__input__messages="who am I",
    gen_ai__output__messages=SAID,
    gen_ai__response__id="resp-1",
)
TOOL = span(
    4,
    1,
    at=3,
    gen_ai__operation__name="execute_tool",
    gen_ai__tool__name="pay",
    gen_ai__tool__call__id="call-1",
    gen_ai__tool__call__arguments='{"cents": 61733}',
    gen_ai__tool__call__result="paid",
    otel__events=[
        {"name": "feature_flag.evaluation", "attributes": {"feature_flag.key": "pay"}},
        {
            "name": "andon.approval",
            "at": (NOW + timedelta(seconds=3)).isoformat(),
            "attributes": {"andon.approval.decision": "approved", "andon.approval.by": "bela"},
        },
    ],
)
ACTION = span(5, 4, at=3.5, andon__action__name="refund.paid", andon__action__target="ACC-1")
WHOLE = [AGENT, SEARCH, ANSWER, TOOL, ACTION]


def missing(tree: TraceTree) -> list[tuple[str, str]]:
    return [(one.link.value, one.step.lstrip("0")) for one in tree.missing]


def test_a_whole_trace_lacks_nothing_and_shows_each_link() -> None:
    tree = trace_tree(TRACE, WHOLE[::-1])
    assert tree.missing == ()
    assert all(link.steps for link in tree.links)
    assert [(step.depth, step.what) for step in tree.steps] == [
        (0, What.REQUEST),
        (1, What.RETRIEVAL),
        (1, What.MODEL),
        (1, What.TOOL),
        (2, What.PERMISSION),
        (2, What.APPROVAL),
        (2, What.ACTION),
    ]


@pytest.mark.parametrize(
    ("left_out", "expected"),
    [
        (SEARCH, [("retrieval", "3")]),
        (TOOL, [("caller", "5"), ("tool_call", "3")]),
        (ACTION, [("action", "4")]),
        (ANSWER, [("output", "")]),
        (AGENT, [("request", ""), ("user_role", ""), ("system_version", "")]),
    ],
)
def test_what_was_not_seen_is_named_where_it_should_be(
    left_out: Span, expected: list[tuple[str, str]]
) -> None:
    found = missing(trace_tree(TRACE, [one for one in WHOLE if one is not left_out]))
    assert found[: len(expected)] == expected


@pytest.mark.parametrize(
    ("step", "attribute", "link"),
    [
        (AGENT, "gen_ai.conversation.id", Link.REQUEST),
        (AGENT, "user.roles", Link.USER_ROLE),
        (AGENT, "gen_ai.agent.version", Link.SYSTEM_VERSION),
        (AGENT, "gen_ai.prompt.version", Link.PROMPT_VERSION),
        (ANSWER, "gen_ai.input.messages", Link.PROMPT),
        (ANSWER, "gen_ai.response.model", Link.MODEL),
        (TOOL, "gen_ai.tool.call.arguments", Link.TOOL_CALL),
        (TOOL, "gen_ai.tool.call.result", Link.TOOL_RESULT),
    ],
)
def test_one_attribute_left_out_is_one_link_named(step: Span, attribute: str, link: Link) -> None:
    kept = {name: value for name, value in step.attributes.items() if name != attribute}
    changed = replace(step, attributes=kept)
    tree = trace_tree(TRACE, [changed if one is step else one for one in WHOLE])
    assert [one.says for one in tree.missing] == [NOT_SEEN[link]]


def test_a_tool_call_without_a_check_or_an_approval_names_both() -> None:
    bare = {name: value for name, value in TOOL.attributes.items() if name != "otel.events"}
    tool = span(4, 1, at=3, **{name.replace(".", "__"): value for name, value in bare.items()})
    tree = trace_tree(TRACE, [AGENT, SEARCH, ANSWER, tool, ACTION])
    assert missing(tree) == [("permission", "4"), ("approval", "4")]


def test_a_trace_without_an_answer_says_so() -> None:
    assert NO_ANSWER in [one.says for one in trace_tree(TRACE, [AGENT]).missing]


def test_the_words_never_say_that_something_did_not_happen() -> None:
    for words in (*NOT_SEEN.values(), NO_ANSWER):
        assert " seen" in words


def test_the_output_that_was_asked_for_is_marked() -> None:
    tree = trace_tree(TRACE, WHOLE, asked="resp-1")
    assert [step.id.lstrip("0") for step in tree.steps if step.asked] == ["3"]
    assert tree.asked == "resp-1"


def test_nobody_s_words_are_in_the_tree_only_their_sizes() -> None:
    text = trace_tree(TRACE, WHOLE).model_dump_json()
    for words in ("who am I", "30 days", "ACC-1", "61733", "bela"):
        assert words not in text
    step = next(one for one in trace_tree(TRACE, WHOLE).steps if one.what is What.MODEL)
    assert {one.name: one.size_bytes for one in step.contents}["gen_ai.input.messages"] == 8


def test_passages_show_rank_and_score_without_their_text() -> None:
    step = next(one for one in trace_tree(TRACE, WHOLE).steps if one.what is What.RETRIEVAL)
    assert step.facts["documents"] == "1. window 0.9; 2. fees 0.4"


def test_a_clock_that_runs_behind_its_caller_s_does_not_change_the_order_and_is_shown() -> None:
    late = span(2, 1, at=-5, service="other", gen_ai__operation__name="retrieval")
    below = span(6, 2, at=-4.5, service="other")
    tree = trace_tree(TRACE, [AGENT, late, below, ANSWER])
    assert [step.id.lstrip("0") for step in tree.steps] == ["1", "2", "6", "3"]
    assert [step.skew_ms for step in tree.steps] == [0, -5000, -5000, 0]
    assert tree.skew_ms == -5000


def test_a_clock_that_runs_ahead_of_ours_is_shown() -> None:
    assert trace_tree(TRACE, [replace(AGENT, received_at=NOW)]).skew_ms == 1000


def test_spans_that_call_each_other_are_shown_once_each_with_a_named_gap() -> None:
    tree = trace_tree(TRACE, [span(1, 2), span(2, 1), span(3, 3)])
    assert sorted(step.id.lstrip("0") for step in tree.steps) == ["1", "2", "3"]
    assert [one.link for one in tree.missing].count(Link.CALLER) == 2


def test_a_very_deep_trace_is_shown_whole() -> None:
    deep = [span(n, n - 1 if n > 1 else None, at=n) for n in range(1, 2000)]
    tree = trace_tree(TRACE, deep)
    assert len(tree.steps) == len(deep)
    assert max(step.depth for step in tree.steps) == DEPTH_AT_MOST


@pytest.mark.parametrize(
    ("attributes", "what"),
    [
        ({"gen_ai.operation.name": "text_completion"}, What.MODEL),
        ({"openinference.span.kind": "LLM"}, What.MODEL),
        ({"openinference.span.kind": "RETRIEVER"}, What.RETRIEVAL),
        ({"openinference.span.kind": "GUARDRAIL"}, What.CHECK),
        ({"traceloop.span.kind": "tool"}, What.TOOL),
        ({"llm.model_name": "m"}, What.MODEL),
        ({"gen_ai.tool.name": "pay"}, What.TOOL),
        ({"andon.approval.decision": "approved"}, What.APPROVAL),
        ({"andon.review.action": "rejected"}, What.APPROVAL),
        ({"andon.permission.name": "pay"}, What.PERMISSION),
        ({"andon.validation.passed": True}, What.CHECK),
        ({"otel.kind": 3, "db.operation.name": "INSERT", "db.collection.name": "refunds"}, What.ACTION),
        ({"otel.kind": 3, "http.request.method": "POST", "server.address": "pay.example"}, What.ACTION),
        ({"otel.kind": 4, "messaging.operation.type": "send"}, What.ACTION),
        ({"otel.kind": 3, "http.request.method": "GET"}, What.OTHER),
        ({"otel.kind": 2, "http.request.method": "POST"}, What.OTHER),
        ({"otel.kind": 3, "http.request.method": "POST", "gen_ai.request.model": "m"}, What.MODEL),
        ({}, What.OTHER),
    ],
)
def test_a_span_is_told_by_its_operation_or_by_what_it_holds(attributes: dict[str, Any], what: What) -> None:
    one = span(2, 1, **{name.replace(".", "__"): value for name, value in attributes.items()})
    assert trace_tree(TRACE, [AGENT, one]).steps[1].what is what


@given(
    st.lists(
        st.tuples(
            st.integers(0, 12), st.integers(0, 12) | st.none(), st.integers(-5, 5), st.sampled_from("ab")
        ),
        max_size=13,
    )
)
def test_any_trace_is_shown_with_each_span_once_and_callers_first(
    found: list[tuple[int, int | None, int, str]],
) -> None:
    spans = {number: span(number, parent, at=at, service=of) for number, parent, at, of in found}
    tree = trace_tree(TRACE, list(spans.values()))
    ids = [step.id for step in tree.steps]
    assert sorted(ids) == sorted(one.span_id for one in spans.values())
    place = {step.id: position for position, step in enumerate(tree.steps)}
    for step in tree.steps:
        if step.depth:
            assert place[step.parent or ""] < place[step.id]


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"[]",
        b"{}",
        b'{"trace_id":"1","spans":[{}]}',
        b'{"trace_id":"1","spans":[{"span_id":"1","name":"n","start":"2026-01-01T00:00:00","end":"2026-01-01T00:00:00","attributes":{}}]}',
        b'{"trace_id":"1","spans":3}',
        b"[" * 100_000,
    ],
)
def test_an_item_that_is_no_trace_is_refused(content: bytes) -> None:
    with pytest.raises(InvalidInputError):
        of_stored(content)


@pytest.mark.parametrize(
    "attributes",
    [
        {"otel.events": 3},
        {"otel.events": ["x", {"name": "andon.approval", "attributes": 4}]},
        {"otel.events": [{"name": "andon.approval", "at": "never"}]},
        {"otel.status": "bad", "otel.resource": []},
        {"gen_ai.output.messages": "[" * 5000},
        {"gen_ai.output.messages": '[{"parts": 4}, 7]'},
        {"gen_ai.retrieval.documents": '["a", {"id": {"b": 1}}]', "gen_ai.operation.name": ["chat"]},
        {"gen_ai.response.id": {"a": 1}, "user.roles": [{"x": "y"}]},
    ],
)
def test_made_up_attributes_break_nothing(attributes: dict[str, Any]) -> None:
    one = span(1, **{name.replace(".", "__"): value for name, value in attributes.items()})
    assert trace_tree(TRACE, [one], asked="x").steps
    assert json.loads(trace_tree(TRACE, [one]).model_dump_json())
