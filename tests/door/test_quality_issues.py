"""What calls for no workflow is kept and counted, and becomes an incident when it must."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
from temporalio.client import Client

from andon.domain.detection import Outcome
from andon.domain.directory import Role
from andon.domain.incident import Duplicates
from andon.domain.severity import Band, Classification
from andon.register.incidents import Listed
from andon.register.links import LinkKind, Links
from andon.register.quality import IssueState, QualityIssue, QualityIssues
from tests.api.server import bearer
from tests.door.conftest import Door
from tests.door.test_detections import HARM, HARMLESS, until

CAUGHT = {**HARMLESS, "caught_before_impact": "yes", "output_fault": "incorrect", "impact": "moderate"}
"""A near miss that reached nobody: low in fact."""
ONE_RECORD = {**HARMLESS, "records_changed": 1, "output_fault": "incorrect"}
"""One wrong record: medium by rule M2."""
BEGAN = datetime(2026, 10, 1, 9, tzinfo=UTC)


def issues(door: Door) -> QualityIssues:
    return QualityIssues(door.databases.register)


def links(door: Door) -> Links:
    return Links(door.databases.register)


def issue_of(door: Door, told: dict[str, Any]) -> QualityIssue:
    found = issues(door).get(told["issue"])
    assert found is not None
    return found


async def test_the_same_key_joins_a_quality_issue_and_is_counted(door: Door) -> None:
    answers = await asyncio.gather(*(door.detect(dedupe_key="poor", facts=HARMLESS) for _ in range(20)))
    told = [answer.json() for answer in answers]
    (issue,) = {one["issue"] for one in told}
    kept = issue_of(door, told[0])
    assert (kept.count, kept.state, kept.classification) == (
        20,
        IssueState.OPEN,
        Classification.QUALITY_ISSUE,
    )
    assert {one.id for one in door.detections.of_issue(issue)} == {one["receipt"] for one in told}
    assert door.incidents.list() == []


async def test_without_a_key_each_is_an_issue_of_its_own(door: Door) -> None:
    told = [(await door.detect(facts=HARMLESS)).json()["issue"] for _ in range(2)]
    assert len(set(told)) == 2


async def test_a_near_miss_is_kept_with_what_it_was_and_what_it_could_have_been(door: Door) -> None:
    told = (await door.detect(facts=CAUGHT, potential_facts={"exposure": "external_limited"})).json()
    kept = issue_of(door, told)
    assert (told["outcome"], kept.classification) == ("quality_issue", Classification.NEAR_MISS)
    assert (kept.actual, kept.potential) == (Band.LOW, Band.MEDIUM)
    assert issues(door).count(classification=Classification.NEAR_MISS) == 1


async def test_a_later_detection_with_the_same_key_makes_an_incident_of_it(door: Door) -> None:
    first = (
        await door.detect(
            dedupe_key="k",
            facts=HARMLESS,
            detected_at="2026-10-01T09:00:00Z",
            occurred_at="2026-10-01T08:00:00Z",
            trace_ids=["ab" * 16],
        )
    ).json()
    told = (await door.detect(dedupe_key="k", facts=HARM, trace_ids=["cd" * 16])).json()
    assert told["outcome"] == "opened"
    kept = issue_of(door, first)
    assert (kept.state, kept.incident, kept.settled_by) == (IssueState.PROMOTED, told["incident"], "andon")
    row = door.incidents.get(told["incident"])
    assert row is not None
    assert row.opening is not None
    assert row.opening.promoted_from == kept.id
    assert row.opening.detected_at == datetime(2026, 10, 1, 9, tzinfo=UTC)
    assert row.opening.occurred_at == datetime(2026, 10, 1, 8, tzinfo=UTC)
    assert row.opening.trace_ids == ("cd" * 16, "ab" * 16)
    assert row.opened_at > row.opening.detected_at
    both = [links(door).of(end) for end in (kept.id, told["incident"])]
    assert [[link.kind for link in found] for found in both] == [[LinkKind.PROMOTED]] * 2
    before = door.detections.get(first["receipt"])
    assert before is not None
    assert (before.outcome, before.incident, before.issue) == (
        Outcome.QUALITY_ISSUE,
        told["incident"],
        kept.id,
    )
    assert (await door.detect(dedupe_key="k", facts=HARMLESS)).json()["incident"] == told["incident"]


async def test_what_comes_back_after_the_end_is_linked_and_never_absorbed(door: Door) -> None:
    first = (await door.detect(dedupe_key="k", facts=HARM)).json()["incident"]
    with door.databases.register.begin() as connection:
        connection.exec_driver_sql("UPDATE incidents SET closed_at = opened_at WHERE incident = ?", (first,))
    second = (await door.detect(dedupe_key="k", facts=HARM)).json()["incident"]
    (link,) = links(door).of(first)
    assert (link.kind, link.origin, link.target) == (LinkKind.RECURRENCE, first, second)
    assert links(door).of(second) == [link]


async def test_fifty_reports_of_one_wrong_record_are_one_parent_incident_that_is_a_pattern(
    door: Door,
) -> None:
    told = [
        (
            await door.detect(
                facts=ONE_RECORD,
                detected_at=(BEGAN + timedelta(hours=6 * number)).isoformat(),
            )
        ).json()
        for number in range(50)
    ]
    (parent,) = {one["incident"] for one in told[9:]}
    row = door.incidents.get(parent)
    assert row is not None
    assert (row.severity, row.classification) == (Band.HIGH, Classification.AI_INCIDENT)
    (first, *_) = door.detections.of(parent)
    assert first.facts["recurrence"] == "pattern"
    assert [one["outcome"] for one in told] == ["opened"] * 10 + ["joined"] * 40
    assert {link.origin for link in links(door).of(parent)} == {one["incident"] for one in told[:9]}
    assert {link.why for link in links(door).of(parent)} == {"rules:M2"}
    severe = door.incidents.list(severity=Band.HIGH, state=Listed.ALL)
    assert [one.incident for one in severe] == [parent]


async def test_reports_far_apart_and_repeats_of_one_alert_are_no_pattern(door: Door) -> None:
    far = [(BEGAN + timedelta(days=2 * number)).isoformat() for number in range(14)]
    for moment in far:
        await door.detect(type="model_drift", facts=HARMLESS, detected_at=moment)
    for _ in range(15):
        await door.detect(type="source_failure", dedupe_key="a", facts=HARMLESS, detected_at=far[0])
    assert door.incidents.list() == []


async def test_near_misses_of_one_cause_become_a_pattern_finding(door: Door) -> None:
    told = [
        (
            await door.detect(
                facts=CAUGHT,
                type="harmful_output",
                detected_at=(BEGAN + timedelta(days=number)).isoformat(),
            )
        ).json()
        for number in range(10)
    ]
    assert [one["outcome"] for one in told] == ["quality_issue"] * 9 + ["opened"]
    row = door.incidents.get(told[-1]["incident"])
    assert row is not None
    assert row.classification is Classification.NEAR_MISS
    assert row.opening is not None
    assert "M5" in row.opening.fired_rules
    assert {link.origin for link in links(door).of(row.incident)} == {one["issue"] for one in told[:9]}


async def test_a_key_that_comes_back_often_enough_is_a_pattern_of_its_own(door: Door) -> None:
    told = [
        (
            await door.detect(
                dedupe_key="daily",
                facts=ONE_RECORD,
                type="model_drift",
                detected_at=(BEGAN + timedelta(days=number)).isoformat(),
            )
        ).json()
        for number in range(10)
    ]
    assert len({one["incident"] for one in told}) == 1
    newest = door.detections.get(told[-1]["receipt"])
    assert newest is not None
    assert newest.facts["recurrence"] == "pattern"


async def test_a_graver_detection_is_told_at_once_and_a_repeat_of_it_is_not(
    door: Door, worker: Client
) -> None:
    opened = (await door.detect(dedupe_key="k", facts=ONE_RECORD)).json()
    handle = worker.get_workflow_handle(f"incident/{opened['incident']}")
    await door.detect(dedupe_key="k", facts={**ONE_RECORD, "safety": "serious"})
    told = await handle.query("told", result_type=list[Duplicates])
    assert [(one.count, one.graver) for one in told] == [(1, True)]
    for _ in range(3):
        await door.detect(dedupe_key="k", facts={**ONE_RECORD, "safety": "serious"})

    async def all_told() -> bool:
        batches: list[Duplicates] = await handle.query("told", result_type=list[Duplicates])
        return sum(one.count for one in batches) == 4

    await until(all_told)
    told = await handle.query("told", result_type=list[Duplicates])
    assert [one.graver for one in told] == [True, False]


async def send(door: Door, path: str, role: Role = Role.RESPONDER, **body: object) -> httpx.Response:
    return await door.http.post(f"/v1/{path}", json=body, headers=bearer(role))


async def test_a_person_makes_an_incident_of_an_issue_with_its_own_times(door: Door) -> None:
    told = (
        await door.detect(
            dedupe_key="k",
            facts=HARMLESS,
            detected_at="2026-10-01T09:00:00Z",
            occurred_at="2026-10-01T08:00:00Z",
            trace_ids=["ab" * 16],
        )
    ).json()
    answer = await send(door, f"quality-issues/{told['issue']}/promote", reason="Customers ask about it")
    assert answer.status_code == 202, answer.text
    opened = answer.json()
    assert (opened["outcome"], opened["receipt"]) == ("opened", told["receipt"])
    kept = issue_of(door, told)
    assert (kept.state, kept.incident) == (IssueState.PROMOTED, opened["incident"])
    assert kept.settled_by == "person:responder-1"
    assert kept.reason is not None
    row = door.incidents.get(opened["incident"])
    assert row is not None
    assert row.opening is not None
    assert row.opening.detected_at == datetime(2026, 10, 1, 9, tzinfo=UTC)
    assert row.opening.occurred_at == datetime(2026, 10, 1, 8, tzinfo=UTC)
    assert row.opening.trace_ids == ("ab" * 16,)
    assert row.classification is Classification.AI_INCIDENT
    assert datetime.now(UTC) - row.opened_at < timedelta(minutes=1)
    (detection,) = door.detections.of(opened["incident"])
    assert detection.id == told["receipt"]
    assert (await door.detect(dedupe_key="k", facts=HARMLESS)).json()["incident"] == opened["incident"]
    again = await send(door, f"quality-issues/{told['issue']}/promote", reason="Once more")
    assert again.status_code == 409


async def test_a_person_closes_an_issue_and_the_next_under_its_key_is_a_new_one(door: Door) -> None:
    told = (await door.detect(dedupe_key="k", facts=HARMLESS)).json()
    answer = await send(door, f"quality-issues/{told['issue']}/close", reason="Prompt was mended")
    assert answer.json() == {"issue": told["issue"], "state": "resolved"}
    assert issue_of(door, told).settled_by == "person:responder-1"
    assert (await door.detect(dedupe_key="k", facts=HARMLESS)).json()["issue"] != told["issue"]
    assert (await send(door, "quality-issues/QI-20261001-nobody/close", reason="x")).status_code == 404
    assert (await send(door, f"quality-issues/{told['issue']}/close", reason=" ")).status_code == 400


async def test_a_detection_that_joined_is_split_off_with_its_own_times(door: Door) -> None:
    first = (await door.detect(dedupe_key="k", facts=HARM)).json()
    second = (
        await door.detect(dedupe_key="k", facts=HARM, detected_at="2026-10-02T09:00:00Z", title="Another")
    ).json()
    whole = f"incidents/{first['incident']}/split"
    assert (await send(door, whole, detection=first["receipt"])).status_code == 409
    answer = await send(door, whole, detection=second["receipt"])
    assert answer.status_code == 202, answer.text
    opened = answer.json()
    assert opened["incident"] != first["incident"]
    assert [one.id for one in door.detections.of(first["incident"])] == [first["receipt"]]
    (moved,) = door.detections.of(opened["incident"])
    assert (moved.id, moved.outcome) == (second["receipt"], Outcome.OPENED)
    row = door.incidents.get(opened["incident"])
    assert row is not None
    assert row.opening is not None
    assert row.opening.split_from == first["incident"]
    assert row.opening.detected_at == datetime(2026, 10, 2, 9, tzinfo=UTC)
    (link,) = links(door).of(opened["incident"])
    assert (link.kind, link.origin, link.by) == (LinkKind.SPLIT, first["incident"], "person:responder-1")
    assert (await send(door, whole, detection=second["receipt"])).status_code == 404


async def test_two_senders_who_see_one_thing_make_a_suggestion_and_one_that_tells_them_apart_does_not(
    door: Door,
) -> None:
    trace = ["ab" * 16]
    first = (await door.detect(dedupe_key="a", facts=HARM, trace_ids=trace)).json()["incident"]
    other = (await door.detect(dedupe_key="b", facts=HARM)).json()["incident"]
    assert links(door).of(other) == []
    same = (await door.detect(Role.REPORTER, channel="user_report", facts=HARM, trace_ids=trace)).json()
    found = links(door).of(same["incident"])
    assert [(link.kind, link.origin, link.why) for link in found] == [
        (LinkKind.SUGGESTED, first, "same_trace"),
        (LinkKind.SUGGESTED, other, "same_time"),
    ]
