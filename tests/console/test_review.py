"""The post-incident review: what the record tells, what people write, what is missing, page and PDF."""

from __future__ import annotations

import asyncio
import re
import secrets
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from types import MappingProxyType

import httpx
import pytest

from andon.console.review import ReviewDesk
from andon.domain.decision import DecisionKind, DecisionRecord, DecisionRequest, Option
from andon.domain.detection import Channel, IncidentType, Outcome
from andon.domain.directory import Role
from andon.domain.review import PARTS, Review
from andon.domain.severity import Band, Classification
from andon.domain.values import NOTHING_YET
from andon.register.detections import Detection
from tests.api.server import bearer
from tests.console.alone import alone
from tests.console.desk import Caller, Office
from tests.console.test_pages import signed_in
from tests.register.cases import view

__all__ = ["alone"]
DIAGNOSED = {"root_cause": "permissions", "failed_control": "access_scope"}


async def begun(
    office: Office, severity: Band = Band.HIGH, findings: Mapping[str, str] = MappingProxyType({})
) -> str:
    """Put an incident into the register as its workflow shows it."""
    opening = await office.allot(severity=severity)
    shown = view(opening.incident).model_copy(
        update={"severity": severity, "findings": dict(findings), "system": "refund_desk"}
    )
    office.queries.incidents.show(shown)
    return opening.incident


@pytest.fixture
def http(alone: Office) -> httpx.AsyncClient:
    assert alone.http is not None
    return alone.http


async def write(
    http: httpx.AsyncClient, incident: str, part: str, role: Role = Role.ENGINEER, **body: object
) -> httpx.Response:
    path = f"/v1/incidents/{incident}/review/{part}"
    return await http.post(path, json={"text": f"We saw {part}.", **body}, headers=bearer(role))


async def read(http: httpx.AsyncClient, incident: str) -> dict[str, object]:
    answer = await http.get(f"/v1/incidents/{incident}/review", headers=bearer(Role.AUDITOR))
    found: dict[str, object] = answer.json()
    return found


async def test_a_review_has_five_parts_with_questions_and_names_those_without_words(
    alone: Office, http: httpx.AsyncClient
) -> None:
    incident = await begun(alone, findings=DIAGNOSED)
    found = await read(http, incident)
    parts = found["parts"]
    assert isinstance(parts, list)
    assert tuple(one["name"] for one in parts) == PARTS == tuple(found["missing"])  # type: ignore[arg-type]
    assert all(one["questions"] and one["found"] for one in parts)
    assert f"/incidents/{incident}/review" in str(found["advice"])
    assert [one["type"] for one in found["proposals"]] == ["permission", "eval", "process", "process"]  # type: ignore[attr-defined]


async def test_words_are_sealed_and_kept_in_versions_with_who_and_when(
    alone: Office, http: httpx.AsyncClient
) -> None:
    incident = await begun(alone)
    before = (await read(http, incident))["digest"]
    for number, who in enumerate((Role.ENGINEER, Role.INCIDENT_LEAD), start=1):
        noted = (await write(http, incident, "controls", who, after=number - 1)).json()
        assert (noted["version"], "controls" in noted["missing"]) == (number, False)
    part = (await read(http, incident))["parts"][1]  # type: ignore[index]
    assert part["words"]["text"] == "We saw controls."
    assert (part["words"]["person"], part["words"]["version"]) == ("incident_lead-1", 2)
    assert [one["person"] for one in part["earlier"]] == ["engineer-1"]
    assert (await read(http, incident))["digest"] != before
    kept = alone.queries.texts.of(incident)
    assert not any(b"We saw" in one.stored for one in kept)


async def test_whoever_writes_over_words_they_have_not_seen_is_told(
    alone: Office, http: httpx.AsyncClient
) -> None:
    incident = await begun(alone)
    assert (await write(http, incident, "evidence", after=0)).status_code == 201
    assert (await write(http, incident, "evidence", after=0)).status_code == 409
    assert (await write(http, incident, "blame")).status_code == 404


