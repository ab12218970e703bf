"""What a person's report may set in motion before anybody has looked: held against a table."""

from __future__ import annotations

import pytest

import playbooks
from andon.domain.conditions import Reading
from andon.domain.containment import Verb
from andon.domain.detection import Channel, Flagged
from andon.domain.playbook import Plan
from andon.domain.reporting import asserts_harm, within_a_reports_reach
from andon.domain.resolving import choose_playbook, resolve
from andon.domain.severity import Assessment, Band, assess
from andon.domain.system import AISystem

SHELF = playbooks.load()
SYSTEM = AISystem.model_validate(
    {
        "id": "desk",
        "name": "Desk",
        "tier": "medium",
        "owner": "bela",
        "levers": [
            {"verb": "pause_system"},
            {"verb": "route_to_review"},
            {"verb": "disable_tool", "target": "pay"},
            {"verb": "block_source", "target": "files"},
        ],
    }
)
REVIEW = {Verb.ROUTE_TO_REVIEW}


def assessed(flag: str | None = None, severity: str | None = None, **facts: str) -> Assessment:
    suggested = SHELF.flags[flag].facts if flag else {}
    known = SHELF.severity.complete({**suggested, **facts}, Reading.INTAKE)
    return assess(SHELF.severity, known, asserted=SHELF.severity.read_term(severity))


def plan(kind: str | None = None) -> Plan:
    return resolve(
        SYSTEM,
        choose_playbook(SHELF.playbooks, SYSTEM, kind),
        SHELF.rights,
        SHELF.evidence,
        policy="0" * 64,
        trusted={},
    )


def verbs(given: Plan, band: Band) -> set[Verb]:
    return {step.verb for step in given.steps if band in step.at}


HARM: tuple[tuple[dict[str, str], bool], ...] = (
    # what the sender says                                         harm?
    ({}, False),
    ({"flag": "incorrect"}, False),
    ({"flag": "unsafe"}, True),
    ({"flag": "exposed"}, True),
    ({"flag": "unauthorised"}, True),
    ({"output_fault": "low_quality"}, False),
    ({"data_sensitivity": "personal_or_regulated"}, False),
    ({"data_sensitivity": "personal_or_regulated", "data_exposed": "unknown"}, False),
    ({"data_exposed": "potential"}, False),
    ({"data_exposed": "potential", "data_sensitivity": "confidential"}, True),
    ({"flag": "incorrect", "exposure": "external_limited"}, True),
    ({"impact": "moderate"}, True),
    ({"drift": "yes"}, True),
    ({"uncertainty": "high", "ongoing": "yes", "can_continue_safely": "no"}, False),
    ({"severity": "low"}, False),
    ({"severity": "medium"}, False),
    ({"severity": "high"}, True),
    ({"severity": "S1"}, True),
)


@pytest.mark.parametrize(("said", "harm"), HARM)
def test_the_severity_policy_says_whether_a_report_asserts_harm(said: dict[str, str], harm: bool) -> None:
    assert asserts_harm(SHELF.severity, assessed(**said)) is harm


def test_every_choice_of_the_page_is_in_the_table() -> None:
    assert {said.get("flag") for said, _ in HARM} >= {flag.value for flag in Flagged}


@pytest.mark.parametrize("kind", [None, "unauthorised_tool_action", "privacy_event"])
@pytest.mark.parametrize(("said", "harm"), HARM)
def test_without_asserted_harm_a_persons_report_gets_review_at_most(
    said: dict[str, str], harm: bool, kind: str | None
) -> None:
    whole, assessment = plan(kind), assessed(**said)
    given = within_a_reports_reach(whole, Channel.USER_REPORT, SHELF.severity, assessment)
    if harm:
        assert given == whole
        return
    for band in Band:
        allowed = REVIEW if band <= assessment.severity else verbs(whole, band)
        assert verbs(given, band) == allowed


@pytest.mark.parametrize("channel", sorted(set(Channel) - {Channel.USER_REPORT}))
def test_what_comes_by_other_ways_gets_the_whole_playbook(channel: Channel) -> None:
    whole = plan()
    assert within_a_reports_reach(whole, channel, SHELF.severity, assessed()) == whole


def test_sensitive_data_that_nobody_knows_the_fate_of_is_high_and_still_stops_nothing() -> None:
    """The rules about the unknown alone take it to high; what was seen says nothing of harm."""
    assessment = assessed(data_sensitivity="personal_or_regulated", autonomy="acts_alone")
    assert assessment.severity is Band.HIGH
    given = within_a_reports_reach(plan(), Channel.USER_REPORT, SHELF.severity, assessment)
    assert verbs(given, Band.HIGH) == REVIEW
    assert verbs(given, Band.CRITICAL) == {Verb.PAUSE_SYSTEM}
