"""Ways to get an AI system past the gate that is not fixed: each is refused, with a reason of its own.

What only a real run can show (a runner that writes nothing, an edited log, a swapped file) is tried through
the real evaluator in `tests/adapters/test_gate_cheats_for_real.py`. `pytest -s` prints the table.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest

from andon.domain.gate import ADVICE, EvaluationResult, Shut
from andon.domain.severity import Band
from andon.domain.suite import Flaky
from andon.domain.values import digest_of
from tests.domain.gate_runs import (
    BEFORE,
    CASES,
    FIXED_AT,
    HONEST,
    OWN,
    RULES,
    THRESHOLDS,
    TWIN,
    VERSIONS,
    evaluated,
    verdict,
    with_cases,
)

FLAKY = RULES.model_copy(update={"flaky": Flaky(threshold=0.5)})
FIRST, *OTHERS = CASES
FIVE = {"runs": 5, "passes": 5}


@dataclass(frozen=True)
class Cheat:
    """What somebody does, what comes of it, and the reason for which it is refused."""

    name: str
    result: EvaluationResult | None
    reason: Shut


def flaky(**first: Any) -> dict[str, Any]:
    return with_cases({**FIRST, **FIVE, **first}, *({**case, **FIVE} for case in (*OTHERS, OWN, TWIN)))


def cheats() -> Iterator[Cheat]:
    yield Cheat("ask for the restart without any run", None, Shut.NOT_RUN)
    yield Cheat(
        "show a run from before the fix",
        evaluated(started_at=FIXED_AT - timedelta(seconds=1)),
        Shut.BEFORE_THE_FIX,
    )
    yield Cheat("copy the result of an earlier run", evaluated(changed=("time",)), Shut.OLD_RESULT)
    yield Cheat(
        "evaluate another model than runs",
        evaluated({**HONEST, "versions": {**VERSIONS, "model": "stronger"}}),
        Shut.OTHER_VERSIONS,
    )
    yield Cheat(
        "deploy another prompt while it is evaluated",
        evaluated(running=digest_of({"release": "v1.3"})),
        Shut.OTHER_VERSIONS,
    )
    yield Cheat("name no versions", evaluated({**HONEST, "versions": None}), Shut.OTHER_VERSIONS)
    yield Cheat("stop after three of forty cases", evaluated({**HONEST, "total": 40}), Shut.INCOMPLETE)
    yield Cheat(
        "say that three cases are all there are", evaluated(with_cases(FIRST, OWN, TWIN)), Shut.TOO_FEW_CASES
    )
    yield Cheat("exit 0 and write nothing", evaluated(completed=False, problem="no_result"), Shut.INCOMPLETE)
    yield Cheat("write a result without cases", evaluated(with_cases()), Shut.INCOMPLETE)
    yield Cheat(
        "pass 39 of 40", evaluated(with_cases({**FIRST, "passed": False}, *OTHERS, OWN, TWIN)), Shut.FAILING
    )
    yield Cheat(
        "skip the case that fails",
        evaluated(with_cases({**FIRST, "skipped": True}, *OTHERS, OWN, TWIN)),
        Shut.CASES_SKIPPED,
    )
    yield Cheat(
        "swap a required case for an easy one",
        evaluated(with_cases({"id": "easy", "passed": True}, *OTHERS, OWN, TWIN)),
        Shut.REQUIRED_MISSING,
    )
    yield Cheat(
        "lower the threshold in the suite",
        evaluated({**HONEST, "thresholds": {**THRESHOLDS, "accuracy": 0.5}}),
        Shut.THRESHOLDS_CHANGED,
    )
    yield Cheat(
        "keep quiet about the threshold", evaluated({**HONEST, "thresholds": None}), Shut.THRESHOLDS_CHANGED
    )
    yield Cheat(
        "lower the threshold in the AI system's file, in the same commit",
        evaluated(changed=("suite",)),
        Shut.SUITE_CHANGED,
    )
    yield Cheat("swap the dataset", evaluated({**HONEST, "dataset": "e" * 64}), Shut.DATASET_CHANGED)
    yield Cheat("edit the file that judges", evaluated(changed=("files",)), Shut.FILES_CHANGED)
    yield Cheat("edit the log", evaluated(changed=("log",)), Shut.LOG_ALTERED)
    yield Cheat(
        "leave the incident's own case out", evaluated(with_cases(*CASES, TWIN)), Shut.INCIDENT_CASE_MISSING
    )
    yield Cheat(
        "bring the case of another incident",
        evaluated(with_cases(*CASES, {**OWN, "incident": "INC-20260101-zzzzzz"}, TWIN)),
        Shut.INCIDENT_CASE_MISSING,
    )
    yield Cheat(
        "make the incident's case one that anything passes",
        evaluated(before={**BEFORE, "cases": [OWN]}),
        Shut.PASSED_BEFORE,
    )
    yield Cheat(
        "let the case fail on versions that are broken anyway",
        evaluated(before={**BEFORE, "versions": {"release": "broken"}}),
        Shut.BEFORE_OTHER_VERSIONS,
    )
    yield Cheat("leave out the run on the old versions", evaluated(before=None), Shut.NOT_RUN_BEFORE)
    yield Cheat(
        "refuse everything",
        evaluated(with_cases(*CASES, OWN, {**TWIN, "passed": False})),
        Shut.TWIN_FAILING,
    )
    yield Cheat(
        "refuse everything, and leave the twin out", evaluated(with_cases(*CASES, OWN)), Shut.TWIN_MISSING
    )
    yield Cheat("try a flaky case once and be lucky", evaluated(rules=FLAKY), Shut.TOO_FEW_RUNS)
    yield Cheat("pass three times of five", evaluated(flaky(passes=3), rules=FLAKY), Shut.UNSURE)


CHEATS = list(cheats())


def test_an_honest_run_opens_the_gate() -> None:
    assert verdict(evaluated()).open
    assert verdict(evaluated(flaky(), rules=FLAKY)).open


@pytest.mark.parametrize("cheat", CHEATS, ids=lambda cheat: cheat.name)
def test_a_cheat_is_refused_for_what_it_is(cheat: Cheat) -> None:
    gate = verdict(cheat.result)
    assert not gate.open
    assert cheat.reason in gate.reasons


def test_twenty_and_more_cheats_are_refused_and_told_what_to_do() -> None:
    print(f"\n{'what somebody does':<66} {'refused as':<24} what Andon says")
    for cheat in CHEATS:
        print(f"{cheat.name:<66} {cheat.reason:<24} {ADVICE[cheat.reason]}")
    assert len(CHEATS) >= 20
    assert len({cheat.reason for cheat in CHEATS}) >= 20


def test_each_reason_says_what_to_do() -> None:
    assert set(ADVICE) == set(Shut)


@pytest.mark.parametrize("band", [Band.LOW, Band.MEDIUM])
def test_a_missing_twin_is_only_shown_below_high(band: Band) -> None:
    assert verdict(evaluated(with_cases(*CASES, OWN)), band).open
