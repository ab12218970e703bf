"""Custody on the whole stack: an original, a hold by the custodian's own identity, an erasure."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Final

import pytest

from examples.demo.cast import until
from examples.refund_desk.watches import STRAY_FACTS
from tests.e2e.people import People
from tests.e2e.test_canaries import IN_EVIDENCE, TRACE, spans

pytestmark = [pytest.mark.stack, pytest.mark.timeout(300)]

SYSTEM: Final = "custody_desk"
WITHIN: Final = 60.0


@pytest.fixture(scope="module")
def incident(people: People) -> str:
    """An incident of high severity with one trace preserved."""
    sent = people.send("detector", "/v1/traces", spans(SYSTEM), at="otlp")
    assert sent.status_code == 200, sent.text
    name: str = people.contained(
        {
            "system": SYSTEM,
            "channel": "human_review",
            "title": "It paid somebody else",
            "type": "unauthorised_tool_action",
            "facts": STRAY_FACTS,
            "trace_ids": [TRACE],
        }
    )["incident"]
    until(lambda: people.incident(name).get("evidence"), "the evidence to be sealed", 90)
    return name


def item_of(people: People, incident: str, kind: str) -> dict[str, Any]:
    items = people.ask("security", f"/v1/incidents/{incident}/evidence").json()["items"]
    found: dict[str, Any] = next(one for one in items if one["kind"] == kind)
    return found


def told(people: People, incident: str) -> list[str]:
    entries = people.ask("auditor", f"/v1/incidents/{incident}/access").json()["entries"]
    return [one["what"] for one in entries]


def stands(people: People, incident: str, **wanted: Any) -> dict[str, Any] | None:
    hold: dict[str, Any] = people.ask("legal", f"/v1/incidents/{incident}/hold").json()
    return hold if all(hold[name] == value for name, value in wanted.items()) else None


def test_an_original_is_given_out_once_and_the_chain_says_to_whom(
    people: People, incident: str, tmp_path: Path
) -> None:
    item = item_of(people, incident, "input")
    out = tmp_path / "original"
    words = ("evidence", "raw", incident, item["id"], "--reason", "to repeat it", "--out", out)
    people.andon(*words, "--as", "security")
    assert IN_EVIDENCE["prompt"] in out.read_text()
    out.unlink()
    people.andon(*words, "--as", "communications", check=4)
    assert not out.exists()
    assert {"read_raw", "raw_refused"} <= set(told(people, incident))


def test_the_custodian_holds_every_version_and_lets_go(people: People, incident: str) -> None:
    people.andon("evidence", "hold", incident, "--reason", "letter of the court", "--as", "legal")
    hold = until(lambda: stands(people, incident, wanted=True, in_force=True), "the hold", WITHIN)
    assert hold["versions"] > 3
    item = item_of(people, incident, "input")
    erase = ("evidence", "erase", incident, item["id"], "--reason", "asked for", "--as", "custodian")
    people.andon(*erase, check=1)
    people.andon("evidence", "unhold", incident, "--reason", "settled", "--as", "legal")
    until(lambda: stands(people, incident, wanted=False, in_force=False), "the hold to be lifted", WITHIN)
    assert {"hold_asked", "held", "erasure_refused", "hold_lift_asked", "hold_lifted"} <= set(
        told(people, incident)
    )


def test_after_an_erasure_nobody_opens_it_and_everything_verifies(
    people: People, incident: str, tmp_path: Path
) -> None:
    item = item_of(people, incident, "output")
    asked = json.loads(
        people.andon(
            *("evidence", "erase", incident, item["id"], "--reason", "asked for"),
            "--as",
            "custodian",
            "--json",
        )
    )
    agreeing = ("evidence", "erase", incident, "--confirm", asked["id"], "--reason", "checked")
    people.andon(*agreeing, "--as", "custodian", check=4)
    people.andon(*agreeing, "--as", "privacy")

    def done() -> bool:
        found = people.ask("privacy", f"/v1/incidents/{incident}/erasures").json()["erasures"]
        return any(one["id"] == asked["id"] and one["state"] == "done" for one in found)

    until(done, "the erasure", WITHIN)
    assert "key_shredded" in told(people, incident)
    words = ("evidence", "raw", incident, item["id"], "--reason", "again", "--out", tmp_path / "gone")
    people.andon(*words, "--as", "security", check=1)
    assert people.said("audit", "verify", incident)["holds"] is True