async def test_at_low_severity_no_part_has_to_be_written(alone: Office, http: httpx.AsyncClient) -> None:
    incident = await begun(alone, Band.LOW)
    assert (await read(http, incident))["missing"] == []


async def test_those_who_check_write_nothing(alone: Office, http: httpx.AsyncClient) -> None:
    incident = await begun(alone)
    for role in (Role.AUDITOR, Role.CUSTODIAN, Role.REPORTER):
        assert (await write(http, incident, "controls", role)).status_code == 403


async def test_what_an_answer_is_given_for_can_be_found_again_by_its_digest(alone: Office) -> None:
    incident = await begun(alone)
    row = alone.queries.incidents.get(incident)
    assert row is not None
    review = await ReviewDesk(alone.parts).kept(row)
    kept = await asyncio.to_thread(alone.parts.policies.get, review.digest())
    assert Review.model_validate_json(kept) == review
    assert review.digest() == (await ReviewDesk(alone.parts).kept(row)).digest()


async def test_before_the_response_has_begun_there_is_nothing_to_review(
    alone: Office, http: httpx.AsyncClient
) -> None:
    incident = (await alone.allot()).incident
    answer = await http.get(f"/v1/incidents/{incident}/review", headers=bearer(Role.ENGINEER))
    assert answer.status_code == 409


