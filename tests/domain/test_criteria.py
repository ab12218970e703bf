"""The same facts weigh differently for an AI system with criteria of its own, and for an organisation's."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

import playbooks
from andon.domain.criteria import check_criteria
from andon.domain.detection import Channel, DetectionReport
from andon.domain.errors import InvalidInputError
from andon.domain.severity import Band
from andon.domain.system import AISystem
from andon.door.weighing import weigh

SHELF = playbooks.load()
NOW = datetime(2026, 3, 1, 10, tzinfo=UTC)
WRONG = {
    "output_fault": "incorrect",
    "exposure": "external_limited",
    "impact": "moderate",
    "uncertainty": "low",
}


def system(**fields: object) -> AISystem:
    return AISystem.model_validate({"id": "s", "name": "S", "tier": "low", "owner": "bela", **fields})


def band(about: AISystem | None, facts: dict[str, str | int], shelf: playbooks.Shelf = SHELF) -> Band:
    report = DetectionReport(system="s", channel=Channel.MONITORING, title="t", facts=facts)
    return weigh(report, shelf, NOW, about).assessment.severity


def test_the_same_facts_are_graver_where_the_law_watches_the_use() -> None:
    writing = system(facts={"regulatory_context": "none"})
    credit = system(facts={"regulatory_context": "high_risk_regulated"})
    assert (band(writing, dict(WRONG)), band(credit, dict(WRONG))) == (Band.MEDIUM, Band.CRITICAL)


def test_what_a_report_says_wins_over_what_always_holds() -> None:
    credit = system(facts={"regulatory_context": "high_risk_regulated"})
    assert band(credit, {**WRONG, "regulatory_context": "none"}) is Band.MEDIUM


def test_a_threshold_of_the_ai_system_stands_in_place_of_the_policys() -> None:
    facts: dict[str, str | int] = {"records_changed": 3, "uncertainty": "low"}
    assert band(system(), facts) is Band.MEDIUM
    assert band(system(thresholds={"corruption_records_changed": 2}), facts) is Band.HIGH


def test_a_threshold_of_the_organisation_is_a_small_file_beside_the_policy(tmp_path: Path) -> None:
    (tmp_path / "thresholds.yaml").write_text("corruption_records_changed: 2\n")
    shelf = playbooks.load(tmp_path)
    assert band(None, {"records_changed": 3, "uncertainty": "low"}, shelf) is Band.HIGH
    assert shelf.snapshot()["severity"]["thresholds"]["corruption_records_changed"] == 2
    assert shelf.severity.thresholds["decisive_unknowns"] == 3


@pytest.mark.parametrize("text", ["corruption: 2\n", "corruption_records_changed: 0\n"])
def test_a_threshold_nobody_knows_is_refused_with_its_file(tmp_path: Path, text: str) -> None:
    (tmp_path / "thresholds.yaml").write_text(text)
    with pytest.raises(InvalidInputError, match=r"thresholds\.yaml"):
        playbooks.load(tmp_path)


@pytest.mark.parametrize(
    "fields",
    [{"thresholds": {"corruption": 2}}, {"facts": {"mood": "bad"}}, {"facts": {"impact": "huge"}}],
)
def test_criteria_the_policy_does_not_know_are_refused_with_the_ai_system(fields: dict[str, object]) -> None:
    with pytest.raises(InvalidInputError, match="system s"):
        check_criteria(SHELF.severity, system(**fields))
