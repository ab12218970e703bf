"""What the API tells of quality issues, near misses and suggested merges."""

from __future__ import annotations

import secrets
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx

from andon.domain.detection import Channel, Outcome
from andon.domain.directory import Role
from andon.domain.severity import Band, Classification
from andon.register.detections import Detection
from andon.register.links import LinkKind
from andon.register.quality import IssueState, QualityIssue
from tests.console.desk import Caller, Office
from tests.console.test_pages import signed_in

LEAD = Role.INCIDENT_LEAD


async def kept(office: Office, title: str = "A poor answer", **changes: Any) -> QualityIssue:
    at = datetime.now(UTC)
    name = f"QI-{at:%Y%m%d}-{secrets.token_hex(3)}"
    sealed = await office.parts.texts.seal(name, "title", title)
    fields: dict[str, Any] = {
        "id": name,
        "system": f"bot_{secrets.token_hex(4)}",
        "state": IssueState.OPEN,
        "classification": Classification.QUALITY_ISSUE,
        "severity": Band.LOW,
        "actual": Band.LOW,
        "potential": None,
        "provisional": False,
        "type": None,
        "cause": "type:model_drift",
        "title": sealed,
        "first_seen": at - timedelta(hours=1),
        "last_seen": at,
        "opened_at": at,
        "count": 1,
    }
    issue = QualityIssue(**{**fields, **changes})
    office.queries.issues.note(issue, None)
    office.queries.detections.record(
        Detection(
            id=f"DET-{secrets.token_urlsafe(12)}",
            incident=None,
            issue=issue.id,
            system=issue.system,
            outcome=Outcome.QUALITY_ISSUE,
            channel=Channel.MONITORING,
            source="source:monitor",
            received_at=at,
            detected_at=issue.first_seen,
        )
    )
    return issue


async def test_issues_are_listed_by_what_one_asks_for_and_counted(
    office: Office, http: httpx.AsyncClient
) -> None:
    issue = await kept(office)
    near = await kept(office, system=issue.system, classification=Classification.NEAR_MISS)
    caller = Caller(http, LEAD)
    both = (await caller.get("/v1/quality-issues", system=issue.system)).json()
    assert ([one["id"] for one in both["issues"]], both["count"]) == ([near.id, issue.id], 2)
    poor = await caller.get("/v1/quality-issues", system=issue.system, classification="quality_issue")
    assert [one["title"] for one in poor.json()["issues"]] == ["A poor answer"]
    first = (await caller.get("/v1/quality-issues", system=issue.system, limit=1)).json()
    rest = (await caller.get("/v1/quality-issues", system=issue.system, before=first["next"])).json()
    assert [one["id"] for one in rest["issues"]] == [issue.id]


async def test_an_issue_is_told_whole(office: Office, http: httpx.AsyncClient) -> None:
    issue = await kept(office)
    office.queries.links.add(
        LinkKind.PROMOTED, issue.id, "INC-20261001-abc123", why="promoted", at=issue.opened_at, by="andon"
    )
    told = (await Caller(http, LEAD).get(f"/v1/quality-issues/{issue.id}")).json()
    assert [one["source"] for one in told["detections"]] == ["source:monitor"]
    assert [(one["kind"], one["target"]) for one in told["links"]] == [("promoted", "INC-20261001-abc123")]
    assert (await Caller(http, LEAD).get("/v1/quality-issues/QI-20261001-nobody")).status_code == 404


async def test_a_reporter_sees_that_there_are_issues_and_not_what_was_said(
    office: Office, http: httpx.AsyncClient
) -> None:
    issue = await kept(office)
    caller = Caller(http, Role.REPORTER)
    (listed,) = (await caller.get("/v1/quality-issues", system=issue.system)).json()["issues"]
    assert listed["title"] is None
    assert (await caller.get(f"/v1/quality-issues/{issue.id}")).status_code == 403


async def test_near_misses_of_both_kinds_are_listed_with_both_severities(
    office: Office, http: httpx.AsyncClient
) -> None:
    small = await kept(office, classification=Classification.NEAR_MISS, potential=Band.MEDIUM)
    large = await office.allot(classification=Classification.NEAR_MISS)
    told = (await Caller(http, LEAD).get("/v1/near-misses")).json()
    found = {one["id"]: one for one in told["near_misses"]}
    assert (found[small.id]["actual"], found[small.id]["potential"]) == ("low", "medium")
    assert found[large.incident]["actual"] == "low"
    assert told["count"] >= 2


async def test_suggestions_are_of_incidents_that_are_open(office: Office, http: httpx.AsyncClient) -> None:
    one, other = await office.allot(), await office.allot()
    office.queries.links.add(
        LinkKind.SUGGESTED, one.incident, other.incident, why="same_trace", at=datetime.now(UTC), by="andon"
    )
    told = (await Caller(http, LEAD).get("/v1/suggestions")).json()["suggestions"]
    assert (one.incident, other.incident, "same_trace") in [
        (pair["one"], pair["other"], pair["why"]) for pair in told
    ]


async def test_the_pages_show_what_is_no_incident_and_escape_it(
    office: Office, http: httpx.AsyncClient
) -> None:
    issue = await kept(office, "<img onerror=x>")
    near = await kept(office, "Nearly sent", classification=Classification.NEAR_MISS, potential=Band.HIGH)
    async with signed_in(http, LEAD) as visitor:
        listed = (await visitor.get("/quality")).text
        assert "&lt;img onerror=x&gt;" in listed
        assert "<img" not in listed
        assert near.id in listed
        whole = await visitor.get(f"/quality/{issue.id}")
        assert whole.status_code == 200
        assert "Make it an incident" in whole.text
    async with signed_in(http, Role.REPORTER) as visitor:
        assert "onerror" not in (await visitor.get("/quality")).text
        assert (await visitor.get(f"/quality/{issue.id}")).status_code == 403
