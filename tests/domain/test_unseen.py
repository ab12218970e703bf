"""What is hidden in a text is told apart and named."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from andon.domain.redaction import visible
from andon.domain.turns import turns_in
from andon.domain.unseen import Hidden, as_it_was, hidden_in, lines, pieces

NAMED = [
    ("a\u202eb", Hidden.DIRECTION, "RIGHT-TO-LEFT OVERRIDE"),
    ("a\u2066b\u2069", Hidden.DIRECTION, "LEFT-TO-RIGHT ISOLATE"),
    ("a\u200bb", Hidden.ZERO_WIDTH, "ZERO WIDTH SPACE"),
    ("\ufeffa", Hidden.ZERO_WIDTH, "ZERO WIDTH NO-BREAK SPACE"),
    ("a\x00b", Hidden.CONTROL, "NULL"),
    ("a\x1b", Hidden.CONTROL, "ESCAPE"),
    ("\x1b[2Jgone", Hidden.SEQUENCE, "ANSI SEQUENCE [2J"),
    ("\x1b]8;;http://x", Hidden.SEQUENCE, "ANSI SEQUENCE ]8;;http://x"),
    ("a\ud800", Hidden.SURROGATE, "HALF OF A SURROGATE PAIR"),
    ("p\u0430ypal.com", Hidden.MIXED, "A WORD OF LATIN AND CYRILLIC LETTERS"),
    ("a\U000e0067\U000e006f", Hidden.TAG, "TAG CHARACTERS SPELLING 'go'"),
]


@pytest.mark.parametrize(("text", "kind", "name"), NAMED)
def test_each_is_named_as_it_was_and_as_a_view_has_it(text: str, kind: Hidden, name: str) -> None:
    for one in (text, visible(text)):
        first = hidden_in(pieces(one))[0][0]
        assert (first.kind, first.name) == (kind, name)


@pytest.mark.parametrize(
    "text", ["plain", "ça va, où", "\u043f\u0440\u0438\u0432\u0435\u0442 Andon", "\u65e5\u672c Tokyo", "\tx"]
)
def test_what_people_write_is_simply_read(text: str) -> None:
    assert hidden_in(pieces(text)) == []


def test_a_code_that_somebody_wrote_is_no_character() -> None:
    text = "\u27e8U+202E\u27e9 and \u202e"
    assert [count for _, count in hidden_in(pieces(visible(text)))] == [1]
    assert as_it_was(visible(text)) == text


@given(st.text(st.characters(exclude_categories=())))
def test_nothing_is_lost_of_any_text(text: str) -> None:
    assert visible("".join(one.text for one in pieces(text))) == visible(text)
    shown = "".join(one.text for one in pieces(visible(text)))
    assert not any(one in shown for one in "\x1b\x00\u202e\u2066\ud800")
    as_it_was(visible(text)).encode()


@given(st.text(st.characters(exclude_categories=("Cs", "Cc"))))
def test_what_a_page_can_hold_comes_back_as_it_was(text: str) -> None:
    if not any(ord(char) & 0xFFFE == 0xFFFE for char in text):
        assert as_it_was(visible(text)) == text


def test_lines_are_counted_as_they_are_written() -> None:
    assert ["".join(part.text for part in line) for line in lines("a\n\nb")] == ["a", "", "b"]


def test_in_json_an_escape_is_named_and_a_backslash_is_not() -> None:
    text = json.dumps(["\x1b[31mred", "\\u202e", "\n\u00e9"], ensure_ascii=False)
    found = pieces(text, json=True)
    assert [(one.name, count) for one, count in hidden_in(found)] == [("ANSI SEQUENCE [31m", 1)]
    assert "".join(one.text for one in found) == text
    assert hidden_in(pieces(text)) == []


def test_counts_say_what_occurs_most() -> None:
    found = hidden_in(pieces("\u200b\u200b\u202e"))
    assert [(one.code, count) for one, count in found] == [("U+200B", 2), ("U+202E", 1)]


MESSAGES = [
    {"role": "system", "content": "Be kind."},
    {
        "role": "user",
        "content": [{"type": "text", "text": "Refund me"}, {"type": "image_url", "image_url": {}}],
    },
    {
        "role": "assistant",
        "content": None,
        "tool_calls": [{"id": "1", "function": {"name": "refund", "arguments": '{"amount": 5}'}}],
    },
    {"role": "tool", "name": "refund", "content": "done"},
]
PARTS = [
    {"role": "assistant", "parts": [{"type": "tool_call", "name": "refund", "arguments": {"amount": 5}}]},
    {"role": "tool", "parts": [{"type": "tool_call_response", "id": "c1", "response": "done"}]},
    {"role": "assistant", "parts": [{"type": "text", "content": "It is done."}]},
]


def test_messages_are_read_as_turns() -> None:
    found = [(one.who, one.does, one.what) for one in turns_in(json.dumps({"messages": MESSAGES}))]
    assert found == [
        ("system", "says", ""),
        ("user", "says", ""),
        ("user", "says", "image_url"),
        ("assistant", "calls", "refund"),
        ("tool", "gets back", "refund"),
    ]


def test_messages_in_an_attribute_of_a_span_are_found() -> None:
    trace = {"spans": [{"attributes": {"gen_ai.input.messages": json.dumps(PARTS), "other": "[{nothing"}}]}
    found = [(one.does, one.what, one.text) for one in turns_in(json.dumps(trace))]
    assert found == [
        ("calls", "refund", '{\n  "amount": 5\n}'),
        ("gets back", "c1", "done"),
        ("says", "", "It is done."),
    ]


@pytest.mark.parametrize(
    "text", ["", "plain", "{", "[1, 2]", '{"role": "user"}', "[" * 100_000, '[{"role": 5}]']
)
def test_what_is_no_conversation_has_no_turns(text: str) -> None:
    assert turns_in(text) == []
