"""What is proposed from a cause and a failed control, by the shipped policy."""

from __future__ import annotations

import pytest

from andon.domain.change import ChangeType
from andon.domain.decision import DecisionKind
from andon.domain.finding import FailureClass
from andon.domain.lessons import Causes
from playbooks import Shelf, load

TYPES = {
    "model_behavior": "eval guardrail risk_tier",
    "model_or_vendor_change": "config eval vendor monitoring",
    "vendor_outage": "fallback monitoring vendor",
    "retrieval": "source eval monitoring",
    "data_quality": "data monitoring eval",
    "prompt_design": "prompt eval process",
    "permissions": "permission eval process process",
    "tool_schema": "tool monitoring eval",
    "validation": "guardrail eval",
    "human_review": "process system training",
    "review_interface": "ui process",
    "integration": "integration process data",
    "policy_ambiguity": "policy ui training",
    "adversarial_manipulation": "guardrail permission eval monitoring supply_chain",
    "unapproved_use": "policy control training",
    "operating_ownership": "process process control",
    "autonomy_design": "permission control control risk_tier",
    "unknown": "logging monitoring process",
}
"""The types of change that the lesson-to-control table of the source gives for each cause."""


@pytest.fixture(scope="module")
def shelf() -> Shelf:
    return load()


@pytest.fixture(scope="module")
def causes(shelf: Shelf) -> Causes:
    return shelf.causes


@pytest.mark.parametrize("cause", sorted(TYPES))
def test_a_cause_leads_to_the_changes_of_the_table(causes: Causes, cause: str) -> None:
    proposed = causes.propose(cause, None)
    assert " ".join(one.type.value for one in proposed) == TYPES[cause]


def test_every_cause_that_can_be_answered_has_one_class_and_proposals(shelf: Shelf) -> None:
    answered = {one.id for one in shelf.rights.rights[DecisionKind.DIAGNOSIS].options}
    assert answered == set(shelf.causes.causes) == set(TYPES)


def test_every_control_that_can_have_failed_has_a_proposal_of_its_own(shelf: Shelf) -> None:
    controls = set(shelf.rights.rights[DecisionKind.DIAGNOSIS].findings["failed_control"])
    assert controls == set(shelf.causes.controls)


@pytest.mark.parametrize(
    "control", ["access_scope", "retrieval_access_control", "change_test_after_system_change"]
)
def test_the_facts_of_the_example_lead_to_exactly_its_four_changes(causes: Causes, control: str) -> None:
    proposed = causes.propose("permissions", control)
    assert [one.type for one in proposed] == [
        ChangeType.PERMISSION,
        ChangeType.EVAL,
        ChangeType.PROCESS,
        ChangeType.PROCESS,
    ]
    said = [one.change for one in proposed]
    for word, sentence in zip(
        ("one account", "other customers", "test of permissions", "approved"), said, strict=True
    ):
        assert word in sentence


def test_a_failed_control_that_the_cause_says_nothing_of_adds_one_change(causes: Causes) -> None:
    proposed = causes.propose("permissions", "backup")
    assert proposed[:-1] == causes.propose("permissions", None)
    assert proposed[-1] == causes.controls["backup"]


def test_nothing_is_proposed_before_there_is_a_diagnosis(causes: Causes) -> None:
    assert causes.propose(None, "backup") == ()
    assert causes.propose("solar_flare", "backup") == ()


def test_a_cause_nobody_knows_has_the_class_unknown(causes: Causes) -> None:
    assert causes.failure_class("solar_flare") is FailureClass.UNKNOWN
    assert causes.failure_class("retrieval") is FailureClass.DATA


def test_no_proposal_is_said_twice(causes: Causes) -> None:
    for cause in causes.causes.values():
        said = [one.change for one in cause.proposes.changes]
        assert len(said) == len(set(said))
