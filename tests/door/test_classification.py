"""What a report is called is kept and filled in by policy; and not every wrong output is an incident."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml
from temporalio.client import Client

import playbooks
from andon.domain.conditions import Reading
from andon.domain.detection import Channel, IncidentType
from andon.register.codes import CodeKind, Codes
from tests.door.conftest import Door

CASES = yaml.safe_load((Path(__file__).parents[1] / "domain" / "data" / "severity_cases.yaml").read_text())
POLICY = playbooks.load().severity
GOLDEN = [case for case in CASES["cases"] if case["expect"]["classification"] == "quality_issue"]
HARM = {"unauthorized_action": "yes", "autonomy": "acts_alone", "uncertainty": "low"}
ALONE: dict[str, dict[str, Any]] = {
    "material": {"financial": "minor"},
    "repeated": {"recurrence": "repeated"},
    "externally_visible": {"exposure": "external_limited", "output_fault": "incorrect"},
    "unauthorized": {"unauthorized_action": "yes"},
    "sensitive": {"data_exposed": "internal_unauthorised"},
    "control_failed": {"control_failed": "yes"},
    "unknown_scope": dict.fromkeys(("exposure", "impact", "data_exposed", "uncertainty"), "unknown"),
}


def whole(facts: dict[str, Any]) -> dict[str, Any]:
    """Return every fact: what isn't given is known to be harmless."""
    return dict(POLICY.complete(facts, Reading.COMMAND))


def codes(door: Door, incident: str) -> dict[CodeKind, list[str]]:
    return Codes(door.databases.register).of(incident)


def test_the_golden_cases_and_every_threshold_test_are_here() -> None:
    assert {"G02", "G04", "G05"} <= {case["id"] for case in GOLDEN}
    assert set(ALONE) == {test.name for test in POLICY.threshold_tests}


@pytest.mark.parametrize("case", GOLDEN, ids=lambda case: case["id"])
async def test_a_golden_quality_issue_is_recorded_without_a_workflow(
    busy: Door, worker: Client, case: dict[str, Any]
) -> None:
    before = {row.incident for row in busy.incidents.list(limit=200)}
    told = (await busy.detect(facts=whole(case["facts"]))).json()
    assert (told["outcome"], told["incident"], told["severity"]) == ("quality_issue", None, "low")
    kept = busy.detections.get(told["receipt"])
    assert kept is not None
    assert kept.incident is None
    assert {row.incident for row in busy.incidents.list(limit=200)} == before


@pytest.mark.parametrize("test", ALONE)
async def test_each_threshold_test_alone_opens_an_incident_with_its_workflow(
    busy: Door, worker: Client, test: str
) -> None:
    told = (await busy.detect(facts=whole(ALONE[test]))).json()
    assert told["outcome"] == "opened"
    described = await worker.get_workflow_handle(f"incident/{told['incident']}").describe()
    assert described.workflow_type == "Incident"


@pytest.mark.parametrize("kind", list(IncidentType))
async def test_a_report_can_be_of_each_type(busy: Door, kind: IncidentType) -> None:
    told = (await busy.detect(facts=HARM, type=kind.value)).json()
    row = busy.incidents.get(told["incident"])
    assert row is not None
    assert row.type == kind


async def test_an_unknown_type_or_category_is_refused_with_the_list(busy: Door) -> None:
    answer = await busy.detect(facts=HARM, type="hallucination", categories=["leak"])
    assert answer.status_code == 400
    for known in ("privacy_event", "use_outside_approved_purpose", "human_review_failure"):
        assert known in answer.json()["detail"]


@pytest.mark.parametrize("channel", list(Channel))
async def test_a_report_through_each_channel_is_taken_and_keeps_it(busy: Door, channel: Channel) -> None:
    told = (await busy.detect(facts=HARM, channel=channel.value)).json()
    kept = busy.detections.get(told["receipt"])
    row = busy.incidents.get(told["incident"])
    assert kept is not None
    assert row is not None
    assert (kept.channel, row.channel) == (channel, channel)


