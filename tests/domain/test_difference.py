"""The difference of versions: right above all where something is not known."""

from __future__ import annotations

from typing import Any

import pytest

from andon.domain.difference import Mark, Verdict, Why, names_of, part_differences, text_difference, texts_of

THEN: dict[str, Any] = {
    "prompt": {"id": "desk", "version": "1.1"},
    "model": {"name": "desk-small", "version": "1.0.0"},
    "digest": "a" * 64,
}


def verdicts(before: dict[str, Any] | None, after: dict[str, Any] | None) -> dict[str, tuple[str, str]]:
    return {
        one.part: (one.verdict.value, one.why.value if one.why else "")
        for one in part_differences(before, after)
    }


def test_a_part_is_unchanged_only_where_both_sides_say_the_same() -> None:
    found = verdicts(THEN, {**THEN, "prompt": {"id": "desk", "version": "1.2"}})
    assert found["prompt"] == ("changed", "")
    assert found["model"] == ("unchanged", "")
    assert "digest" not in found


UNKNOWN = [
    pytest.param(None, THEN, Why.BEFORE_NOT_KNOWN, id="nothing was captured at the incident"),
    pytest.param(THEN, None, Why.AFTER_NOT_KNOWN, id="nobody says what will run"),
    pytest.param(None, None, Why.NEITHER_SAYS, id="neither is known"),
    pytest.param({**THEN, "model": {}}, THEN, Why.BEFORE_NOT_KNOWN, id="an empty part"),
    pytest.param({**THEN, "model": None}, {**THEN, "model": None}, Why.NEITHER_SAYS, id="null on both sides"),
    pytest.param(
        {"model": {"name": "m", "version": None}},
        {"model": {"name": "m", "version": None}},
        Why.LEFT_OPEN,
        id="the same, with its version left open",
    ),
    pytest.param(
        {"model": {"name": "m", "version": "Unknown"}},
        {"model": {"name": "m", "version": "Unknown"}},
        Why.LEFT_OPEN,
        id="both say unknown",
    ),
    pytest.param(
        {"model": {"name": "m", "version": "latest"}},
        {"model": {"name": "m", "version": "latest"}},
        Why.MOVING_NAME,
        id="a name under which something else may stand",
    ),
]


@pytest.mark.parametrize(("before", "after", "why"), UNKNOWN)
def test_what_is_not_known_is_never_called_unchanged(
    before: dict[str, Any] | None, after: dict[str, Any] | None, why: Why
) -> None:
    assert verdicts(before, after)["model"] == (Verdict.NOT_KNOWN.value, why.value)


def test_what_is_equal_but_for_what_was_not_kept_is_not_known() -> None:
    changed = {**THEN, "prompt": {"id": "desk", "version": "1.2"}}
    found = {one.part: one.verdict for one in part_differences(THEN, changed, masked=True)}
    assert (found["model"], found["prompt"]) == (Verdict.NOT_KNOWN, Verdict.CHANGED)


def test_parts_that_nobody_speaks_of_are_named_as_not_known_and_further_ones_are_compared() -> None:
    found = verdicts(THEN, {**THEN, "router": "r2"})
    assert found["index"] == ("not_known", "neither_says")
    assert found["router"] == ("not_known", "before_not_known")


def test_the_values_that_differ_are_named_with_their_place() -> None:
    before = {"tools": {"names": ["pay", "mail"], "limit": 10, "strict": True}}
    after = {"tools": {"names": ["pay"], "limit": 20, "strict": True}}
    tools = next(one for one in part_differences(before, after) if one.part == "tools")
    assert {(one.path, one.before, one.after) for one in tools.leaves} == {
        ("limit", "10", "20"),
        ("names.1", "mail", None),
    }


def test_a_number_and_its_text_are_not_the_same() -> None:
    found = part_differences({"config": {"limit": 1}}, {"config": {"limit": "1"}})
    config = next(one for one in found if one.part == "config")
    assert config.verdict is Verdict.CHANGED
    assert [one.path for one in config.leaves] == ["limit"]


def test_long_texts_are_found_wherever_they_stand_and_ids_are_not() -> None:
    text = "You are the refund desk. " * 5
    assert texts_of({"id": "desk", "sha256": "a" * 64, "system": text, "parts": [{"user": "a\nb"}]}) == {
        "system": text,
        "parts.0.user": "a\nb",
    }


def test_what_names_a_version_is_told_apart_from_what_is_in_it() -> None:
    part = {"id": "desk", "version": "2", "names": ["pay", "mail"], "limit": 3, "system": "Be kind. " * 20}
    assert names_of(part) == (("id", "desk"), ("names.0", "pay"), ("names.1", "mail"), ("version", "2"))
    assert names_of(None) == ()


def test_a_text_differs_by_words_and_far_unchanged_lines_are_folded() -> None:
    before = "One. Two. Three. Four. Use the account of the ticket. Six."
    after = "One. Two. Three. Four. Use the account of the customer. Six. Seven."
    lines = text_difference(before, after)
    assert [line.mark for line in lines] == [
        Mark.SKIPPED,
        Mark.KEPT,
        Mark.KEPT,
        Mark.REMOVED,
        Mark.ADDED,
        Mark.KEPT,
        Mark.ADDED,
    ]
    removed = next(line for line in lines if line.mark is Mark.REMOVED)
    assert [text for text, differs in removed.pieces if differs] == ["ticket."]
    assert "".join(text for text, _ in removed.pieces) == "Use the account of the ticket."


def test_equal_texts_have_no_difference_and_long_ones_are_bounded() -> None:
    assert {line.mark for line in text_difference("Same.", "Same.")} == {Mark.SKIPPED}
    long = "\n".join(f"line {number}" for number in range(3000))
    assert len(text_difference(long, "short")) < 1000
