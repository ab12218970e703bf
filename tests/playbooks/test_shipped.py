"""What ships: the evidence list, the trigger list, and the example's entry."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from andon.domain.change import TYPES
from andon.domain.conditions import Reading
from andon.domain.decision import DecisionKind
from andon.domain.detection import Flagged
from andon.domain.finding import FailureClass, Sort
from andon.domain.severity import Band, Classification, assess
from playbooks import load, load_systems

SHELF = load()

KINDS = [
    "user_request_or_business_event",
    "system_prompt",
    "prompt",
    "prompt_version",
    "input",
    "output",
    "structured_validation_result",
    "model_identity_and_config",
    "deployment_history",
    "retrieved_context",
    "source_document",
    "tool_definition",
    "tool_call",
    "tool_result",
    "tool_error_retry",
    "permission_check",
    "role_assignment",
    "access_log",
    "admin_action",
    "approval_record",
    "reviewer_action",
    "user_role",
    "system_log",
    "application_log",
    "downstream_action",
    "affected_record",
    "affected_party",
    "monitoring_signal",
    "complaint",
    "vendor_status",
    "vendor_correspondence",
    "policy_version",
    "decision_record",
    "incident_note",
    "business_outcome",
    "change_log",
]


CAUSES = (
    "model_behavior",
    "model_or_vendor_change",
    "vendor_outage",
    "retrieval",
    "data_quality",
    "prompt_design",
    "permissions",
    "tool_schema",
    "validation",
    "human_review",
    "review_interface",
    "integration",
    "policy_ambiguity",
    "adversarial_manipulation",
    "unapproved_use",
    "operating_ownership",
    "autonomy_design",
    "unknown",
)

CONTROLS = (
    "access_scope",
    "tool_permission",
    "approval_gate",
    "output_validation",
    "input_guardrail",
    "retrieval_access_control",
    "source_freshness",
    "eval_before_release",
    "change_test_after_system_change",
    "version_pinning",
    "monitoring_alert",
    "logging_trace",
    "human_review_procedure",
    "human_review_interface",
    "reviewer_training",
    "kill_switch",
    "fallback_process",
    "rollback_path",
    "rate_or_retry_limit",
    "idempotency",
    "environment_separation",
    "credential_scope",
    "data_minimisation_redaction",
    "supply_chain_verification",
    "vendor_notification_terms",
    "policy_clarity",
    "approved_use_boundary",
    "ownership_escalation",
    "reporting_channel",
    "ui_disclosure_language",
    "backup",
    "none_existed",
)

CHANGES = (
    "eval",
    "guardrail",
    "prompt",
    "permission",
    "source",
    "data",
    "monitoring",
    "ui",
    "process",
    "policy",
    "training",
    "vendor",
    "risk_tier",
    "approved_use",
    "tool",
    "integration",
    "control",
    "fallback",
    "supply_chain",
    "config",
    "system",
    "runbook",
    "logging",
)


def test_the_evidence_list_has_24_rows_and_each_of_the_36_kinds_in_exactly_one() -> None:
    assert len(SHELF.evidence.rows) == 24
    assert len(KINDS) == 36
    assert sorted(kind for row in SHELF.evidence.rows for kind in row.kinds) == sorted(KINDS)


def test_only_decisions_and_outcome_come_into_being_later() -> None:
    assert [row.id for row in SHELF.evidence.rows if row.later] == ["decisions", "outcome"]


@pytest.mark.parametrize(
    ("trigger", "facts"),
    [
        (
            "misinformation_customer_facing",
            "output_fault=incorrect exposure=external_limited impact=moderate",
        ),
        ("sensitive_data_exposure", "data_exposed=external data_sensitivity=confidential"),
        ("unauthorised_tool_action", "unauthorized_action=yes autonomy=acts_alone"),
        ("biased_or_policy_violating", "discrimination=suspected policy_violation=minor"),
        ("adversarial", "adversarial=affected_behaviour"),
        ("drift", "drift=yes"),
        ("review_blinded", "control_failed=yes"),
        ("near_miss_pattern", "caught_before_impact=yes recurrence=pattern"),
        ("exposure_prompts_logs_outputs", "data_exposed=external data_sensitivity=confidential"),
        ("incorrect_in_decision", "output_fault=incorrect acted_upon=yes"),
        ("prompt_injection", "adversarial=affected_behaviour"),
        ("prohibited_content", "output_fault=harmful policy_violation=minor"),
        ("vendor_outage", "service_disruption=critical_process_down"),
        ("discrimination_legal", "discrimination=suspected legal_exposure=possible"),
    ],
)
def test_each_trigger_stands_for_its_facts(trigger: str, facts: str) -> None:
    assert SHELF.triggers[trigger].facts == dict(fact.split("=") for fact in facts.split())
    assert SHELF.triggers[trigger].meaning.endswith(".")


def test_there_are_fourteen_triggers_and_four_flags() -> None:
    assert len(SHELF.triggers) == 14
    assert set(SHELF.flags) == {flag.value for flag in Flagged}


@pytest.mark.parametrize("name", [*SHELF.triggers, *SHELF.flags])
def test_a_report_with_nothing_but_a_trigger_or_flag_is_never_just_a_quality_issue(name: str) -> None:
    prefill = {**SHELF.triggers, **SHELF.flags}[name]
    found = assess(SHELF.severity, SHELF.severity.complete(prefill.facts, Reading.INTAKE))
    assert found.classification is not Classification.QUALITY_ISSUE
    assert found.severity >= Band.MEDIUM


def test_causes_and_failed_controls_are_closed_lists() -> None:
    diagnosis, lessons = (
        SHELF.rights.rights[kind] for kind in (DecisionKind.DIAGNOSIS, DecisionKind.LESSONS)
    )
    assert tuple(option.id for option in diagnosis.options) == CAUSES
    assert diagnosis.findings["failed_control"] == CONTROLS
    assert lessons.findings["control_change"] == (Sort.CHANGE.mark,)
    assert TYPES == CHANGES


def test_whoever_blames_a_model_a_vendor_or_nobody_shows_what_they_looked_at() -> None:
    diagnosis = SHELF.rights.rights[DecisionKind.DIAGNOSIS].options_at(Band.LOW)
    wanted = {option.id for option in diagnosis if "cause_evidence" in option.wants}
    assert wanted == {"model_behavior", "model_or_vendor_change", "vendor_outage", "unknown"}
    model = next(option for option in diagnosis if option.id == "model_behavior")
    assert (model.wants["sources_checked"], model.wants["prompts_checked"]) == (("yes",), ("yes",))
    assert "none_existed" in SHELF.rights.rights[DecisionKind.DIAGNOSIS].findings["failed_control"]
    assert all("failed_control" in option.wants for option in diagnosis)


@pytest.mark.parametrize("band", list(Band))
def test_from_medium_on_closing_takes_a_change_with_owner_day_and_place_and_the_review(band: Band) -> None:
    named = {"control_change", "change_owner", "change_due", "change_link"}
    wants = {one.id: set(one.wants) for one in SHELF.rights.rights[DecisionKind.LESSONS].options_at(band)}
    taken = band >= Band.MEDIUM
    assert wants["lessons_recorded"] == (named | {"review"} if taken else set())
    assert wants["no_change"] == ({"review"} if taken else set())


@pytest.mark.parametrize("band", list(Band))
def test_a_fix_names_what_it_changes_and_the_cause_it_removes(band: Band) -> None:
    right = SHELF.rights.rights[DecisionKind.REMEDIATION]
    fixed = next(one for one in right.options_at(band) if one.id == "fix_deployed")
    assert set(fixed.wants) == {"change", "change_owner", "change_due", "change_link", "addresses"}
    assert right.findings_about("retrieval")["addresses"] == ("retrieval",)


def test_each_cause_has_one_class_of_failure_and_each_class_a_cause() -> None:
    assert set(SHELF.causes.causes) == set(CAUSES)
    classes = {one.failure for one in SHELF.causes.causes.values()}
    assert classes == set(FailureClass)


def test_the_examples_eval_suite_is_run_from_the_checkout() -> None:
    desk = load_systems()["refund_desk"]
    assert desk.evaluation is not None
    checkout = Path(desk.evaluation.directory)
    for word in desk.evaluation.command:
        if word.startswith("examples/"):
            assert (checkout / word).is_file()
    asked = subprocess.run(
        [sys.executable, *desk.evaluation.command[1:3], "--help"],
        cwd=checkout,
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    flags = [word for word in desk.evaluation.command[3:] if word.startswith("--")]
    assert all(flag in asked.stdout for flag in flags)


def test_importing_the_package_reads_no_policy() -> None:
    code = """
import sys
opened = []
sys.addaudithook(lambda event, args: opened.append(str(args[0])) if event == "open" else None)
import playbooks
sys.exit(any(name.endswith(".yaml") for name in opened))
"""
    subprocess.run([sys.executable, "-c", code], timeout=60, check=True)