async def test_an_incident_carries_several_categories_and_those_of_what_joins_it(door: Door) -> None:
    first = await door.detect(facts=HARM, dedupe_key="k", categories=["automation_error", "policy_issue"])
    incident = first.json()["incident"]
    row = door.incidents.get(incident)
    assert row is not None
    assert row.opening is not None
    assert row.opening.categories == ("automation_error", "policy_issue")
    joined = await door.detect(facts=HARM, dedupe_key="k", categories=["data_exposure"], tags=["legal"])
    assert joined.json()["outcome"] == "joined"
    found = codes(door, incident)
    assert found[CodeKind.CATEGORY] == ["automation_error", "data_exposure", "policy_issue"]
    assert found[CodeKind.TAG] == ["legal", "operational"]


async def test_categories_suggest_tags_and_public_names_unless_the_report_gives_some(busy: Door) -> None:
    bare = (await busy.detect(facts=HARM, categories=["data_exposure"])).json()["incident"]
    assert codes(busy, bare)[CodeKind.TAG] == ["privacy"]
    assert "owasp_llm:LLM02:2025" in codes(busy, bare)[CodeKind.EXTERNAL]
    said = await busy.detect(
        facts=HARM, categories=["data_exposure"], tags=["security"], external=["atlas:AML.T0051"]
    )
    found = codes(busy, said.json()["incident"])
    assert found[CodeKind.TAG] == ["security"]
    assert found[CodeKind.EXTERNAL] == ["atlas:AML.T0051"]


async def test_a_trigger_fills_in_its_facts_and_what_it_is_known_by(busy: Door) -> None:
    told = (await busy.detect(trigger="prompt_injection")).json()
    kept = busy.detections.get(told["receipt"])
    assert kept is not None
    assert kept.facts["adversarial"] == "affected_behaviour"
    assert {f"{one.taxonomy}:{one.id}" for one in kept.external} == {
        "owasp_llm:LLM01:2025",
        "atlas:AML.T0051",
        "owasp_agentic:ASI01",
    }


async def test_public_names_are_kept_with_the_version_they_were_checked_against(busy: Door) -> None:
    told = (await busy.detect(facts=HARM, external=["owasp_llm:LLM01:2025", "atlas:AML.T0051"])).json()
    row = busy.incidents.get(told["incident"])
    assert row is not None
    assert row.opening is not None
    assert [(one.taxonomy, one.id, one.version) for one in row.opening.external] == [
        ("owasp_llm", "LLM01:2025", "2025"),
        ("atlas", "AML.T0051", "5.6.0"),
    ]


@pytest.mark.parametrize(
    ("named", "said"),
    [
        ("atlas:AML.T051", "AML.T0051"),
        ("owasp_llm:LLM1:2025", "LLM01:2025"),
        ("owasp_llm:prompt injection", "LLM01:2025 (Prompt Injection)"),
        ("cwe:79", "owasp_llm:ID"),
        ("no colon", "owasp_llm:ID"),
    ],
)
async def test_a_public_name_that_is_not_pinned_is_refused_with_the_nearest(
    busy: Door, named: str, said: str
) -> None:
    answer = await busy.detect(facts=HARM, external=[named])
    assert answer.status_code == 400
    assert said in answer.json()["detail"]


@pytest.mark.parametrize("word", ["Sev-1", "sev 1", "CRITICAL"])
async def test_words_of_other_tools_are_mapped_and_empty_asserts_nothing(busy: Door, word: str) -> None:
    assert (await busy.detect(facts=HARM, severity=word)).json()["severity"] == "critical"
    assert (await busy.detect(facts=HARM, severity="")).json()["severity"] == "high"


@pytest.mark.parametrize("word", ["P0", "CRIT", 9.8, "9.8"])
async def test_a_score_or_an_unmapped_word_is_refused_with_the_list(busy: Door, word: object) -> None:
    answer = await busy.detect(facts=HARM, severity=word)
    assert answer.status_code == 400
    assert "critical" in answer.json()["detail"]
