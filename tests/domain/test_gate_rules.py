"""The gate's rules as they hold for any run: more failures and less evidence never open it."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from andon.domain.gate import EvaluationResult, Shut
from andon.domain.suite import Flaky, Past, SuiteRules, pin_of
from andon.domain.suite_run import Before
from andon.domain.values import digest_of
from tests.domain.gate_runs import BEFORE, CASES, FIXED_AT, HONEST, OWN, RULES, TWIN, evaluated, verdict

NAMES = st.sampled_from(["refund-in-window", "decline-too-late", "question", "extra"])
CASE = st.fixed_dictionaries(
    {"id": NAMES, "passed": st.booleans()},
    optional={
        "skipped": st.booleans(),
        "runs": st.integers(0, 12),
        "passes": st.integers(0, 12),
        "required": st.booleans(),
        "incident": st.sampled_from([OWN["incident"], "INC-20260101-zzzzzz"]),
        "twin_of": st.sampled_from([OWN["incident"], "refund-in-window"]),
        "before": st.booleans(),
    },
)
SUITES = st.sampled_from([RULES, SuiteRules(), RULES.model_copy(update={"flaky": Flaky(threshold=0.5)})])
MIXED = st.lists(st.one_of(CASE, st.sampled_from([*CASES, OWN, TWIN])), max_size=8)


@given(cases=MIXED, rules=SUITES, at=st.integers(0, 8), total=st.integers(0, 8))
def test_adding_a_failing_case_never_opens_the_gate(
    cases: list[dict[str, Any]], rules: SuiteRules, at: int, total: int
) -> None:
    failing = {"id": "one-more", "passed": False}
    more = {**HONEST, "cases": [*cases[:at], failing, *cases[at:]], "total": total}
    assert not verdict(evaluated(more, rules=rules)).open


@given(rules=SUITES, case=CASE, at=st.integers(0, 5))
def test_no_case_that_is_put_beside_the_others_opens_a_shut_gate(
    rules: SuiteRules, case: dict[str, Any], at: int
) -> None:
    shut = [{**CASES[0], "passed": False}, *CASES[1:], OWN, TWIN]
    more = {**HONEST, "cases": [*shut[:at], case, *shut[at:]]}
    assert not verdict(evaluated(more, rules=rules)).open


@given(cases=MIXED, rules=SUITES, gone=st.integers(0, 7))
def test_taking_a_case_away_never_opens_the_gate(
    cases: list[dict[str, Any]], rules: SuiteRules, gone: int
) -> None:
    distinct = list({case["id"]: case for case in cases}.values())
    whole = {**HONEST, "cases": distinct, "total": len(distinct)}
    less = {**whole, "cases": [case for at, case in enumerate(distinct) if at != gone]}
    if not verdict(evaluated(whole, rules=rules)).open:
        assert not verdict(evaluated(less, rules=rules)).open


@pytest.mark.parametrize("lacking", ["versions", "dataset", "thresholds"])
def test_a_run_that_keeps_quiet_about_something_opens_nothing(lacking: str) -> None:
    assert not verdict(evaluated({**HONEST, lacking: None})).open


@given(
    st.fixed_dictionaries(
        {},
        optional={
            "versions": st.none(),
            "running": st.none(),
            "incident_case": st.none(),
            "completed": st.just(value=False),
            "total": st.just(0),
            "before": st.just(""),
            "twin": st.just("missing"),
        },
    )
)
def test_a_result_that_lacks_something_opens_nothing(lacking: dict[str, Any]) -> None:
    result = evaluated().model_copy(update=lacking)
    assert verdict(result).open is (lacking == {})


def test_a_case_that_is_named_as_required_by_the_runner_may_not_be_skipped() -> None:
    question = {"id": "question", "passed": True, "skipped": True}
    cases = [*CASES[:2], question, OWN, TWIN]
    assert verdict(evaluated({**HONEST, "cases": cases})).open
    cases[2] = {**question, "required": True}
    assert Shut.CASES_SKIPPED in verdict(evaluated({**HONEST, "cases": cases})).reasons


def test_an_own_case_that_was_skipped_was_not_run() -> None:
    cases = [*CASES, {**OWN, "skipped": True}, TWIN]
    assert Shut.INCIDENT_CASE_MISSING in verdict(evaluated({**HONEST, "cases": cases})).reasons


def test_a_runner_that_says_that_the_case_passed_before_is_believed() -> None:
    cases = [*CASES, {**OWN, "before": True}, TWIN]
    assert Shut.PASSED_BEFORE in verdict(evaluated({**HONEST, "cases": cases})).reasons


def test_a_suite_that_can_not_run_the_past_and_says_so_may_pass() -> None:
    result = evaluated().model_copy(update={"before": Before.CANNOT.value})
    assert verdict(result).open


def test_twins_of_the_suite_are_required_by_name() -> None:
    rules = RULES.model_copy(update={"makes_twins": False, "twins": ("gift-for-another",)})
    gift = {"id": "gift-for-another", "passed": True}
    assert Shut.TWIN_MISSING in verdict(evaluated(rules=rules)).reasons
    more = {**HONEST, "cases": [*CASES, OWN, gift]}
    assert verdict(evaluated(more, rules=rules)).open
    assert (
        Shut.TWIN_FAILING
        in verdict(
            evaluated({**HONEST, "cases": [*CASES, OWN, {**gift, "passed": False}]}, rules=rules)
        ).reasons
    )


def test_a_flaky_suite_runs_five_times_unless_that_can_never_be_enough() -> None:
    assert Flaky(threshold=0.5).wanted == 5
    assert Flaky(threshold=0.9).wanted == 35
    assert Flaky(threshold=0.9, runs=40).wanted == 40
    with pytest.raises(ValueError, match="at least 35"):
        Flaky(threshold=0.9, runs=34)


def test_a_case_that_passes_only_sometimes_fails_a_suite_that_is_not_called_flaky() -> None:
    cases = [{**CASES[0], "runs": 5, "passes": 4}, *CASES[1:], OWN, TWIN]
    assert verdict(evaluated({**HONEST, "cases": cases})).reasons == (Shut.UNSURE,)


@pytest.mark.parametrize(
    "change",
    [
        {"thresholds": {"accuracy": 0.5}},
        {"dataset": None},
        {"required": ()},
        {"optional": ("decline-too-late",)},
        {"cases_at_least": 0},
        {"makes_twins": False},
        {"files": {"judge.py": "e" * 64}},
        {"flaky": Flaky(threshold=0.1)},
    ],
)
def test_the_pin_holds_everything_that_judges(change: dict[str, Any]) -> None:
    assert pin_of(RULES.model_copy(update=change)) != pin_of(RULES)


def test_how_the_past_is_run_may_be_said_while_an_incident_is_open() -> None:
    said = RULES.model_copy(update={"past": Past(cannot="the old model is gone")})
    assert pin_of(said) == pin_of(RULES)


@pytest.mark.parametrize("past", [{}, {"command": ["run"], "cannot": "both"}, {"cannot": " "}])
def test_the_file_says_how_the_past_is_run_or_why_not(past: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="past"):
        Past.model_validate(past)


def test_a_result_of_an_older_release_keeps_its_digest() -> None:
    """The answers to a restart question are bound to the digest of the evaluation."""
    old = {
        "suite": "desk",
        "started_at": "2026-03-02T12:01:00Z",
        "finished_at": "2026-03-02T12:02:00Z",
        "completed": True,
        "versions": "a" * 64,
        "total": 4,
        "finished": 4,
        "failed": [],
        "incident_case": True,
        "log": None,
        "running": "a" * 64,
    }
    read = EvaluationResult.model_validate(old)
    assert read.model_dump(mode="json") == old
    assert digest_of(read) == digest_of(old)


def test_what_fails_now_is_not_asked_what_it_did_before() -> None:
    failing = {**HONEST, "cases": [*CASES, {**OWN, "passed": False}, TWIN]}
    assert Shut.NOT_RUN_BEFORE not in verdict(evaluated(failing, before=BEFORE)).reasons


def test_a_run_from_the_moment_of_the_fix_counts() -> None:
    assert verdict(evaluated(started_at=FIXED_AT)).open
