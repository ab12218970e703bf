"""Results in the forms of pytest, promptfoo and Inspect AI, brought into one or refused as garbled."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Final

import pytest

from andon.adapters.evaluators import inspect_log, junit
from andon.adapters.evaluators import promptfoo as promptfoo_json
from andon.adapters.evaluators.command import Read
from andon.adapters.evaluators.kinds import Run, TrialMeans
from andon.adapters.evaluators.report import Report
from andon.config import TrialSettings
from andon.domain.errands import EvaluationRequest
from andon.domain.errors import EvaluationError
from andon.domain.gate import EvaluationResult
from tests.adapters.suites import WITHIN, suite
from tests.register.cases import INCIDENT, NOW

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
