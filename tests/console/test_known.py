"""Why it is so severe, what nobody knows, what people state, and times set right: in API and page."""

from __future__ import annotations

import secrets
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
from temporalio.client import Client

from andon.domain.detection import Channel, Outcome
from andon.domain.directory import Role
from andon.domain.severity import Band
from andon.register.detections import Detection
from tests.access.conftest import shown, sign_in, visiting
from tests.api.server import bearer
from tests.console.desk import Caller, Office, opened

H9 = {"unauthorized_action": "yes", "autonomy": "acts_alone", "uncertainty": "high"}


async def reported(office: Office, client: Client, facts: dict[str, str | int], **changes: Any) -> str:
    """Open an incident and keep the detection it came from, as the door does."""
    incident = await opened(office, client, **changes)
    at = datetime.now(UTC)
    office.queries.detections.record(
        Detection(
            id=f"DET-{secrets.token_urlsafe(12)}",
            incident=incident,
            system="refund_desk",
            outcome=Outcome.OPENED,
            channel=Channel.MONITORING,
            source="source:monitor",
            received_at=at,
            detected_at=at,
            facts=facts,
        )
    )
    return incident


async def declare(
    http: httpx.AsyncClient, role: Role, incident: str, kind: str, about: dict[str, str], **more: str
) -> httpx.Response:
    body = {"kind": kind, "about": about, "reason": "Seen in the logs", **more}
    return await http.post(f"/v1/incidents/{incident}/declarations", json=body, headers=bearer(role))


async def told(http: httpx.AsyncClient, incident: str) -> dict[str, Any]:
    answer: dict[str, Any] = (await Caller(http, Role.RESPONDER).get(f"/v1/incidents/{incident}")).json()
    return answer


async def test_each_reason_factor_and_open_question_is_told_in_our_words(
    office: Office, http: httpx.AsyncClient, temporal: Client
) -> None:
    incident = await reported(office, temporal, dict(H9))
    explained = (await told(http, incident))["explained"]
    reasons = {one["rule"]: one["why"] for one in explained["reasons"]}
    assert reasons["H9"].startswith("An AI system that can act has acted beyond its rights")
    factors = {one["fact"]: one for one in explained["factors"]}
    assert (factors["unauthorized_action"]["value"], factors["unauthorized_action"]["by"]) == (
        "yes",
        "reported",
    )
    assert (factors["impact"]["value"], factors["impact"]["by"]) == ("unknown", "assumed")
    assert "impact" in explained["open"]
    assert factors["impact"]["question"].startswith("What is the worst effect")
    assert factors["impact"]["values"] == ["none", "minor", "moderate", "major", "severe"]
    assert "unauthorized" in explained["threshold_tests"]
    assert explained["posture"].startswith("Pause the affected work")
    assert [(one["before"], one["after"]) for one in explained["changes"]] == [(None, "high")]


async def test_a_stated_fact_raises_the_severity_with_who_from_to_and_why(
    office: Office, http: httpx.AsyncClient, temporal: Client
) -> None:
    incident = await reported(office, temporal, dict(H9))
    answer = await declare(http, Role.SECURITY, incident, "facts", {"autonomy": "uncontrolled"})
    assert answer.status_code == 201, answer.text
    found = await told(http, incident)
    assert found["severity"] == "critical"
    change = found["explained"]["changes"][-1]
    assert (change["before"], change["after"], change["who"]) == ("high", "critical", ["security-1"])
    assert change["reason"] == "Seen in the logs"
    factor = next(one for one in found["explained"]["factors"] if one["fact"] == "autonomy")
    assert (factor["value"], factor["by"]) == ("uncontrolled", "stated")
    entries = office.queries.ledger.entries(incident)
    stated = [one for one in entries if one.kind == "fact_stated"]
    assert [(one.subject, one.before, one.after) for one in stated] == [
        ("autonomy", "acts_alone", "uncontrolled")
    ]


async def test_a_fact_that_makes_it_milder_is_kept_and_lowers_nothing(
    office: Office, http: httpx.AsyncClient, temporal: Client
) -> None:
    incident = await reported(office, temporal, dict(H9))
    about = {"unauthorized_action": "no", "uncertainty": "low"}
    assert (await declare(http, Role.SECURITY, incident, "facts", about)).status_code == 201
    found = await told(http, incident)
    assert found["severity"] == "high"
    assert found["explained"]["by_policy"] in ("low", "medium")
    assert found["provisional"] is False


@pytest.mark.parametrize(
    ("about", "says"),
    [
        ({"mood": "bad"}, "mood"),
        ({"data_exposed": "everywhere"}, "use one of"),
        ({"affected_count": "many"}, "whole number"),
    ],
)
async def test_a_fact_or_value_that_the_policy_does_not_know_is_refused_with_what_there_is(
    office: Office, http: httpx.AsyncClient, temporal: Client, about: dict[str, str], says: str
) -> None:
    incident = await reported(office, temporal, dict(H9))
    answer = await declare(http, Role.SECURITY, incident, "facts", about)
    assert answer.status_code == 422
    assert says in answer.json()["detail"]


