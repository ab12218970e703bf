"""`andon severity`, as a program outside runs it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.cli.running import andon

FIELDS = {
    *("classification", "severity", "actual", "potential", "provisional", "fired_rules", "bumps"),
    *("threshold_tests", "priority", "containment_required", "unanswered"),
}


def severity(folder: Path, content: object, check: int = 0) -> Any:
    file = folder / "facts.json"
    file.write_text(json.dumps(content))
    done = andon("severity", "--facts", file, "--json", cwd=folder, check=check)
    return json.loads(done.stdout) if check == 0 else done.stderr


def test_facts_are_judged_with_exactly_the_promised_fields(tmp_path: Path) -> None:
    facts = {"unauthorized_action": "yes", "autonomy": "acts_alone", "financial": "minor", "ongoing": "yes"}
    found = severity(tmp_path, {"facts": facts})
    assert set(found) == FIELDS
    assert (found["classification"], found["severity"]) == ("ai_incident", "high")
    assert found["containment_required"] is True
    assert found["provisional"] is False


def test_what_was_caught_in_time_is_judged_by_what_might_have_been(tmp_path: Path) -> None:
    facts = {"output_fault": "harmful", "exposure": "internal_caught", "caught_before_impact": "yes"}
    found = severity(
        tmp_path, {"facts": facts, "potential_facts": {"exposure": "public", "safety": "serious"}}
    )
    assert found["classification"] == "near_miss"
    assert (found["actual"], found["potential"]) == ("low", "critical")


@pytest.mark.parametrize("content", [{}, {"facts": {"impact": "huge"}}, {"facts": {}, "more": {}}, []])
def test_facts_that_can_not_be_read_end_with_2(tmp_path: Path, content: object) -> None:
    assert "severity:" in severity(tmp_path, content, check=2)
