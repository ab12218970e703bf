"""Suites in the forms of pytest, Inspect AI, promptfoo and an HTTP endpoint, brought into one."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any, Final

import pytest

from andon.adapters.evaluators import inspect_log, junit
from andon.adapters.evaluators import promptfoo as promptfoo_json
from andon.adapters.evaluators.command import Read
from andon.adapters.evaluators.kinds import KINDS, Run, TrialMeans, kind_of
from andon.adapters.evaluators.report import Report
from andon.config import TrialSettings
from andon.domain.errands import EvaluationRequest
from andon.domain.errors import EvaluationError, InvalidInputError
from andon.domain.gate import EvaluationResult
from andon.domain.system import Evaluation
from andon.domain.values import digest_of
from andon.register.engine import Databases
from tests.adapters.suites import VERSIONS, WITHIN, Bench
from tests.register.cases import INCIDENT, NOW

WITHIN_A_MINUTE: Final = timedelta(seconds=60)


@pytest.fixture
def bench(tmp_path: Path, databases: Databases) -> Bench:
    return Bench(tmp_path, databases)


def suite(kind: str, *command: str, **more: Any) -> Evaluation:
    return Evaluation.model_validate({"kind": kind, "command": command, "suite": "desk", **more})


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


READS: Final[dict[str, tuple[Read, str]]] = {
    "pytest": (junit.read, "out"),
    "promptfoo": (promptfoo_json.read, "out.json"),
    "inspect": (inspect_log.read, "logs/one.json"),
}


def of_written(tmp_path: Path, kind: str, text: str) -> EvaluationResult:
    """Return what becomes of a form that a runner left; raises what makes it garbled."""
    read, name = READS[kind]
    (tmp_path / "logs").mkdir()
    (tmp_path / name).write_text(text, "utf-8")
    request = EvaluationRequest(incident=INCIDENT, system="refund_desk", number=1, timeout=WITHIN)
    asked = suite(kind, "x")
    run = Run(asked, request, tmp_path, tmp_path, "", TrialMeans(TrialSettings()), lambda _: None)
    report = Report.model_validate_json(json.dumps(read(run)))
    return report.result(INCIDENT, code=0, started_at=NOW, finished_at=NOW, log=None)


LAUGHS: Final = (
    '<!DOCTYPE a [<!ENTITY b "ha"><!ENTITY c "&b;&b;&b;">]><testsuites><testsuite name="&c;"/></testsuites>'
)


@pytest.mark.parametrize(
    "text",
    [
        pytest.param(LAUGHS, id="entities"),
        pytest.param('<!DOCTYPE testsuites SYSTEM "file:///etc/passwd"><testsuites/>', id="document type"),
        pytest.param("<html></html>", id="another root"),
        pytest.param("<testsuites>" * 40 + "</testsuites>" * 40, id="too deep"),
        pytest.param("<testsuites>", id="cut off"),
        pytest.param('<testsuites><testsuite tests="many"/></testsuites>', id="no number"),
        pytest.param('<testsuite tests="1"><testcase name="a"/><testcase/></testsuite>', id="no name"),
        pytest.param(f'<testsuite><testcase name="{"a" * 300}"/></testsuite>', id="long name"),
        pytest.param("all is well", id="no XML"),
        pytest.param("", id="empty"),
    ],
)
def test_a_report_that_is_not_plainly_in_junits_form_is_garbled(tmp_path: Path, text: str) -> None:
    with pytest.raises(EvaluationError):
        of_written(tmp_path, "pytest", text)


def test_a_case_that_is_missing_from_a_report_makes_it_incomplete(tmp_path: Path) -> None:
    result = of_written(tmp_path, "pytest", '<testsuite tests="3"><testcase name="a"/></testsuite>')
    assert (result.problem, result.completed, result.total, result.finished) == ("", False, 3, 1)


def promptfoo_line(
    name: str, index: int, *, success: bool, reason: int = 0, **members: str
) -> dict[str, Any]:
    """A line as promptfoo 0.121.20 wrote it, without what is not read."""
    return {
        "testIdx": index,
        "promptIdx": 0,
        "provider": {"id": "target", "label": ""},
        "score": int(success),
        "success": success,
        "failureReason": reason,
        "testCase": {"description": name, "vars": {}, "metadata": members},
        "metadata": members,
    }


def promptfoo(*lines: dict[str, Any], errors: int = 0) -> str:
    good = sum(one["success"] for one in lines)
    stats = {"successes": good, "failures": len(lines) - good - errors, "errors": errors}
    return json.dumps({"results": {"version": 3, "results": lines, "stats": stats}})


def test_an_output_of_promptfoo_is_read_with_the_incidents_own_case(tmp_path: Path) -> None:
    text = promptfoo(
        promptfoo_line("base", 0, success=True),
        promptfoo_line("base", 1, success=True),
        promptfoo_line("own", 2, success=False, reason=1, id=INCIDENT, incident=INCIDENT),
    )
    result = of_written(tmp_path, "promptfoo", text)
    assert (result.completed, result.total, result.failed) == (True, 2, (INCIDENT,))
    assert result.incident_case is False


def test_a_test_that_promptfoo_could_not_judge_makes_the_run_incomplete(tmp_path: Path) -> None:
    text = promptfoo(
        promptfoo_line("base", 0, success=True),
        promptfoo_line("lost", 1, success=False, reason=2),
        errors=1,
    )
    result = of_written(tmp_path, "promptfoo", text)
    assert (result.completed, result.total, result.finished) == (False, 2, 1)


@pytest.mark.parametrize(
    "text",
    [
        "[]",
        "{}",
        '{"results": {"version": 9, "results": [], "stats": {}}}',
        '{"results": [1]}',
        "{" * 9,
        '{"results": {"version": 3, "results": [{}], "stats": {"successes": 1, "failures": 0, "errors": 0}}}',
    ],
)
def test_an_output_that_is_not_promptfoos_is_garbled(tmp_path: Path, text: str) -> None:
    with pytest.raises((EvaluationError, ValueError, TypeError)):
        of_written(tmp_path, "promptfoo", text)


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


LOG: Final[dict[str, Any]] = {
    "version": 2,
    "status": "success",
    "eval": {"task": "desk", "dataset": {"samples": 1}, "metadata": None},
    "samples": [{"id": "base", "scores": {"one": {"value": "C"}}, "metadata": {}}],
    "invalidated": False,
}
CUT: Final = {**LOG, "samples": [{"id": "base", "error": {"message": "x"}, "scores": None, "metadata": {}}]}
TWO_SCORERS: Final = {**LOG, "samples": [{"id": "b", "scores": {"a": {"value": 1}, "c": {"value": 0}}}]}


@pytest.mark.parametrize(
    ("log", "completed"),
    [
        (LOG, True),
        ({**LOG, "invalidated": True}, False),
        ({**LOG, "status": "error"}, False),
        (CUT, False),
    ],
    ids=["whole", "invalidated", "error", "a sample failed"],
)
def test_a_log_of_inspect_counts_only_if_it_is_whole(
    tmp_path: Path, log: dict[str, Any], completed: bool
) -> None:
    assert of_written(tmp_path, "inspect", json.dumps(log)).completed is completed


@pytest.mark.parametrize(
    "log",
    [
        TWO_SCORERS,
        {**LOG, "version": 1},
        {**LOG, "eval": {}},
        {**LOG, "samples": [{"id": "b", "scores": {"a": {"value": "very"}}}]},
    ],
    ids=["two scorers", "version", "no task", "letter"],
)
def test_a_log_that_is_not_inspects_is_garbled(tmp_path: Path, log: dict[str, Any]) -> None:
    with pytest.raises(EvaluationError):
        of_written(tmp_path, "inspect", json.dumps(log))


@dataclass
class Endpoint:
    """An endpoint that runs suites: what it is to answer, and what it was asked."""

    answers: list[tuple[int, dict[str, str] | Any]]
    asked: list[bytes] = field(default_factory=list)
    port: int = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/runs"

    async def answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        length = next(
            (
                int(one.split(b":")[1])
                for one in head.lower().split(b"\r\n")
                if one.startswith(b"content-length")
            ),
            0,
        )
        self.asked.append(head + await reader.readexactly(length))
        status, body = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        text = json.dumps(body).encode()
        writer.write(
            b"HTTP/1.1 %d x\r\nconnection: close\r\ncontent-length: %d\r\n\r\n%b" % (status, len(text), text)
        )
        await writer.drain()
        writer.close()


@asynccontextmanager
async def endpoint(*answers: tuple[int, Any]) -> AsyncIterator[Endpoint]:
    found = Endpoint(list(answers))
    server = await asyncio.start_server(found.answer, "127.0.0.1", 0)
    async with server:
        found.port = server.sockets[0].getsockname()[1]
        yield found


RESULT: Final = {
    "suite": "desk",
    "status": "success",
    "versions": VERSIONS,
    "total": 1,
    "cases": [{"id": INCIDENT, "incident": INCIDENT, "passed": True}],
}


async def at(
    found: Endpoint, tmp_path: Path, databases: Databases, within: timedelta = WITHIN
) -> tuple[EvaluationResult, Bench]:
    settings = TrialSettings.model_validate(
        {"private_hosts": (f"127.0.0.1:{found.port}",), "secrets": {"runner": "s3cret"}}
    )
    bench = Bench(tmp_path, databases, settings)
    await bench.kept_trace('["hi"]')
    bench.registered(suite("http", options={"url": found.url, "secret": "runner"}))
    return await bench.result(within), bench


async def test_an_endpoint_is_asked_until_its_run_is_over(tmp_path: Path, databases: Databases) -> None:
    running = (202, {"status_url": "/runs/1", "done": 1, "total": 2})
    async with endpoint(running, (200, RESULT)) as found:
        result, bench = await at(found, tmp_path, databases)
    assert (result.problem, result.completed, result.incident_case) == ("", True, True)
    assert found.asked[0].startswith(b"POST /runs ")
    assert found.asked[1].startswith(b"GET /runs/1 ")
    assert b"authorization: bearer s3cret" in found.asked[0].lower()
    assert json.loads(found.asked[0].partition(b"\r\n\r\n")[2])["cases"][0]["incident"] == INCIDENT
    assert "1 of 2 cases" in bench.progress
    assert result.confinement is not None
    assert result.confinement.network == "not_possible: it runs elsewhere"


@pytest.mark.long
@pytest.mark.parametrize(
    ("answers", "problem"),
    [
        ([(500, {})], "not_started"),
        ([(302, {})], "not_started"),
        ([(202, {"status_url": "https://example.org/steal"})], "not_started"),
        ([(200, {"status": "success"})], "garbled"),
        ([(202, {"status_url": "/runs/1"}), (404, {})], "no_result"),
    ],
    ids=["error", "redirect", "elsewhere", "garbled", "lost"],
)
async def test_an_endpoint_that_misbehaves_gives_no_result_and_says_why(
    tmp_path: Path, databases: Databases, answers: list[tuple[int, Any]], problem: str
) -> None:
    async with endpoint(*answers) as found:
        result, _ = await at(found, tmp_path, databases)
    assert (result.problem, result.completed) == (problem, False)


@pytest.mark.long
async def test_an_endpoint_that_never_ends_runs_into_its_time(tmp_path: Path, databases: Databases) -> None:
    async with endpoint((202, {"status_url": "/runs/1"})) as found:
        result, _ = await at(found, tmp_path, databases, timedelta(seconds=3))
    assert result.problem == "timeout"


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
