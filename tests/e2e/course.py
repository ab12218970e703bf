"""One incident from detection to the closed file, with customers at the desk all the while."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from examples.demo.cast import until
from examples.demo.figures import Refunds, proven_at, refunds
from tests.e2e.people import People

LOAD_SECONDS = 8.0
LOAD_RATE = 15.0
SERVED_BEFORE = 10
REACH = {"data_exposed": "no", "acted_upon": "yes", "notification_required": "no"}
"""What is left unsaid of the reach becomes a task, over which no incident closes."""


@dataclass(frozen=True)
class Course:
    """A closed incident, and what was seen on the way."""

    name: str
    reported: dict[str, Any]
    answered: dict[str, Any]
    shown: dict[str, Any]
    counted: Refunds


def run_to_the_end(people: People) -> Course:
    """Break the desk under load, contain, examine, fix, restart, watch, learn, close."""
    scene = people.scene
    customers = scene.traffic(LOAD_SECONDS, LOAD_RATE)
    until(lambda: scene.refunds_begun("", "9") >= SERVED_BEFORE or None, "customers at the desk")
    reported = scene.misbehave()
    answered = people.contained(reported, "detector")
    name = str(answered["incident"])
    examine(people, name)
    assert customers.ended(60) == 0
    counted = refunds(scene.setting.desk, proven_at(people.incident(name)))
    scene.desk.deploy("v1.2")
    people.settle(name, "remediation", "fix_deployed", "engineer")
    people.settle(name, "restart", "restart", "business_owner", "legal", "security")
    people.settle(name, "lessons", "lessons_recorded", "incident_lead", control_change="eval")
    shown = people.reached(name, "closed")
    return Course(name=name, reported=reported, answered=answered, shown=shown, counted=counted)


def examine(people: People, name: str) -> None:
    """Triage, legal, impact and diagnosis."""
    people.settle(name, "triage", "confirm", "responder")
    people.settle(name, "legal_review", "no_disclosure_needed", "legal")
    people.settle(name, "impact", "isolated", "operations", **REACH)
    people.settle(name, "diagnosis", "prompt_design", "security", failed_control="eval_before_release")