async def test_a_time_set_right_stands_beside_what_was_said_first(
    office: Office, http: httpx.AsyncClient, temporal: Client
) -> None:
    said = datetime.now(UTC) - timedelta(hours=2)
    right = said - timedelta(hours=1)
    incident = await reported(office, temporal, dict(H9), occurred_at=said)
    about = {"which": "occurred", "at": right.isoformat()}
    assert (await declare(http, Role.LEGAL, incident, "times", about)).status_code == 201
    times = {one["which"]: one for one in (await told(http, incident))["times"]["times"]}
    occurred = times["occurred"]
    assert datetime.fromisoformat(occurred["at"]) == right
    assert datetime.fromisoformat(occurred["first"]) == said
    [correction] = occurred["corrections"]
    assert (correction["person"], correction["reason"]) == ("legal-1", "Seen in the logs")


async def test_a_time_without_its_zone_or_ahead_is_refused_with_the_reason(
    office: Office, http: httpx.AsyncClient, temporal: Client
) -> None:
    incident = await reported(office, temporal, dict(H9))
    for at, says in (("2026-03-29T02:30:00", "zone"), ("2100-01-01T00:00:00Z", "ahead"), ("soon", "zone")):
        answer = await declare(http, Role.LEGAL, incident, "times", {"which": "occurred", "at": at})
        assert answer.status_code == 422
        assert says in answer.json()["detail"]


async def test_whoever_opens_a_programs_report_first_is_the_first_who_knew(
    office: Office, http: httpx.AsyncClient, temporal: Client
) -> None:
    incident = await reported(office, temporal, dict(H9))
    async with visiting(str(http.base_url)) as visitor:
        await sign_in(visitor, Role.LEGAL)
        await visitor.get(f"/incidents/{incident}")
    times = (await told(http, incident))["times"]
    assert times["aware"] == "legal-1"
    assert next(one for one in times["times"] if one["which"] == "aware")["at"]


async def test_the_page_states_facts_and_sets_times_right(
    office: Office, http: httpx.AsyncClient, temporal: Client
) -> None:
    incident = await reported(office, temporal, dict(H9))
    async with visiting(str(http.base_url)) as visitor:
        await sign_in(visitor, Role.INCIDENT_LEAD)
        page = (await visitor.get(f"/incidents/{incident}/known")).text
        assert "Who saw or received the output" in page
        form = {"csrf": shown(page, "csrf"), "key": shown(page, "key"), "reason": "I looked"}
        facts = {**form, "what": "facts", "fact.impact": "severe", "fact.financial": ""}
        assert (await visitor.post(f"/incidents/{incident}/known", data=facts)).status_code == 303
        times = {**form, "key": f"{form['key']}-times", "what": "times", "which": "occurred"}
        sent = {**times, "at": "2026-03-01T10:30"}
        assert (await visitor.post(f"/incidents/{incident}/known", data=sent)).status_code == 303
        view = await office.until(incident, lambda view: view.corrections)
        assert view.facts == {"impact": "severe"}
        page = (await visitor.get(f"/incidents/{incident}")).text
        assert "Set right by incident_lead-1" in page
        assert "first said: nothing" in page
        assert "stated since" in page


async def test_a_form_that_states_nothing_is_explained_and_its_words_are_kept(
    office: Office, http: httpx.AsyncClient, temporal: Client
) -> None:
    incident = await reported(office, temporal, dict(H9))
    async with visiting(str(http.base_url)) as visitor:
        await sign_in(visitor, Role.INCIDENT_LEAD)
        page = (await visitor.get(f"/incidents/{incident}/known")).text
        form = {"csrf": shown(page, "csrf"), "key": shown(page, "key"), "what": "facts"}
        answer = await visitor.post(
            f"/incidents/{incident}/known", data={**form, "fact.impact": "", "reason": "My long story"}
        )
    assert answer.status_code == 400
    assert "State at least one fact" in answer.text
    assert "My long story" in answer.text


async def test_no_rule_of_the_shipped_policy_makes_silence_of_customers_count(office: Office) -> None:
    policy = office.shelf.severity
    assert not [name for name in policy.facts if "complain" in name or "silence" in name]
    conditions = [one.when for one in (*policy.rules, *policy.bumps)]
    assert not [one for one in conditions if "complain" in one]


async def test_critical_is_not_lowered_by_one_person_whatever_the_reason(
    office: Office, http: httpx.AsyncClient, temporal: Client
) -> None:
    incident = await reported(office, temporal, dict(H9), severity=Band.CRITICAL)
    lead = Caller(http, Role.INCIDENT_LEAD)
    asked = await lead.http.post(
        f"/v1/incidents/{incident}/proposals",
        json={"kind": "severity_downgrade", "about": {"severity": "low"}, "reason": "No customer complained"},
        headers=bearer(Role.INCIDENT_LEAD),
    )
    assert asked.status_code == 201, asked.text
    decision = asked.json()["decision"]
    first = await lead.answer(incident, decision, "lower", reason="No customer complained")
    assert first.status_code in (200, 201, 403), first.text
    assert (await told(http, incident))["severity"] == "critical"
