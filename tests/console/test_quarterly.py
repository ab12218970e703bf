"""The quarterly review as JSON, page, HTML file, PDF and CSV, and the decisions on use."""

from __future__ import annotations

import csv
import io
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from andon.domain.directory import Role
from andon.domain.quarter import quarter_around
from andon.domain.severity import Band, Classification
from tests.api.server import bearer
from tests.console.desk import SYSTEM, Caller, Office
from tests.console.test_pages import signed_in
from tests.console.test_quality import kept

OWNER = f"{Role.BUSINESS_OWNER}-1"
BEGUN, ENDED = quarter_around(datetime.now(UTC))
SIX = [
    "1. Incident count",
    "2. Near misses",
    "3. Repeated causes",
    "4. Open remediation",
    "5. Workflow changes",
    "6. Approved use",
]


def a_use(**changes: object) -> dict[str, Any]:
    return {
        "system": SYSTEM,
        "since": BEGUN.isoformat(),
        "until": ENDED.isoformat(),
        "answer": "narrowed",
        "owner": OWNER,
        "reason": "up to 100 EUR only",
        **changes,
    }


async def decided(
    http: httpx.AsyncClient, role: Role = Role.BUSINESS_OWNER, **changes: Any
) -> httpx.Response:
    return await http.post("/v1/quarterly/uses", json=a_use(**changes), headers=bearer(role))


async def told(http: httpx.AsyncClient, **query: Any) -> dict[str, Any]:
    answer = await Caller(http, Role.AUDITOR).get("/v1/quarterly", **query)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def test_a_review_has_what_its_quarter_has_and_near_misses_with_both_severities(
    office: Office, http: httpx.AsyncClient
) -> None:
    missed = await office.allot(classification=Classification.NEAR_MISS, severity=Band.LOW)
    await office.allot(exercise=True)
    found = await told(http)
    (near,) = [one for one in found["near_misses"] if one["id"] == missed.incident]
    assert (near["actual"], near["potential"]) == ("low", None)
    assert len(found["near_misses"]) == found["metrics"]["near_misses"]
    assert sum(found["by_class"].values()) == found["metrics"]["incidents"]
    assert sum(month["incidents"] for month in found["months"]) == found["metrics"]["incidents"]


async def test_a_caught_draft_is_in_metrics_and_review_with_what_it_could_have_been(
    office: Office, http: httpx.AsyncClient
) -> None:
    before = (await told(http))["metrics"]["near_misses"]
    draft = await kept(office, classification=Classification.NEAR_MISS, potential=Band.HIGH)
    after = await told(http)
    (near,) = [one for one in after["near_misses"] if one["id"] == draft.id]
    assert (near["actual"], near["potential"]) == ("low", "high")
    assert after["metrics"]["near_misses"] == before + 1
    metrics = (await Caller(http, Role.AUDITOR).get("/v1/metrics", system=draft.system)).json()
    assert metrics["near_misses"] == 1
    listed = (await Caller(http, Role.AUDITOR).get("/v1/near-misses", system=draft.system)).json()
    assert [one["id"] for one in listed["near_misses"]] == [draft.id]


async def test_use_is_unanswered_until_somebody_answers_for_it_and_the_last_answer_counts(
    office: Office, http: httpx.AsyncClient
) -> None:
    since = (BEGUN - timedelta(days=1)).isoformat()
    (before,) = [one for one in (await told(http, since=since))["uses"] if one["system"] == SYSTEM]
    assert before["decision"] is None
    assert (await decided(http, since=since, answer="yes")).status_code == 201
    made = (await decided(http, Role.EXECUTIVE, since=since)).json()
    (after,) = [one for one in (await told(http, since=since))["uses"] if one["system"] == SYSTEM]
    assert (after["decision"]["answer"], after["decision"]["owner"], after["before"]) == (
        "narrowed",
        OWNER,
        1,
    )
    assert (after["decision"]["by"], after["reason"]) == (f"{Role.EXECUTIVE}-1", "up to 100 EUR only")
    assert office.parts.kept_texts.with_digest("quarterly", made["reason"]).stored != b"up to 100 EUR only"
    (other,) = [one for one in (await told(http))["uses"] if one["system"] == SYSTEM]
    assert (other["decision"] or {}).get("id") != made["id"], "an answer is for its own period"


@pytest.mark.long
async def test_a_decision_names_an_ai_system_and_somebody_who_can_answer_for_it(
    http: httpx.AsyncClient,
) -> None:
    wrong: tuple[tuple[dict[str, Any], int], ...] = (
        ({"system": "elsewhere"}, 404),
        ({"owner": f"{Role.ENGINEER}-1"}, 400),
        ({"owner": "stranger"}, 400),
        ({"answer": "maybe"}, 400),
        ({"reason": " "}, 400),
        ({"until": BEGUN.isoformat()}, 400),
    )
    for changes, status in wrong:
        answer = await decided(http, **changes)
        assert answer.status_code == status, (changes, answer.text)
    assert (await decided(http, Role.ENGINEER)).status_code == 403


@pytest.mark.long
async def test_what_is_no_period_is_refused(http: httpx.AsyncClient) -> None:
    caller = Caller(http, Role.AUDITOR)
    for since, until in ((ENDED, BEGUN), (BEGUN, BEGUN), (BEGUN - timedelta(days=2000), BEGUN)):
        answer = await caller.get("/v1/quarterly", since=since.isoformat(), until=until.isoformat())
        assert answer.status_code == 400
        assert answer.json()["type"].endswith("no-such-period")


async def test_the_page_has_six_parts_and_takes_a_decision(office: Office, http: httpx.AsyncClient) -> None:
    await office.allot()
    days = {"from": "2020-01-01", "to": "2020-04-01"}
    async with signed_in(http, Role.BUSINESS_OWNER) as visitor:
        text = (await visitor.get("/quarterly")).text
        assert [one for one in SIX if one not in text] == []
        assert "There is no target of no incidents" in text
        assert text.count("<svg") == text.count("</svg>") >= 8
        csrf = text.split('name="csrf" value="')[1].split('"')[0]
        form = {"csrf": csrf, "since": days["from"], "until": days["to"], "system": SYSTEM}
        form |= {"answer": "no", "owner": OWNER, "reason": "<script>alert(1)</script>"}
        sent = await visitor.post("/quarterly/uses", data=form)
        assert sent.status_code == 303
        after = (await visitor.get("/quarterly", params=days)).text
    assert "no: taken out of use" in after
    assert "<script>alert" not in after
    assert "&lt;script&gt;alert" in after


@pytest.mark.long
async def test_files_are_handed_out_and_a_sheet_that_is_none_is_not_found(
    office: Office, http: httpx.AsyncClient
) -> None:
    await office.allot()
    async with signed_in(http, Role.AUDITOR) as visitor:
        html, pdf, sheet, none = [
            await visitor.get(f"/quarterly{name}")
            for name in (".html", ".pdf", "/by-system.csv", "/other.csv")
        ]
        page = (await visitor.get("/quarterly")).text
    assert html.text.startswith("<!doctype html>")
    assert pdf.content.startswith(b"%PDF-")
    rows = list(csv.reader(io.StringIO(sheet.text)))
    assert rows[0] == ["AI system", "incidents"]
    assert int(dict(rows[1:])[SYSTEM]) >= 1
    assert none.status_code == 404
    assert "Put on record" not in page, "an auditor decides nothing"
