"""`andon sources check` says what a body would become, without a server and without doing anything."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from andon.cli.main import main
from andon.cli.outcome import Exit
from playbooks.shipped import SHIPPED

ALERT = {
    "status": "firing",
    "labels": {"alertname": "Leak", "ai_system": "refund_desk", "harm": "data_exposure", "severity": "odd"},
    "annotations": {"summary": "It shows accounts of others"},
    "startsAt": "2026-05-04T12:00:00Z",
    "fingerprint": "f",
}
SHIPPED_FILE = str(SHIPPED / "sources" / "alertmanager.yaml")


def tried(tmp_path: Path, capsys: pytest.CaptureFixture[str], body: Any, file: str = SHIPPED_FILE) -> Any:
    written = tmp_path / "body.json"
    written.write_text(json.dumps(body))
    assert main(["sources", "check", file, "--try", str(written), "--json"]) == Exit.OK
    return json.loads(capsys.readouterr().out)


def test_each_report_of_a_body_is_weighed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    harmless = {**ALERT, "labels": {**ALERT["labels"], "harm": "none of ours"}}  # type: ignore[dict-item]  # a mapping
    told = tried(tmp_path, capsys, {"version": "4", "alerts": [ALERT, harmless]})
    first, second = told["reports"]
    assert first["opens_incident"]
    assert first["containment_required"]
    assert first["detection"]["facts"]["data_exposed"] == "external"
    assert first["notes"] == ["severity: 'odd' is not mapped; none is asserted"]
    assert "facts" not in second["detection"]


def test_what_a_source_does_not_want_is_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = str(SHIPPED / "sources" / "otel_evaluation.yaml")
    told = tried(tmp_path, capsys, {"attributes": {"gen_ai.evaluation.score.label": "pass"}}, file)
    assert told["reports"] == [{"wanted": False}]


def test_a_table_for_people_says_what_it_becomes(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    written = tmp_path / "body.json"
    written.write_text(json.dumps({"alerts": [ALERT]}))
    assert main(["sources", "check", SHIPPED_FILE, "--try", str(written)]) == Exit.OK
    out, noted = capsys.readouterr()
    assert "an incident" in out
    assert "data_exposed=external" in out
    assert "'odd' is not mapped" in noted


@pytest.mark.parametrize(
    ("body", "advice"),
    [("[1, 2]", "holds no report"), ("no JSON", "is not JSON"), (None, "can't be read")],
)
def test_a_body_that_can_not_be_used_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], body: str | None, advice: str
) -> None:
    written = tmp_path / "body.json"
    if body is not None:
        written.write_text(body)
    assert main(["sources", "check", SHIPPED_FILE, "--try", str(written)]) == Exit.BAD_INPUT
    assert advice in capsys.readouterr().err


def test_a_file_with_a_word_nobody_knows_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "mine.yaml"
    file.write_text("{id: mine, kind: pagerduty, system: {fixed: a}, title: [b], counts: {harm: c}}")
    assert main(["sources", "check", str(file)]) == Exit.BAD_INPUT
    assert (
        "counts: 'harm' is not known; use one of: records_changed, affected_count" in capsys.readouterr().err
    )
