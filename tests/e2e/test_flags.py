"""Flags as an OpenFeature client sees them, while incidents come and go."""

from __future__ import annotations

from typing import Any

import pytest

from examples.demo.cast import until
from tests.e2e.people import People

pytestmark = [pytest.mark.stack, pytest.mark.timeout(240)]
Body = dict[str, Any]
EVALUATE = "/ofrep/v1/evaluate/flags"


def test_one_flag_tells_why_it_denies(people: People, report: Body) -> None:
    name = people.contained(report)["incident"]
    answer = people.flag(f"{report['system']}.allowed")
    assert answer["value"] is False
    assert answer["metadata"]["incident"] == name
    assert set(answer["metadata"]) >= {"incident", "reason", "since"}
    assert all(isinstance(value, str) for value in answer["metadata"].values())


def test_all_flags_come_at_once_and_unchanged_ones_are_not_sent_again(people: People, report: Body) -> None:
    name = people.contained(report)["incident"]
    answer = people.send("detector", EVALUATE, {"context": {}}, at="ofrep")
    assert answer.status_code == 200
    flags = {one["key"]: one for one in answer.json()["flags"]}
    assert flags[f"{report['system']}.allowed"]["metadata"]["incident"] == name
    assert f"{report['system']}.unreviewed.allowed" in flags
    assert answer.headers["ETag"]


def test_a_flag_nobody_knows_is_not_found(people: People) -> None:
    answer = people.send("detector", f"{EVALUATE}/no_such.allowed", {"context": {}}, at="ofrep")
    assert (answer.status_code, answer.json()["errorCode"]) == (404, "FLAG_NOT_FOUND")


def test_a_lever_that_two_incidents_hold_stays_denied_until_the_second_lets_go(
    people: People, report: Body
) -> None:
    flag = f"{report['system']}.allowed"
    first, second = (people.contained({**report, "dedupe_key": key})["incident"] for key in ("a", "b"))
    assert people.flag(flag)["value"] is False
    people.stand_down(first)
    answer = people.flag(flag)
    assert (answer["value"], answer["metadata"]["incident"]) == (False, second)
    people.stand_down(second)
    assert people.flag(flag)["value"] is True


def test_holds_in_force_are_listed_with_their_system(people: People) -> None:
    name = people.said("stop", "refund_desk", "--reason", "drill", "--as", "operations")["incident"]
    try:
        desk = people.said("systems", "show", "refund_desk")
        assert name in {hold["incident"] for hold in desk["holds"]}
        assert people.scene.desk.ticket("T-held", "ACC-1001", "Please refund €5.")["action"] == "paused"
    finally:
        people.stand_down(name)
    until(lambda: people.flag("refund_desk.allowed")["value"], "the desk to be let go")
