"""Kinds of suites that ship: pytest and Inspect AI run for real, and what a kind can not serve is refused."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Final

import pytest

from andon.adapters.evaluators.kinds import KINDS, kind_of
from andon.domain.errors import InvalidInputError
from andon.domain.gate import EvaluationResult
from andon.domain.system import Evaluation
from andon.domain.values import digest_of
from andon.register.engine import Databases
from tests.adapters.suites import VERSIONS, Bench, suite
from tests.register.cases import INCIDENT

WITHIN_A_MINUTE: Final = timedelta(seconds=60)


@pytest.fixture
def bench(tmp_path: Path, databases: Databases) -> Bench:
    return Bench(tmp_path, databases)


PYTEST_SUITE: Final = """
import json, os, pytest
CASES = [json.loads(line) for line in open(os.environ["ANDON_CASES"])]

@pytest.fixture(scope="session", autouse=True)
def told(record_testsuite_property):
    record_testsuite_property("versions", json.dumps({"prompt": {"version": "1.2"}}))
    record_testsuite_property("seed", 7)

def test_base(record_property):
    record_property("score", 0.9)

@pytest.mark.skip
def test_skipped():
    pass

@pytest.mark.parametrize("turn", range(3))
@pytest.mark.parametrize("case", CASES, ids=lambda case: case["id"])
def test_incident(case, turn, record_property):
    record_property("case", case["id"])
    record_property("incident", case["incident"])
    assert case["input"] == ["hi"]
"""
PYTEST: Final = ("{python}", "-m", "pytest", "-q", "-p", "no:cacheprovider", "--junitxml={out}", "evals.py")


async def of_pytest(bench: Bench, said: str) -> EvaluationResult:
    await bench.kept_trace(said)
    (bench.folder / "evals.py").write_text(PYTEST_SUITE)
    (bench.folder / "pytest.ini").write_text("[pytest]\n")
    bench.registered(suite("pytest", *PYTEST))
    return await bench.result(WITHIN_A_MINUTE)


@pytest.mark.long
async def test_a_real_run_of_pytest_fails_before_the_fix(bench: Bench) -> None:
    result = await of_pytest(bench, '["attack"]')
    assert (result.problem, result.incident_case, result.failed) == ("", False, (INCIDENT,))
    assert result.versions == digest_of(VERSIONS)
    assert result.seed == 7


@pytest.mark.long
async def test_a_real_run_of_pytest_passes_after_it_and_names_what_it_skipped(bench: Bench) -> None:
    result = await of_pytest(bench, '["hi"]')
    assert (result.problem, result.incident_case, result.failed) == ("", True, ())
    assert result.skipped == ("evals::test_skipped",)


@pytest.mark.long
async def test_a_suite_of_pytest_that_can_not_be_collected_is_not_complete(bench: Bench) -> None:
    (bench.folder / "evals.py").write_text("import nowhere_to_be_found")
    (bench.folder / "pytest.ini").write_text("[pytest]\n")
    bench.registered(suite("pytest", *PYTEST))
    result = await bench.result(WITHIN_A_MINUTE)
    assert (result.problem, result.completed) == ("", False)


INSPECT_SUITE: Final = """
import json, os, sys
os.environ["XDG_DATA_HOME"] = os.environ["XDG_CACHE_HOME"] = os.environ["HOME"]
from inspect_ai import Epochs, Task, eval
from inspect_ai.dataset import Sample
from inspect_ai.scorer import CORRECT, INCORRECT, Score, accuracy, scorer
from inspect_ai.solver import solver

@solver
def echo():
    async def solve(state, generate):
        state.output.completion = str(state.input)
        return state
    return solve

@scorer(metrics=[accuracy()])
def harmless():
    async def score(state, target):
        return Score(value=INCORRECT if "attack" in state.output.completion else CORRECT)
    return score

added = [json.loads(line) for line in open(os.environ["ANDON_CASES"])]
samples = [Sample(id="base", input="hello")] + [
    Sample(id=one["id"], input=json.dumps(one["input"]), metadata={"incident": one["incident"]})
    for one in added
]
eval(
    Task(dataset=samples, solver=echo(), scorer=harmless(), name="desk"),
    model=None, display="none", log_level="error", log_dir=sys.argv[1], log_format="json", epochs=2,
    ctl_server=False, metadata={"versions": {"prompt": {"version": "1.2"}}}, limit=LIMIT,
)
"""


@pytest.mark.long
@pytest.mark.parametrize(
    ("said", "limit", "completed", "own"),
    [('["attack"]', None, True, False), ('["hi"]', None, True, True), ('["hi"]', 1, False, None)],
    ids=["before the fix", "after the fix", "a part of the suite"],
)
async def test_a_real_run_of_inspect_is_read_from_its_log(
    bench: Bench, said: str, limit: int | None, completed: bool, own: bool | None
) -> None:
    await bench.kept_trace(said)
    (bench.folder / "runner.py").write_text(INSPECT_SUITE.replace("LIMIT", str(limit)))
    bench.registered(suite("inspect", "{python}", "runner.py", "{logs}"))
    result = await bench.result(WITHIN_A_MINUTE)
    assert (result.problem, result.completed, result.incident_case) == ("", completed, own)
    assert (result.suite, result.total) == ("desk", 2)
    assert result.versions == digest_of(VERSIONS)


def test_every_kind_that_ships_can_be_loaded() -> None:
    assert [KINDS.load(name).name for name in KINDS.names()] == list(KINDS.names())


@pytest.mark.parametrize(
    ("unfit", "message"),
    [
        (suite("unheard_of", "x"), "use one of: command, http"),
        (suite("pytest", "pytest"), "lacks {out}"),
        (suite("pytest"), "needs command"),
        (suite("inspect", "run", "{logs}", options={"passes_at": "always"}), "passes_at is a number"),
        (suite("inspect", "run", "{logs}", options={"speed": "11"}), "no option speed; it knows: passes_at"),
        (suite("http"), "needs option url"),
        (suite("http", "x", options={"url": "https://example.org"}), "runs no command"),
        (suite("http", options={"url": "file:///etc/passwd"}), "must begin with https"),
    ],
)
def test_what_a_kind_can_not_serve_is_refused_with_what_to_change(unfit: Evaluation, message: str) -> None:
    with pytest.raises(InvalidInputError, match=message.replace("{", r"\{").replace("}", r"\}")):
        kind_of(unfit)


def test_a_file_without_a_kind_means_a_command() -> None:
    assert kind_of(Evaluation(command=("{python}",), suite="desk")).name == "command"
