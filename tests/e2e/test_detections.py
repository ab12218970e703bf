"""Detections sent to the door: what becomes of them, and what is not taken."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from tests.e2e.people import People

pytestmark = [pytest.mark.stack, pytest.mark.timeout(240)]
Body = dict[str, Any]
HARMLESS = dict(
    re.findall(
        r"(\w+)=(\w+)",
        """
        output_fault=low_quality exposure=internal_caught uncertainty=low impact=none data_exposed=no
        unauthorized_action=no safety=none ongoing=no control_failed=no adversarial=none
        blast_radius=single financial=none discrimination=no legal_exposure=none drift=no
        service_disruption=none policy_violation=none acted_upon=no misinformation_domain=none
        recurrence=one_off reversibility=easy data_sensitivity=public regulatory_context=none
        autonomy=recommends caught_before_impact=yes can_continue_safely=yes
        """,
    )
)


def test_an_incident_opens_and_the_answer_comes_once_containment_is_proven(
    people: People, report: Body
) -> None:
    answer = people.report(report, "detector", wait="contained", timeout="20")
    assert set(answer) == {
        *("receipt", "outcome", "incident", "url", "stage", "severity", "contained", "orders"),
        *("issue", "advice"),
    }
    assert (answer["outcome"], answer["severity"], answer["contained"]) == ("opened", "high", True)
    assert answer["url"] == f"{people.scene.ready['console']}/incidents/{answer['incident']}"
    assert answer["orders"]
    for order in answer["orders"]:
        assert set(order) == {"lever", "verb", "state"}
        assert order["state"] == "proven"
    assert people.flag(f"{report['system']}.allowed")["value"] is False


def test_the_same_key_joins_and_another_key_opens(people: People, report: Body) -> None:
    first = people.report({**report, "dedupe_key": "a"})
    again = people.report({**report, "dedupe_key": "a"})
    other = people.report({**report, "dedupe_key": "b"})
    assert (first["outcome"], again["outcome"], other["outcome"]) == ("opened", "joined", "opened")
    assert again["incident"] == first["incident"] != other["incident"]
    assert again["receipt"] != first["receipt"]


def test_a_matter_of_quality_is_recorded_and_opens_nothing(people: People) -> None:
    body = {"system": "refund_desk", "channel": "user_report", "title": "A clumsy sentence"}
    facts = {**HARMLESS, "records_changed": 0, "affected_count": 0}
    answer = people.report({**body, "facts": facts})
    assert answer["outcome"] == "quality_issue"
    assert (answer["incident"], answer["stage"], answer["orders"]) == (None, None, [])


def test_facts_left_out_are_unknown_and_never_harmless(people: People, report: Body) -> None:
    bare = {name: report[name] for name in ("system", "channel", "title")}
    answer = people.report(bare)
    assert answer["outcome"] == "opened"
    shown = people.incident(answer["incident"])
    assert shown["provisional"] is True
    assert {rule["rule"] if isinstance(rule, dict) else rule for rule in shown["fired_rules"]} & {"U1", "U2"}


@pytest.mark.parametrize("system", ["unknown", "The thing on the 3rd floor"])
def test_a_system_nobody_can_name_is_taken_all_the_same(people: People, report: Body, system: str) -> None:
    answer = people.report({**report, "system": system})
    assert answer["outcome"] == "opened"
    assert people.incident(answer["incident"])["system"] == "unknown"


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"titel": "x"}, "unknown field"),
        ({"occurred_at": "2026-03-29T02:30:00"}, "no zone"),
        ({"detected_at": "yesterday"}, "detected_at"),
        ({"channel": "rumour"}, "channel"),
        ({"severity": "P0"}, "severity"),
        ({"severity": 9.8}, "severity"),
        ({"facts": {"impact": "huge"}}, "impact"),
        ({"facts": {"imapct": "major"}}, "imapct"),
        ({"trace_ids": ["not-a-trace"]}, "trace_ids"),
        ({"title": ""}, "title"),
    ],
)
def test_what_does_not_fit_is_refused_and_the_answer_says_where(
    people: People, report: Body, change: Body, says: str
) -> None:
    answer = people.send("detector", "/v1/detections", {**report, **change})
    assert answer.status_code == 400
    assert answer.headers["Content-Type"] == "application/problem+json"
    problem = answer.json()
    assert {"type", "title", "status", "detail"} <= set(problem)
    assert says in json.dumps(problem)


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b'{"title": "' + b"x" * (300 * 1024) + b'"}', 413),
        (b'{"facts":' * 200 + b"1" + b"}" * 200, 400),
        (b"[" * 100_000, 400),
        (b"not json", 400),
        (b'{"title": "a", "title": "b"}', 400),
        (b"\xff\xfe", 400),
    ],
    ids=["oversized", "deep", "bottomless", "no-json", "said-twice", "no-unicode"],
)
def test_bodies_nobody_should_parse_are_refused_in_time(people: People, body: bytes, status: int) -> None:
    answer = people.send("detector", "/v1/detections", body)
    assert answer.status_code == status
    assert answer.json()["detail"]


@pytest.mark.parametrize("role", ["auditor", "custodian"])
def test_those_who_check_the_evidence_may_not_report(people: People, report: Body, role: str) -> None:
    answer = people.send(role, "/v1/detections", report)
    assert answer.status_code == 403
    assert "responder" in answer.json()["detail"]
