"""Answers that count and answers that do not, by every way in."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from examples.demo.cast import until
from tests.e2e.course import examine
from tests.e2e.people import People
from tests.e2e.scene import SECOND_DESK

pytestmark = [pytest.mark.stack, pytest.mark.timeout(240)]
Body = dict[str, Any]


@pytest.fixture
def incident(people: People, report: Body) -> str:
    """An incident whose triage question is open."""
    name = str(people.report(report)["incident"])
    people.question(name, "triage")
    return name


def emitted(people: People, name: str, folder: Path, option: str, role: str) -> Path:
    """Have somebody's answer signed and written to a file, and not delivered."""
    out = folder / f"{name}-{option}-{role}.json"
    people.andon(
        *("respond", name, "triage-1", option, "--reason", "seen", "--emit", out, "--as", role),
    )
    return out


def still_works(people: People, name: str) -> None:
    """The workflow is healthy: a proper answer that follows is accepted, and settles the question."""
    answer = people.answer(name, "triage-1", "confirm", "responder")
    assert answer.status_code == 200, answer.text
    assert answer.json()["outcome"] == "confirm"


def test_the_role_that_is_asked_is_heard(people: People, incident: str) -> None:
    answer = people.answer(incident, "triage-1", "confirm", "responder")
    assert answer.status_code == 200
    assert set(answer.json()) == {"accepted", "decision", "late", "outcome", "statement"}
    (entry,) = people.ledger(incident, "response_accepted")
    assert (entry["actor"], entry["after"]) == ("person:ravi", "confirm")


@pytest.mark.parametrize(
    ("question", "body", "role", "status", "why"),
    [
        ("triage-1", {"option": "confirm"}, "legal", 403, "wrong_role"),
        ("triage-1", {"option": "confirm"}, "engineer", 403, "wrong_role"),
        ("triage-1", {"option": "yes"}, "responder", 422, "unknown_option"),
        ("triage-1", {"option": "confirm", "severity": "enormous"}, "responder", 422, "unknown_finding"),
        ("triage-9", {"option": "confirm"}, "responder", 404, "unknown_decision"),
        ("restart-1", {"option": "restart"}, "business_owner", 404, "unknown_decision"),
    ],
)
def test_an_answer_that_may_not_count_is_refused_on_record(  # noqa: PLR0917 - one row of the table each
    people: People, incident: str, question: str, body: dict[str, str], role: str, status: int, why: str
) -> None:
    answer = people.answer(incident, question, role=role, **body)
    assert (answer.status_code, answer.json()["refusal"]) == (status, why)
    assert why in people.refusals(incident)
    assert people.incident(incident)["decisions"][0]["responses"] == []
    still_works(people, incident)


def test_a_person_answers_once_and_a_repeat_with_the_same_key_changes_nothing(
    people: People, incident: str
) -> None:
    first = people.answer(incident, "triage-1", "false_positive", "responder", key="k" * 24)
    same = people.answer(incident, "triage-1", "false_positive", "responder", key="k" * 24)
    twice = people.answer(incident, "triage-1", "confirm", "responder")
    assert first.json()["statement"] == same.json()["statement"]
    assert (twice.status_code, twice.json()["refusal"]) == (409, "twice")
    assert len(people.ledger(incident, "response_accepted")) == 1
    assert people.answer(incident, "triage-1", "confirm", "security").json()["outcome"] == "confirm"
    late = people.answer(incident, "triage-1", "confirm", "operations")
    assert (late.status_code, late.json()["refusal"]) == (409, "already_decided")
    assert people.refusals(incident) == ["twice", "already_decided"]


def test_an_emitted_statement_counts_once_temporals_own_program_delivers_it(
    people: People, incident: str, tmp_path: Path
) -> None:
    out = emitted(people, incident, tmp_path, "confirm", "responder")
    assert out.stat().st_mode & 0o777 == 0o600
    assert people.ledger(incident, "response_accepted") == []
    for _ in range(2):
        people.temporal("signal", incident, "--name", "respond_signal", "--input-file", str(out))
    until(lambda: people.refusals(incident) or None, "the second delivery")
    assert people.refusals(incident) == ["replayed"]
    (entry,) = people.ledger(incident, "response_accepted")
    assert (entry["actor"], entry["after"]) == ("person:ravi", "confirm")


def altered(envelope: Body) -> Body:
    """Turn a signed "confirm" into a "false_positive" under the old signature."""
    statement = base64.b64decode(envelope["payload"]).replace(b'"confirm"', b'"false_positive"')
    return {**envelope, "payload": base64.b64encode(statement).decode()}


def by_another_key(envelope: Body) -> Body:
    (signature,) = envelope["signatures"]
    return {**envelope, "signatures": [{**signature, "keyid": "f" * 64}]}


def unsigned(envelope: Body) -> Body:
    return {**envelope, "signatures": []}


def with_a_rider(envelope: Body) -> Body:
    return {**envelope, "also": "this"}


@pytest.mark.parametrize(
    ("forge", "why"),
    [
        (altered, "signature"),
        (by_another_key, "signature"),
        (unsigned, "malformed"),
        (with_a_rider, "malformed"),
        (lambda _: {"option": "confirm"}, "malformed"),
        (lambda _: [1, None, {"a": []}], "malformed"),
        (lambda _: "confirm", "malformed"),
        (lambda _: None, "malformed"),
    ],
    ids=["altered", "another-key", "unsigned", "rider", "bare", "list", "word", "null"],
)
def test_a_forged_answer_straight_through_temporal_is_refused_on_record(
    people: People, incident: str, tmp_path: Path, forge: Callable[[Body], object], why: str
) -> None:
    envelope = json.loads(emitted(people, incident, tmp_path, "confirm", "security").read_text())
    people.signal(incident, "respond_signal", forge(envelope))
    until(lambda: why in people.refusals(incident) or None, f"refusal {why}")
    assert people.ledger(incident, "response_accepted") == []
    still_works(people, incident)


@pytest.mark.parametrize("name", ["watch_over", "open_sesame", "respond"])
def test_a_signal_with_no_business_here_is_refused_on_record(
    people: People, incident: str, name: str
) -> None:
    people.signal(incident, name, {"saw": "quiet", "number": 1})
    refused = until(lambda: people.ledger(incident, "signal_refused") or None, "the refusal")
    assert [entry["subject"] for entry in refused] == [name]
    still_works(people, incident)


@pytest.mark.long
def test_whoever_marked_the_fix_may_not_approve_the_restart(people: People) -> None:
    body = {**people.scene.misbehave(), "system": SECOND_DESK}
    name = people.contained(body)["incident"]
    examine(people, name)
    people.scene.desk.deploy("v1.2")
    people.settle(name, "remediation", "fix_deployed", "security")
    question = people.question(name, "restart")
    refused = people.answer(name, question, "restart", "security")
    assert (refused.status_code, refused.json()["refusal"]) == (403, "excluded")
    assert people.refusals(name) == ["excluded"]
    people.settle(name, "restart", "keep_stopped", "business_owner")
    assert people.question(name, "remediation") == "remediation-2"
    assert people.flag(f"{SECOND_DESK}.allowed")["value"] is False
