"""Words and taxonomies are shown as policy has them now; incidents are found and counted by them."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from andon.config import PolicySettings
from andon.console.app import create_app
from andon.console.policy import PolicyOnShow
from andon.domain.detection import Channel, Outcome
from andon.domain.directory import Role
from andon.register.codes import CodeKind
from andon.register.detections import Detection
from tests.api.server import bearer, running
from tests.console.alone import alone
from tests.console.desk import Office
from tests.console.test_pages import signed_in
from tests.register.cases import TITLE, opening

__all__ = ["alone"]

OWN = "definitions:\n  near_miss: {term: Near miss, text: Nobody was hurt this time., source: our handbook}\n"


async def got(office: Office, path: str, role: Role = Role.REPORTER) -> Any:
    assert office.http is not None
    answer = await office.http.get(path, headers=bearer(role))
    assert answer.status_code == 200, answer.text
    return answer.json()


async def test_every_word_is_listed_with_its_meaning_and_source(alone: Office) -> None:
    found = (await got(alone, "/v1/definitions"))["definitions"]
    ids = {one["id"] for one in found}
    assert {"ai_incident", "near_miss", "containment", "fallback", "remediation", "rollback"} <= ids
    assert {"post_incident_review", "quality_issue", "severity_level"} <= ids
    assert all(one["text"] and one["source"] and one["origin"] == "shipped" for one in found)


def test_an_organisations_own_term_replaces_the_shipped_one_whole_and_at_once(tmp_path: Path) -> None:
    shown = PolicyOnShow(PolicySettings(playbooks=tmp_path))
    shipped = shown.shelf().lexicon.definitions
    (tmp_path / "definitions.yaml").write_text(OWN)
    own = shown.shelf().lexicon.definitions
    assert own["near_miss"].text == "Nobody was hurt this time."
    assert own["near_miss"].origin == "organisation"
    assert own["rollback"] == shipped["rollback"]


def test_a_file_that_can_not_be_used_leaves_what_was_in_force(tmp_path: Path) -> None:
    shown = PolicyOnShow(PolicySettings(playbooks=tmp_path))
    before = shown.shelf()
    (tmp_path / "definitions.yaml").write_text("definitions: {near_miss: {term: x}}\n")
    assert shown.shelf() is before


async def test_the_trigger_list_has_14_entries_of_which_12_are_distinct(alone: Office) -> None:
    found = await got(alone, "/v1/triggers", Role.DETECTOR)
    assert (found["entries"], found["distinct"], len(found["triggers"])) == (14, 12, 14)
    by_id = {one["id"]: one for one in found["triggers"]}
    assert all(one["source"] and one["meaning"] and one["facts"] for one in found["triggers"])
    assert by_id["prompt_injection"]["same_as"] == "adversarial"
    for one in found["triggers"]:
        if one["same_as"]:
            assert one["facts"] == by_id[one["same_as"]]["facts"]


async def test_every_class_category_type_and_tag_has_a_meaning(alone: Office) -> None:
    found = await got(alone, "/v1/classification")
    assert {name: len(found[name]) for name in found} == {
        "classes": 5,
        "categories": 6,
        "types": 7,
        "tags": 5,
    }


async def test_a_pinned_taxonomy_is_listed_and_shown_whole(alone: Office) -> None:
    listed = {one["id"]: one for one in (await got(alone, "/v1/taxonomies"))["taxonomies"]}
    assert {"atlas", "owasp_llm", "owasp_agentic", "avid", "oecd"} <= set(listed)
    whole = await got(alone, "/v1/taxonomies/owasp_llm")
    assert whole["terms"]["LLM01:2025"] == "Prompt Injection"
    assert whole["version"] == listed["owasp_llm"]["version"]
    assert alone.http is not None
    missing = await alone.http.get("/v1/taxonomies/aiid", headers=bearer(Role.REPORTER))
    assert missing.status_code == 404


@pytest.fixture(scope="session")
def coded(alone: Office) -> Office:
    """Three incidents with categories and tags."""
    for number, codes in enumerate(
        (
            {CodeKind.CATEGORY: ["data_exposure", "retrieval_failure"], CodeKind.TAG: ["privacy"]},
            {CodeKind.CATEGORY: ["data_exposure"], CodeKind.EXTERNAL: ["owasp_llm:LLM02:2025"]},
            {CodeKind.CATEGORY: ["output_quality"], CodeKind.TAG: ["legal"]},
        )
    ):
        name = f"INC-20260302-coded{number}"
        alone.queries.incidents.allot(opening(name), dedupe=None, title=TITLE)
        alone.queries.codes.note(name, codes)
    return alone


@pytest.mark.parametrize(
    ("query", "numbers"),
    [
        ("category=data_exposure", {0, 1}),
        ("category=data_exposure&tag=privacy", {0}),
        ("tag=legal", {2}),
        ("external=owasp_llm:LLM02:2025", {1}),
        ("type=unauthorised_tool_action&channel=monitoring", {0, 1, 2}),
        ("type=privacy_event", set()),
        ("first=due&category=output_quality", {2}),
        (
            "classification=ai_incident&severity=high&stage=detect&system=refund_desk&category=output_quality",
            {2},
        ),
    ],
)
async def test_incidents_are_found_by_what_they_are_called(
    coded: Office, query: str, numbers: set[int]
) -> None:
    found = (await got(coded, f"/v1/incidents?{query}"))["incidents"]
    assert {one["id"] for one in found} == {f"INC-20260302-coded{number}" for number in numbers}


async def test_one_incident_with_two_categories_counts_in_both(coded: Office) -> None:
    found = await got(coded, "/v1/incidents/counts?state=open")
    assert found["total"] == 3
    assert found["category"] == {"data_exposure": 2, "output_quality": 1, "retrieval_failure": 1}
    assert found["tag"] == {"legal": 1, "privacy": 1}
    assert found["type"] == {"unauthorised_tool_action": 3}
    assert found["severity"] == {"high": 3}
    narrowed = await got(coded, "/v1/incidents/counts?category=data_exposure")
    assert (narrowed["total"], narrowed["tag"]) == (2, {"privacy": 1})


async def test_a_word_outside_its_list_is_refused_with_the_list(coded: Office) -> None:
    assert coded.http is not None
    answer = await coded.http.get("/v1/incidents?category=leak", headers=bearer(Role.REPORTER))
    assert answer.status_code == 400
    assert "data_exposure" in answer.json()["detail"]


async def test_time_to_detection_is_told_by_channel(coded: Office) -> None:
    now = coded.parts.now()
    for number, (channel, hours) in enumerate((("monitoring", 1), ("monitoring", 3), ("user_report", None))):
        coded.queries.detections.record(
            Detection(
                id=f"DET-timed{number}",
                incident=None,
                system="refund_desk",
                outcome=Outcome.QUALITY_ISSUE,
                channel=Channel(channel),
                source="source:monitor",
                received_at=now,
                detected_at=now,
                occurred_at=now - timedelta(hours=hours) if hours else None,
            )
        )
    found = (await got(coded, "/v1/detections/times?days=1"))["channels"]
    assert found["monitoring"] == {
        "detections": 2,
        "timed": 2,
        "median_seconds": 7200.0,
        "longest_seconds": 10800.0,
    }
    assert found["user_report"]["median_seconds"] is None


async def test_the_form_for_reports_shows_what_the_words_mean(alone: Office, tmp_path: Path) -> None:
    (tmp_path / "definitions.yaml").write_text(OWN)
    parts = replace(alone.parts, policy=PolicyOnShow(PolicySettings(playbooks=tmp_path)))
    async with (
        running(create_app(parts)) as url,
        httpx.AsyncClient(base_url=url, timeout=20, trust_env=False) as http,
        signed_in(http, Role.REPORTER) as visitor,
    ):
        form = (await visitor.get("/report")).text
        assert "Nobody was hurt this time." in form
        assert "our own definition" in form
        assert "Nobody was hurt this time." in (await visitor.get("/words")).text


async def test_the_page_of_incidents_is_narrowed_by_what_they_are_called(coded: Office) -> None:
    assert coded.http is not None
    async with signed_in(coded.http, Role.RESPONDER) as visitor:
        page = (await visitor.get("/incidents?category=output_quality&tag=legal")).text
        assert "INC-20260302-coded2" in page
        assert "INC-20260302-coded0" not in page
        assert (await visitor.get("/incidents?tag=loud")).status_code == 400
