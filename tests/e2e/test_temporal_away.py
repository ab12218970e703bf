"""Stopping an AI system while Temporal does not answer."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from examples.demo.cast import until
from tests.e2e.people import People

pytestmark = [pytest.mark.stack, pytest.mark.timeout(240)]


def test_a_stop_works_at_once_and_its_incident_opens_later_with_the_true_times(people: People) -> None:
    with people.scene.frozen("temporal"):
        before = datetime.now(UTC)
        answer = people.said("stop", "refund_desk", "--reason", "it pays strangers", "--as", "responder")
        after = datetime.now(UTC)
        name = answer["incident"]
        assert answer["outcome"] == "spooled"
        assert [order["state"] for order in answer["orders"]] == ["applied"]
        held = people.flag("refund_desk.allowed")
        assert (held["value"], held["metadata"]["incident"]) == (False, name)
        assert people.scene.desk.ticket("T-stopped", "ACC-1001", "Please refund €5.")["action"] == "paused"
    until(lambda: people.incident(name)["contained"] or None, "the workflow of the stop", 60)
    shown = people.incident(name)
    assert before <= datetime.fromisoformat(shown["opened_at"]) <= after
    applied = datetime.fromisoformat(shown["orders"][0]["applied_at"])
    assert before <= applied <= after
    assert datetime.fromisoformat(shown["started_at"]) > after
    (opened,) = people.ledger(name, "incident_opened")
    assert before <= datetime.fromisoformat(opened["at"]) <= after
    people.stand_down(name)
