"""Conditions: how they read, what they mean, and that the unknown never satisfies them by accident."""

from __future__ import annotations

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from andon.domain.conditions import COUNT, MAX_DEPTH, MAX_LENGTH, UNKNOWN, Facts, Vocabulary, holds, parse
from andon.domain.errors import ConditionSyntaxError, InvalidInputError, UnknownTermError

WORDS = Vocabulary(
    {"harm": ("none", "minor", "severe"), "seen": ("no", "yes"), "records": COUNT}, {"many": 10, "open": 2}
)
CALM: Facts = {"harm": "none", "seen": "no", "records": 0}


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        ("harm=minor", True),
        ("harm>=minor", True),
        ("harm>minor", False),
        ("harm<=minor", True),
        ("harm<minor", False),
        ("harm in (none, severe)", False),
        ("harm in (minor)", True),
        ("records>9", True),
        ("records>=many", True),
        ("records>many", False),
        ("records=10", True),
        ("harm = minor AND records >= many", True),
        ("unknowns(harm, seen) >= open", False),
        ("unknowns(harm, seen) = 0", True),
    ],
)
def test_values_compare_by_their_order_and_counts_by_number_or_threshold(
    condition: str, *, expected: bool
) -> None:
    assert holds(condition, {"harm": "minor", "seen": "no", "records": 10}, WORDS) is expected


def test_not_binds_before_and_and_and_before_or() -> None:
    assert holds("harm=none OR harm=severe AND seen=yes", CALM, WORDS)
    assert not holds("(harm=none OR harm=severe) AND seen=yes", CALM, WORDS)
    assert not holds("NOT harm=none AND seen=no", CALM, WORDS)
    assert holds("NOT (harm=none AND seen=yes)", CALM, WORDS)
    assert holds("NOT NOT seen=no", CALM, WORDS)


@pytest.mark.parametrize("sign", ["=", ">=", ">", "<=", "<"])
@pytest.mark.parametrize("value", ["none", "minor", "severe"])
def test_an_unknown_fact_satisfies_neither_a_comparison_nor_its_negation(sign: str, value: str) -> None:
    facts: Facts = {**CALM, "harm": UNKNOWN, "records": UNKNOWN}
    for condition in (f"harm{sign}{value}", f"records{sign}many", f"harm in ({value})"):
        assert not holds(condition, facts, WORDS)
        assert not holds(f"NOT ({condition})", facts, WORDS)


def test_an_unknown_part_decides_nothing_that_the_other_part_settles() -> None:
    facts: Facts = {**CALM, "harm": UNKNOWN, "seen": "yes"}
    assert holds("harm=severe OR seen=yes", facts, WORDS)
    assert holds("NOT (harm=severe AND seen=no)", facts, WORDS)
    assert not holds("harm=severe AND seen=yes", facts, WORDS)
    assert not holds("NOT (harm=severe AND seen=yes)", facts, WORDS)


def test_the_unknown_is_seen_when_it_is_named_or_counted() -> None:
    facts: Facts = {**CALM, "harm": UNKNOWN, "records": UNKNOWN}
    assert holds("harm=unknown", facts, WORDS)
    assert holds("harm in (severe, unknown)", facts, WORDS)
    assert holds("unknowns(harm, seen, records)>=open", facts, WORDS)
    assert holds("unknowns(harm, seen, records)=2", facts, WORDS)
    assert holds("NOT harm=unknown", CALM, WORDS)


@pytest.mark.parametrize(
    ("condition", "place"),
    [
        ("", "at character 1: expected a fact"),
        ("   ", "at character 1: expected a fact"),
        ("harm", "at character 5: expected =, >=, >, <=, < or in, found the end"),
        ("harm=", "at character 6: expected a value"),
        ("harm=minor AND", "at character 15: expected a fact"),
        ("harm=minor and seen=yes", "at character 12: expected AND, OR or the end, found 'and'"),
        ("harm=minor seen=yes", "at character 12: expected AND, OR or the end, found 'seen'"),
        ("(harm=minor", "at character 12: expected ')', found the end"),
        ("harm=minor)", "at character 11: expected AND, OR or the end, found ')'"),
        ("harm in ()", "at character 10: expected a value, found ')'"),
        ("harm in minor", "at character 9: expected '(', found 'minor'"),
        ("harm != minor", "at character 6: '!' has no meaning here"),
        ("harm >= unknown", "at character 9: expected a value that has an order"),
        ("unknowns(harm) >= unknown", "at character 19: expected a value that has an order"),
        ("unknowns harm", "at character 10: expected =, >=, >, <=, < or in, found 'harm'"),
        ("AND=minor", "at character 1: expected a fact, NOT or '(', found 'AND'"),
        ("harm=minor; seen=yes", "at character 11: ';' has no meaning here"),
        ("harm=\u202eminor", "at character 6: '\\u202e' has no meaning here"),
    ],
)
def test_a_condition_that_cannot_be_read_is_refused_with_the_place(condition: str, place: str) -> None:
    with pytest.raises(ConditionSyntaxError) as refusal:
        parse(condition)
    assert place in str(refusal.value)


def test_a_condition_too_long_or_too_deep_is_refused() -> None:
    with pytest.raises(ConditionSyntaxError, match=f"longer than {MAX_LENGTH}"):
        parse("seen=no OR " * MAX_LENGTH + "seen=no")
    deepest = MAX_DEPTH - 1
    assert holds("(" * deepest + "seen=no" + ")" * deepest, CALM, WORDS)
    with pytest.raises(ConditionSyntaxError, match=f"at most {MAX_DEPTH} levels"):
        parse("(" * MAX_DEPTH + "seen=no" + ")" * MAX_DEPTH)
    with pytest.raises(ConditionSyntaxError, match=f"at most {MAX_DEPTH} levels"):
        parse("NOT " * MAX_DEPTH + "seen=no")


@pytest.mark.parametrize(
    ("condition", "stranger"),
    [
        ("mood=bad", "mood"),
        ("seen=yes OR NOT (harm=none AND mood=bad)", "mood"),
        ("harm>=awful", "awful"),
        ("harm>=2", "2"),
        ("harm in (none, awful)", "awful"),
        ("records>=several", "several"),
        ("unknowns(harm, mood)>=2", "mood"),
        ("unknowns(harm)>=several", "several"),
    ],
)
def test_a_word_outside_the_vocabulary_is_found_by_the_check(condition: str, stranger: str) -> None:
    with pytest.raises(UnknownTermError) as refusal:
        parse(condition).check(WORDS, "rule X1")
    assert refusal.value.term == stranger
    assert str(refusal.value).startswith("rule X1")


def test_a_count_is_not_a_list_of_values() -> None:
    with pytest.raises(InvalidInputError, match="records is a count"):
        parse("records in (many)").check(WORDS, "rule X1")


@given(st.text(alphabet="abAND()in=<> ,0", max_size=40) | st.text(max_size=40))
def test_no_text_does_worse_than_being_refused(text: str) -> None:
    with contextlib.suppress(InvalidInputError):
        parse(text).check(WORDS, "rule X1")
