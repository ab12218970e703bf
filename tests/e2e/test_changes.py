"""What an incident has led to is kept after once it is closed, proven, and verified with the rest."""

from __future__ import annotations

from pathlib import Path

import pytest

from examples.demo.cast import until
from tests.e2e.course import examine
from tests.e2e.people import Body, People

pytestmark = [pytest.mark.stack, pytest.mark.long, pytest.mark.timeout(300)]
BEGUN_WITHIN = 120.0


def changes(people: People, name: str, **query: str) -> list[Body]:
    answer = people.ask("auditor", "/v1/changes", incident=name, **query)
    assert answer.status_code == 200, answer.text
    return [dict(one) for one in answer.json()["changes"]]


def retired(people: People, report: Body) -> str:
    """Return an incident that ended with its AI system retired, and changes promised."""
    name = str(people.contained(report)["incident"])
    examine(people, name)
    people.settle(name, "remediation", "not_restarting", "business_owner")
    people.settle(name, "lessons", "lessons_recorded", "incident_lead")
    people.reached(name, "closed")
    return name


def test_a_promise_of_the_closed_incident_is_proven_and_verifies_live_and_offline(
    people: People, report: Body, tmp_path: Path
) -> None:
    name = retired(people, report)
    promised = until(
        lambda: next((one for one in changes(people, name) if one["takes"]), None),
        f"somebody to keep after the changes of {name}",
        BEGUN_WITHIN,
    )
    place = f"/v1/incidents/{name}/changes/{promised['id']}/proof"
    refused = people.send("finance", place, {"proof": "paid for"}, at="console")
    assert (refused.status_code, refused.json()["refusal"]) == (403, "wrong_role")
    roster = tmp_path / "roster.csv"
    roster.write_text("rita,2026-03-01\n")
    said = people.said(
        *("change", "prove", name, promised["id"]),
        *("--proof", "the case is in the suite", "--file", str(roster), "--as", "security"),
    )
    assert (said["state"], said["words"]) == ("done", "the case is in the suite")
    assert not [one for one in changes(people, name) if one["state"] == "open"]
    report = people.said("audit", "verify", name)
    assert report["holds"] is True, report
    people.andon("audit", "export", name, tmp_path / "bundle", "--trust-out", tmp_path / "keys.json")
    offline = people.said("audit", "verify", tmp_path / "bundle", "--trust", tmp_path / "keys.json")
    assert offline["holds"] is True, offline
    chain = people.ask("auditor", f"/v1/incidents/{name}/ledger", chain="access", limit="1000")
    kinds = [entry["kind"] for entry in chain.json()["entries"]]
    assert {"follow_up_begun", "change_refused", "change_proven"} <= set(kinds)
    # The incident's own chain ended with its close.
    assert people.ledger(name)[-1]["kind"] == "closed"
