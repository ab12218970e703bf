"""`andon severity`: what it prints and what it refuses."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

import playbooks
from andon.cli.severity import MAX_INPUT_BYTES, severity
from andon.domain.factors import FACTORS
from playbooks import policy_text

CASES = yaml.safe_load(Path(__file__).with_name("data").joinpath("severity_cases.yaml").read_text())["cases"]
PROGRAM = """
from cyclopts import App
from andon.cli.severity import severity
app = App(name="andon")
app.command(severity)
app()
"""
FIELDS = [
    "classification",
    "severity",
    "actual",
    "potential",
    "provisional",
    "fired_rules",
    "bumps",
    "threshold_tests",
    "priority",
    "containment_required",
    "unanswered",
]


def written(folder: Path, content: Any) -> Path:
    file = folder / "facts.json"
    file.write_text(content if isinstance(content, str) else json.dumps(content))
    return file


@pytest.mark.parametrize("case", CASES, ids=[case["id"] for case in CASES])
def test_json_has_every_field_and_the_expected_values(
    case: dict[str, Any], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    given = {name: case[name] for name in ("facts", "potential_facts") if name in case}
    assert severity(written(tmp_path, given), json=True) == 0
    printed = json.loads(capsys.readouterr().out)
    assert sorted(printed) == sorted(FIELDS)
    assert {field: printed[field] for field in case["expect"]} == case["expect"]


def test_unanswered_is_a_list_of_facts(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    facts = {"uncertainty": "high", "impact": "unknown", "exposure": "unknown", "ongoing": "unknown"}
    assert severity(written(tmp_path, {"facts": facts}), json=True) == 0
    printed = json.loads(capsys.readouterr().out)
    assert printed["unanswered"] == ["impact", "exposure", "ongoing"]
    assert (printed["severity"], printed["actual"], printed["potential"]) == ("medium", "medium", None)


def test_the_explanation_names_each_rule_with_its_sentence_and_each_open_question(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    facts = {"safety": "serious", "impact": "unknown"}
    assert severity(written(tmp_path, {"facts": facts})) == 0
    printed = " ".join(capsys.readouterr().out.split())
    assert "critical, ai incident" in printed
    assert "C2 Somebody's life or health is at stake." in printed
    assert "impact What is the worst effect so far" in printed


def test_the_explanation_gives_each_of_the_eleven_factors_its_value(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    facts = {"ongoing": "yes", "exposure": "public", "blast_radius": "unknown"}
    assert severity(written(tmp_path, {"facts": facts})) == 0
    printed = " ".join(capsys.readouterr().out.split())
    assert len(FACTORS) == 11
    assert set(FACTORS.values()) <= set(playbooks.load().severity.facts)
    for line in ("urgency yes", "customer exposure public", "blast radius unknown", "autonomy recommends"):
        assert line in printed


def test_a_near_miss_is_explained_with_what_it_could_have_been(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    given = {"facts": {"caught_before_impact": "yes"}, "potential_facts": {"safety": "serious"}}
    assert severity(written(tmp_path, given)) == 0
    assert "Actual low; critical had nobody caught it." in capsys.readouterr().out


@pytest.mark.parametrize("arguments", [["-"], ["--facts", "-"]])
def test_a_hyphen_reads_standard_input(arguments: list[str]) -> None:
    ran = subprocess.run(
        [sys.executable, "-c", PROGRAM, "severity", *arguments, "--json"],
        input=b'{"facts": {"safety": "serious"}}',
        capture_output=True,
        timeout=60,
        check=True,
    )
    assert json.loads(ran.stdout)["severity"] == "critical"


def test_bad_input_ends_the_program_with_2() -> None:
    ran = subprocess.run(
        [sys.executable, "-c", PROGRAM, "severity", "-"],
        input=b"{",
        capture_output=True,
        timeout=60,
        check=False,
    )
    assert (ran.returncode, ran.stdout) == (2, b"")
    assert b"not JSON" in ran.stderr


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        ("", "not JSON"),
        ("{", "not JSON"),
        ("[" * 200_000, "not JSON"),
        ("[]", "must be JSON of the form"),
        ("{}", "must be JSON of the form"),
        ('{"facts": []}', "facts must be an object"),
        ('{"facts": {}, "potential_facts": null}', "potential_facts must be an object"),
        ('{"facts": {}, "thresholds": {}}', "'thresholds' is not known"),
        ('{"facts": {"drift": "no", "drift": "yes"}}', "'drift' is there more than once"),
        ('{"facts": {"drift": true}}', "facts.drift: 'true' is not known; use one of: no, yes, unknown"),
        ('{"facts": {"root_cause": "model"}}', "'root_cause' is not known"),
        ('{"facts": {"impact": NaN}}', "facts.impact: 'NaN'"),
        ('{"facts": {"records_changed": -1}}', "facts.records_changed: '-1'"),
        ('{"facts": {}, "potential_facts": {"impact": "awful"}}', "potential_facts.impact: 'awful'"),
        ('{"facts": {"\\u001b[31m": "yes"}}', "'\\x1b[31m' is not known"),
        (" " * (MAX_INPUT_BYTES + 1), "larger than"),
    ],
)
def test_facts_that_cannot_be_used_are_refused_with_the_reason(
    content: str, problem: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert severity(written(tmp_path, content), json=True) == 2
    printed = capsys.readouterr()
    assert printed.out == ""
    assert problem in printed.err


def test_a_file_that_is_absent_or_not_text_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert severity(tmp_path / "absent.json") == 2
    assert "can't be read: No such file" in capsys.readouterr().err
    (tmp_path / "bytes.json").write_bytes(b"\xff\xfe")
    assert severity(tmp_path / "bytes.json") == 2
    assert "is not UTF-8 text" in capsys.readouterr().err


def test_a_policy_of_ones_own_takes_the_place_of_the_shipped_one(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    facts = written(tmp_path, {"facts": {"records_changed": 4}})
    policy = tmp_path / "severity.yaml"
    policy.write_text(
        policy_text("severity.yaml").replace(
            "corruption_records_changed: 10", "corruption_records_changed: 4"
        )
    )
    assert severity(facts, json=True) == 0
    assert json.loads(capsys.readouterr().out)["severity"] == "medium"
    assert severity(facts, json=True, policy=policy) == 0
    assert json.loads(capsys.readouterr().out)["severity"] == "high"


@pytest.mark.parametrize("content", ["", "- a", "a: [", "format: other"])
def test_a_file_that_is_no_policy_is_refused(
    content: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    facts, policy = written(tmp_path, {"facts": {}}), tmp_path / "severity.yaml"
    policy.write_text(content)
    assert severity(facts, policy=policy) == 2
    assert "severity: " in capsys.readouterr().err