async def test_the_page_takes_words_without_script_and_shows_them_inert(
    alone: Office, http: httpx.AsyncClient
) -> None:
    incident = await begun(alone, findings=DIAGNOSED)
    async with signed_in(http, Role.INCIDENT_LEAD) as visitor:
        path = f"/incidents/{incident}/review"
        text = (await visitor.get(path)).text
        assert text.count("<textarea") == len(PARTS)
        csrf = text.split('name="csrf" value="')[1].split('"')[0]
        form = {"csrf": csrf, "part": "changed", "after": "0", "text": "<b>Narrowed</b> it.\u202e"}
        sent = await visitor.post(path, data=form)
        assert sent.status_code in (200, 303)
        again = (await visitor.get(path)).text
        stale = await visitor.post(path, data=form)
        pdf = await visitor.get(f"{path}.pdf")
    assert "&lt;b&gt;Narrowed&lt;/b&gt; it.\ufffd" in again
    assert "Narrow access to the smallest thing" in again
    assert '<dt>Opened at</dt><dd><time datetime="' in again
    assert not re.search(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC", again)
    assert stale.status_code == 409
    assert "Somebody else wrote" in stale.text
    assert pdf.content.startswith(b"%PDF-")


async def test_the_question_for_lessons_offers_what_may_be_changed_and_takes_it_over(
    alone: Office, http: httpx.AsyncClient
) -> None:
    incident = await begun(alone, findings=DIAGNOSED)
    row = alone.queries.incidents.get(incident)
    assert row is not None
    assert row.view is not None
    asked = lessons(incident)
    alone.queries.incidents.show(row.view.model_copy(update={"version": 2, "decisions": (asked,)}))
    async with signed_in(http, Role.INCIDENT_LEAD) as visitor:
        path = f"/incidents/{incident}/decisions/lessons-1"
        text = (await visitor.get(path)).text
        taken = (await visitor.get(path, params={"propose": "2"})).text
    assert text.count("Take it over") == 4
    assert '<option value="eval" selected>' in taken
    assert "cases that look for other customers" in taken.split('name="finding.change_link"')[1][:200]


async def test_lessons_are_not_answered_before_the_review_has_words_in_all_five_parts(
    alone: Office, http: httpx.AsyncClient
) -> None:
    incident = await begun(alone)
    row = alone.queries.incidents.get(incident)
    assert row is not None
    assert row.view is not None
    asked = lessons(incident, review=("<review>",))
    alone.queries.incidents.show(row.view.model_copy(update={"version": 2, "decisions": (asked,)}))
    lead = Caller(http, Role.INCIDENT_LEAD)
    for part in PARTS[:-1]:
        assert (await write(http, incident, part)).status_code == 201
    refused = await lead.answer(incident, "lessons-1", "no_change")
    assert (refused.status_code, refused.json()["type"].rpartition(":")[2]) == (422, "review-incomplete")
    assert "How we will know if it comes back" in refused.json()["detail"]
    assert f"/incidents/{incident}/review" in refused.json()["detail"]
    assert (await write(http, incident, PARTS[-1])).status_code == 201
    digest = (await read(http, incident))["digest"]
    prepared = await lead.answer(incident, "lessons-1", "no_change", prepare=True)
    assert prepared.json()["said"]["findings"] == {"review": digest}


def lessons(incident: str, **findings: tuple[str, ...]) -> DecisionRecord:
    at = datetime.now(UTC)
    request = DecisionRequest(
        id="lessons-1",
        incident=incident,
        kind=DecisionKind.LESSONS,
        opened_at=at,
        deadline=at + timedelta(days=5),
        eligible=(Role.INCIDENT_LEAD,),
        options=tuple(
            Option(id=one, wants=dict.fromkeys(findings, ())) for one in ("lessons_recorded", "no_change")
        ),
        findings={"control_change": ("<change>",), "change_link": ("<text>",), **findings},
        policy=NOTHING_YET,
    )
    return DecisionRecord(request=request)


def caught(office: Office, home: str | None, issue: str | None = None) -> None:
    """Keep a detection of a near miss that a reviewer caught."""
    at = datetime.now(UTC)
    office.queries.detections.record(
        Detection(
            id=f"DET-{secrets.token_urlsafe(12)}",
            incident=home,
            issue=issue,
            system="refund_desk",
            outcome=Outcome.OPENED,
            channel=Channel.HUMAN_REVIEW,
            source="person:rob",
            received_at=at,
            detected_at=at,
            type=IncidentType.SOURCE_FAILURE,
            facts={"caught_before_impact": "yes"},
            potential_facts={"exposure": "public"},
        )
    )


async def near_miss(office: Office) -> str:
    incident = await begun(office, Band.MEDIUM)
    row = office.queries.incidents.get(incident)
    assert row is not None
    assert row.view is not None
    missed = {"classification": Classification.NEAR_MISS, "version": 2}
    office.queries.incidents.show(row.view.model_copy(update=missed))
    caught(office, incident)
    return incident


async def test_a_second_near_miss_that_a_reviewer_caught_is_a_finding_on_page_in_review_and_list(
    alone: Office, http: httpx.AsyncClient
) -> None:
    one = await near_miss(alone)
    async with signed_in(http, Role.INCIDENT_LEAD) as visitor:
        assert "durable control is needed" not in (await visitor.get(f"/incidents/{one}")).text
        other = await near_miss(alone)
        page = (await visitor.get(f"/incidents/{other}")).text
        quality = (await visitor.get("/quality")).text
    assert "A durable control is needed: 2 near misses of refund_desk" in page
    assert f'<a href="/incidents/{one}">{one}</a>' in quality.split("A durable control is needed")[1][:600]
    found = (await read(http, other))["parts"]
    assert found[1]["found"]["durable_control_needed"][0]["homes"] == [one, other]  # type: ignore[index]
    assert any("Which one will you build?" in asked for asked in found[1]["questions"])  # type: ignore[index]
    assert found[0]["found"]["potential_severity"] is not None  # type: ignore[index]
    listed = await http.get(
        "/v1/durable-controls", headers=bearer(Role.AUDITOR), params={"system": "refund_desk"}
    )
    assert [one["homes"] for one in listed.json()["needed"]] == [[one, other]]


async def test_a_vendors_incident_says_which_evidence_of_the_vendor_is_missing(
    alone: Office, http: httpx.AsyncClient
) -> None:
    incident = await begun(alone, findings={"root_cause": "vendor_outage"})
    async with signed_in(http, Role.ENGINEER) as visitor:
        page = (await visitor.get(f"/incidents/{incident}")).text
    assert (
        "Missing among the evidence: the vendor&#39;s status, what was written to and by the vendor" in page
    )
    part = (await read(http, incident))["parts"][2]  # type: ignore[index]
    assert len(part["found"]["vendor_evidence_missing"]) == 2
    assert any("The cause is the vendor's" in asked for asked in part["questions"])
