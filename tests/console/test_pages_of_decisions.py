"""The pages on which people ask, look at the evidence, and see clocks, stages and marks."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import httpx
import pytest
from temporalio.client import Client

from andon.console.screens.moments import moment, term
from andon.domain.business_time import Term
from andon.domain.directory import Absence, Directory, Role
from tests.console.desk import Caller, Office, opened
from tests.console.test_pages import SAME, field, signed_in
from tests.console.test_proposals import STATEMENT, ask

NOW = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)


async def test_a_decision_is_asked_for_on_a_page_and_a_second_click_asks_for_nothing_twice(
    office: Office, http: httpx.AsyncClient, temporal: Client
) -> None:
    incident = await opened(office, temporal)
    async with signed_in(http, Role.INCIDENT_LEAD) as visitor:
        page = await visitor.get(f"/incidents/{incident}")
        assert f"/incidents/{incident}/ask/public_statement" in page.text
        place = f"/incidents/{incident}/ask/public_statement"
        form = await visitor.get(place)
        typed = {name: field(form.text, name) for name in ("csrf", "key")}
        typed |= {"reason": "the press asks", "text": "We stopped it.\r\n<b>All is well.</b>"}
        answers = [await visitor.post(place, data=typed, headers=SAME) for _ in range(2)]
        assert [one.status_code for one in answers] == [303, 303]
        assert {one.headers["location"] for one in answers} == {
            f"/incidents/{incident}/decisions/public_statement-1"
        }
    async with signed_in(http, Role.LEGAL) as visitor:
        question = (await visitor.get(f"/incidents/{incident}/decisions/public_statement-1")).text
        assert "We stopped it.\n&lt;b&gt;All is well.&lt;/b&gt;" in question
        assert "incident_lead-1" in question


WRONG = [
    pytest.param({"reason": ""}, 400, "Give a reason", id="no reason"),
    pytest.param({"text": ""}, 422, "word for word", id="no text"),
    pytest.param({"csrf": "0" * 64}, 403, "not sent from a page", id="another session's token"),
]


@pytest.mark.parametrize(("changes", "status", "said"), WRONG)
async def test_what_was_typed_is_kept_when_it_is_not_taken(
    office: Office,
    http: httpx.AsyncClient,
    temporal: Client,
    *,
    changes: dict[str, str],
    status: int,
    said: str,
) -> None:
    incident = await opened(office, temporal)
    place = f"/incidents/{incident}/ask/public_statement"
    async with signed_in(http, Role.INCIDENT_LEAD) as visitor:
        form = await visitor.get(place)
        typed = {name: field(form.text, name) for name in ("csrf", "key")}
        typed |= {"reason": "because of the press", "text": "A draft."}
        answer = await visitor.post(place, data=typed | changes, headers=SAME)
    assert answer.status_code == status
    assert said in answer.text
    if status != 403:
        assert field(answer.text, "key") == typed["key"]
        kept = [value for name, value in typed.items() if name in ("reason", "text") and name not in changes]
        assert all(value in answer.text for value in kept)


async def test_a_page_to_ask_opens_only_for_those_who_may_ask(
    office: Office, http: httpx.AsyncClient, temporal: Client
) -> None:
    incident = await opened(office, temporal)
    for role, kind, status in (
        (Role.LEGAL, "external_counsel", 200),
        (Role.ENGINEER, "external_counsel", 404),
        (Role.LEGAL, "restart", 404),
        (Role.LEGAL, "king", 404),
        (Role.REPORTER, "external_counsel", 403),
    ):
        async with signed_in(http, role) as visitor:
            answer = await visitor.get(f"/incidents/{incident}/ask/{kind}")
            assert answer.status_code == status, (role, kind)


async def test_all_eleven_stages_stand_on_the_page_with_owner_and_clock(
    office: Office, http: httpx.AsyncClient, temporal: Client
) -> None:
    incident = await opened(office, temporal)
    told = (await Caller(http, Role.LEGAL).get(f"/v1/incidents/{incident}")).json()
    stages = {one["stage"]: one for one in told["sla"]}
    assert len(stages) == 11
    assert all(one["owner"] for one in stages.values())
    clocked = {name for name, one in stages.items() if one["due"]}
    assert set(stages) - clocked == {"detect", "monitor"}
    assert (stages["triage_classify"]["state"], stages["learn_close"]["state"]) == ("running", "pending")
    assert stages["contain"]["within"] == "same business day, at most PT8H"
    async with signed_in(http, Role.LEGAL) as visitor:
        page = (await visitor.get(f"/incidents/{incident}")).text
    for words in ("11. Learn and close", "Incident lead", "7 d once it begins", "Lead</dt>"):
        assert words in page


async def test_more_time_is_marked_for_ever_and_the_seven_questions_say_what_they_led_to(
    office: Office, http: httpx.AsyncClient, temporal: Client
) -> None:
    incident = await opened(office, temporal)
    await Caller(http, Role.RESPONDER).answer(incident, "triage-1", "confirm")
    await office.until(incident, lambda view: any(one.request.id == "impact-1" for one in view.decisions))
    about = {"decision": "legal_review-1", "hours": "4"}
    more = {"kind": "clock_extension", "reason": "counsel is travelling", "about": about}
    assert (await ask(http, Role.LEGAL, incident, more)).status_code == 201
    owner = Caller(http, Role.BUSINESS_OWNER)
    assert (await owner.answer(incident, "clock_extension-1", "extend")).status_code == 200
    findings = {"left_company": "yes", "data_exposed": "unknown", "took_action": "no"}
    assert (await owner.answer(incident, "impact-1", "segment", findings=findings)).status_code == 200
    await office.until(incident, lambda view: view.findings)
    told = (await owner.get(f"/v1/incidents/{incident}")).json()
    mark = next(one for one in told["marks"] if one["kind"] == "extended")
    assert (mark["about"], mark["detail"]) == ("legal_review-2", "clock_extension-1")
    led = {one["question"]: one for one in told["escalation"]}
    assert led["left_company"]["facts"] == {"exposure": "external_limited"}
    assert led["data_exposed"]["brought_in"] == ["privacy", "legal"]
    assert led["data_exposed"]["facts"] == {}
    assert led["took_action"]["brought_in"] == []
    assert led["obligation"]["answer"] is None
    async with signed_in(http, Role.LEGAL) as visitor:
        page = (await visitor.get(f"/incidents/{incident}")).text
    assert "Given more time by clock_extension-1" in page
    assert "given more time by clock_extension-1" in page
    assert "Did anything wrong leave the company?" in page


async def test_the_evidence_page_lists_items_and_gaps_and_counts_as_opened(
    office: Office, http: httpx.AsyncClient, temporal: Client
) -> None:
    incident = await opened(office, temporal)
    async with signed_in(http, Role.SECURITY) as visitor:
        page = await visitor.get(f"/incidents/{incident}/evidence")
    assert page.status_code == 200
    assert "What is missing" in page.text
    found = office.parts.openings.of(incident)
    assert [(one.person, one.exhibit) for one in found] == [("security-1", "evidence")]


async def test_incidents_are_listed_by_whom_they_ask_and_by_what_runs_out_first(
    office: Office, http: httpx.AsyncClient, temporal: Client
) -> None:
    incident = await opened(office, temporal)
    await ask(http, Role.INCIDENT_LEAD, incident, STATEMENT)
    for role, asked_of, there in (
        (Role.EXECUTIVE, "me", True),
        (Role.LEGAL, "executive", True),
        (Role.HR, "me", False),
        (Role.LEGAL, "finance", False),
    ):
        listed = await Caller(http, role).get("/v1/incidents", asked_of=asked_of, limit=200)
        assert (incident in [one["id"] for one in listed.json()["incidents"]]) == there, (role, asked_of)
    due = (await Caller(http, Role.LEGAL).get("/v1/incidents", first="due", limit=200)).json()["incidents"]
    times = [one["next_deadline"] for one in due if one["next_deadline"]]
    assert times == sorted(times)
    assert all(one["state"] == "open" for one in due)
    assert (await Caller(http, Role.LEGAL).get("/v1/incidents", asked_of="king")).status_code == 400
    async with signed_in(http, Role.EXECUTIVE) as visitor:
        page = await visitor.get("/incidents?asked_of=me")
        assert incident in page.text
        assert re.search(r'<option value="me" selected>', page.text)


def test_times_are_in_the_readers_zone_with_the_zone_named() -> None:
    for zone, text in (
        ("Europe/Berlin", "10:30:00 CET"),
        ("Asia/Tokyo", "18:30:00 JST"),
        ("Asia/Dubai", "13:30:00 UTC+04"),
        ("UTC", "09:30:00 UTC"),
    ):
        assert moment(NOW, NOW.astimezone(ZoneInfo(zone))).text == text
    over_midnight = moment(NOW + timedelta(hours=14), NOW.astimezone(ZoneInfo("Asia/Tokyo")))
    assert over_midnight.text == "03 Mar 2026, 08:30 JST"


@pytest.mark.parametrize(
    ("written", "text"),
    [
        ("PT30M", "30 min"),
        ("4 business hours", "4 business hours"),
        ("same business day, at most PT8H", "same business day, at most 8 h"),
    ],
)
def test_a_time_to_answer_is_told_as_the_policy_wrote_it(written: str, text: str) -> None:
    assert term(Term.model_validate(written)) == text


async def test_whoever_stands_in_for_somebody_away_answers_on_the_page_in_that_role(
    office: Office, http: httpx.AsyncClient, temporal: Client
) -> None:
    incident = await opened(office, temporal)
    people = office.queries.people
    before, now = people.base(), datetime.now(UTC)
    away = Absence(since=now - timedelta(hours=1), until=now + timedelta(hours=1))
    changed = [
        one.model_copy(update={"delegates": ("privacy-1",), "absences": (away,)})
        if one.id == "legal-1"
        else one
        for one in before.people
    ]
    people.put_directory(Directory(people=tuple(changed)), now)
    try:
        async with signed_in(http, Role.PRIVACY) as visitor:
            place = f"/incidents/{incident}/decisions/legal_review-1"
            page = await visitor.get(place)
            assert "privacy-1, standing in for legal" in page.text
            typed = {name: field(page.text, name) for name in ("csrf", "key")}
            typed |= {"option": "no_disclosure_needed", "reason": "no personal data"}
            answer = await visitor.post(place, data=typed, headers=SAME)
            assert answer.status_code == 303, answer.text
        view = await office.until(incident, lambda view: any(one.outcome for one in view.decisions))
        settled = next(one for one in view.decisions if one.outcome)
        assert (settled.accepted[0].person, settled.accepted[0].role) == ("privacy-1", Role.LEGAL)
    finally:
        people.put_directory(before, datetime.now(UTC))
