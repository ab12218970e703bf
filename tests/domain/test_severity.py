"""Severity: the worked cases, and what each part of the policy does to the answer."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from andon.domain.conditions import Reading
from andon.domain.errors import UnknownTermError
from andon.domain.severity import Asserted, Assessment, Band, Classification, SeverityPolicy, assess, reassess
from playbooks import policy_text

POLICY = SeverityPolicy.parse(yaml.safe_load(policy_text("severity.yaml")))
WORKED = yaml.safe_load(Path(__file__).with_name("data").joinpath("severity_cases.yaml").read_text())
CASES: dict[str, dict[str, Any]] = {case["id"]: case for case in WORKED["cases"]}
LETTER = CASES["G08"]
SCOPE_OPEN = {"uncertainty": "high", "exposure": "unknown", "impact": "unknown", "ongoing": "unknown"}


def told(facts: dict[str, Any], **more: Any) -> Assessment:
    """Assess as the command does: what is left out is harmless."""
    return assess(POLICY, POLICY.complete(facts, Reading.COMMAND), **more)


def reported(facts: dict[str, Any], **more: Any) -> Assessment:
    """Assess as at intake: what is left out is unknown."""
    return assess(POLICY, POLICY.complete(facts, Reading.INTAKE), **more)


@pytest.mark.parametrize("case", CASES.values(), ids=list(CASES))
def test_a_worked_case_comes_out_as_expected(case: dict[str, Any]) -> None:
    result = told(case["facts"], potential_facts=case.get("potential_facts")).model_dump(mode="json")
    assert {field: result[field] for field in case["expect"]} == case["expect"]


@pytest.mark.parametrize(
    ("higher", "lower"),
    [pair for pair in WORKED["higher_than"] if set(pair) <= CASES.keys()],
    ids=str,
)
def test_the_graver_of_two_worked_cases_gets_the_higher_band(higher: str, lower: str) -> None:
    graver, lighter = (
        told(CASES[case]["facts"], potential_facts=CASES[case].get("potential_facts"))
        for case in (higher, lower)
    )
    assert graver.severity > lighter.severity


def test_a_customer_who_relied_on_the_invention_makes_it_graver() -> None:
    relied = CASES["G14"]["facts"]
    only_told = {name: relied[name] for name in ("output_fault", "exposure", "misinformation_domain")}
    assert told(relied).severity > told(only_told).severity


def test_the_letter_that_was_sent_is_graver_than_the_letter_that_was_caught() -> None:
    sent = {**LETTER["facts"], **LETTER["potential_facts"], "caught_before_impact": "no"}
    assert told(sent).severity > told(LETTER["facts"], potential_facts=LETTER["potential_facts"]).severity


def test_the_same_score_is_graver_in_credit_decisions_than_in_a_writing_tool() -> None:
    credit = CASES["G38"]["facts"]
    writing = {"output_fault": credit["output_fault"], "exposure": "internal"}
    assert told(writing).severity is Band.LOW
    assert told(writing).classification is Classification.QUALITY_ISSUE
    assert told(credit).severity is Band.CRITICAL


def test_every_rule_and_bump_that_fired_comes_with_a_sentence() -> None:
    for case in CASES.values():
        result = told(case["facts"], potential_facts=case.get("potential_facts"))
        assert [line.rule for line in result.explanations] == [*result.fired_rules, *result.bumps]
        assert all(line.why.endswith(".") for line in result.explanations)


def test_a_report_that_says_nothing_is_a_provisional_incident_with_every_question_open() -> None:
    result = reported({})
    assert (result.severity, result.provisional, result.fired_rules) == (Band.MEDIUM, True, ("U1",))
    assert result.classification is Classification.AI_INCIDENT
    assert result.containment_required
    assert [question.fact for question in result.unanswered] == [
        name for name in POLICY.facts if name != "uncertainty"
    ]
    assert all(question.question.endswith("?") for question in result.unanswered)


def test_facts_missing_from_an_assessment_are_read_as_at_intake() -> None:
    assert assess(POLICY, {}) == reported({})


def test_uncertainty_is_high_at_intake_unless_a_known_value_is_asserted() -> None:
    assert POLICY.complete({}, Reading.INTAKE)["uncertainty"] == "high"
    assert POLICY.complete({"uncertainty": "unknown"}, Reading.INTAKE)["uncertainty"] == "high"
    assert POLICY.complete({"uncertainty": "low"}, Reading.INTAKE)["uncertainty"] == "low"
    assert POLICY.complete({"uncertainty": "unknown"}, Reading.COMMAND)["uncertainty"] == "unknown"


def test_an_open_scope_is_provisional_and_names_what_is_unknown() -> None:
    result = told({**SCOPE_OPEN, "can_continue_safely": "unknown"})
    assert (result.severity, result.provisional) == (Band.MEDIUM, True)
    assert result.fired_rules == ("U1",)
    assert result.threshold_tests == ("unknown_scope",)
    assert result.classification is Classification.AI_INCIDENT
    assert result.containment_required
    assert {question.fact for question in result.unanswered} == {
        "exposure",
        "impact",
        "ongoing",
        "can_continue_safely",
    }


def test_two_decisive_unknowns_are_not_yet_an_open_scope() -> None:
    result = told({**SCOPE_OPEN, "ongoing": "no"})
    assert (result.severity, result.provisional, result.fired_rules) == (Band.LOW, False, ())
    assert result.classification is Classification.QUALITY_ISSUE


def test_exposure_of_confidential_data_that_nobody_can_rule_out_is_provisional() -> None:
    result = told({"data_exposed": "unknown", "data_sensitivity": "confidential"})
    assert (result.severity, result.provisional, result.fired_rules) == (Band.MEDIUM, True, ("U2",))


def test_an_unknown_count_does_not_reach_a_threshold() -> None:
    leak = {"data_exposed": "external", "data_sensitivity": "confidential"}
    assert "C3" in told({**leak, "affected_count": 500}).fired_rules
    assert "C3" not in told({**leak, "affected_count": 499}).fired_rules
    assert "C3" not in told({**leak, "affected_count": "unknown"}).fired_rules


def test_many_bumps_raise_by_one_band_together() -> None:
    result = told(
        {
            "output_fault": "incorrect",
            "exposure": "external_limited",
            "reversibility": "irreversible",
            "blast_radius": "system",
            "recurrence": "pattern",
            "ongoing": "yes",
            "can_continue_safely": "no",
        }
    )
    assert result.bumps == ("B1", "B2", "B4", "B5")
    assert result.severity is Band.HIGH


def test_a_pattern_bumps_medium_only() -> None:
    medium = {"output_fault": "incorrect", "exposure": "external_limited", "recurrence": "pattern"}
    assert told(medium).bumps == ("B4",)
    assert told({**medium, "acted_upon": "yes"}).bumps == ()
    assert told({**medium, "acted_upon": "yes"}).severity is Band.HIGH


def test_nothing_bumps_a_low_band() -> None:
    result = told({"reversibility": "irreversible", "ongoing": "yes", "can_continue_safely": "no"})
    assert (result.severity, result.bumps) == (Band.LOW, ())


def test_a_bump_for_uncertainty_makes_the_band_provisional() -> None:
    known = {"output_fault": "incorrect", "exposure": "external_limited", "autonomy": "acts_alone"}
    result = told({**known, "uncertainty": "high"})
    assert (result.bumps, result.provisional, result.severity) == (("B3",), True, Band.HIGH)
    assert not told({**known, "reversibility": "difficult"}).provisional


def test_a_near_miss_works_one_band_below_what_it_could_have_been() -> None:
    caught = {"caught_before_impact": "yes", "output_fault": "incorrect", "exposure": "internal_caught"}
    serious = told(caught, potential_facts={"safety": "serious", "exposure": "external_limited"})
    assert (serious.actual, serious.potential, serious.severity) == (Band.LOW, Band.CRITICAL, Band.HIGH)
    assert serious.containment_required
    mild = told(caught)
    assert (mild.actual, mild.potential, mild.severity) == (Band.LOW, Band.LOW, Band.LOW)
    assert not mild.calls_for_workflow
    assert serious.calls_for_workflow


def test_only_process_rules_count_in_full_for_a_near_miss() -> None:
    caught = {"caught_before_impact": "yes", "financial": "moderate"}
    result = told(caught)
    assert (result.potential, result.severity, result.fired_rules) == (Band.HIGH, Band.MEDIUM, ("H3", "M2"))
    harmless = told(caught, potential_facts={"financial": "none"})
    assert (harmless.potential, harmless.severity, harmless.fired_rules) == (Band.LOW, Band.LOW, ())


def test_a_near_miss_is_never_provisional_nor_bumped() -> None:
    result = told(
        {
            **SCOPE_OPEN,
            "caught_before_impact": "yes",
            "reversibility": "irreversible",
            "autonomy": "acts_alone",
        }
    )
    assert result.fired_rules == ("U1",)
    assert (result.severity, result.bumps, result.provisional) == (Band.MEDIUM, (), False)


def test_potential_facts_change_nothing_unless_it_was_caught() -> None:
    assert told({}, potential_facts={"safety": "serious"}) == told({})
    assert told({}).potential is None


def test_a_near_miss_stays_caught_whatever_its_potential_facts_say() -> None:
    repeated = {"caught_before_impact": "yes", "recurrence": "repeated"}
    result = told(repeated, potential_facts={"caught_before_impact": "yes"})
    assert result.potential is Band.LOW
    assert result.severity is Band.MEDIUM


@pytest.mark.parametrize(
    ("facts", "expected"),
    [
        ({"adversarial": "affected_behaviour"}, Classification.SECURITY_EVENT),
        ({"adversarial": "attempt_blocked"}, Classification.QUALITY_ISSUE),
        ({"service_disruption": "critical_process_down"}, Classification.OPERATIONAL_INCIDENT),
        (
            {"service_disruption": "critical_process_down", "output_fault": "incorrect"},
            Classification.AI_INCIDENT,
        ),
        ({"service_disruption": "critical_process_down", "records_changed": 1}, Classification.AI_INCIDENT),
        (
            {"service_disruption": "critical_process_down", "data_exposed": "potential"},
            Classification.AI_INCIDENT,
        ),
        (
            {"service_disruption": "critical_process_down", "adversarial": "affected_behaviour"},
            Classification.SECURITY_EVENT,
        ),
        ({"adversarial": "affected_behaviour", "caught_before_impact": "yes"}, Classification.NEAR_MISS),
        ({"drift": "yes"}, Classification.AI_INCIDENT),
        ({"impact": "minor"}, Classification.QUALITY_ISSUE),
    ],
)
def test_the_first_class_that_fits_is_taken(facts: dict[str, Any], expected: Classification) -> None:
    assert told(facts).classification is expected


def test_an_outage_reported_alone_is_operational_although_all_else_is_unknown() -> None:
    result = reported({"service_disruption": "critical_process_down"})
    assert result.classification is Classification.OPERATIONAL_INCIDENT
    assert result.severity is Band.HIGH


@pytest.mark.parametrize("ongoing", ["yes", "unknown"])
@pytest.mark.parametrize("go_on", ["no", "with_review", "unknown"])
def test_what_may_go_on_unsafely_must_be_contained_at_any_band(ongoing: str, go_on: str) -> None:
    facts = {"records_changed": 1, "ongoing": ongoing, "can_continue_safely": go_on}
    assert told(facts).containment_required
    assert not told({**facts, "ongoing": "no"}).containment_required
    assert not told({**facts, "can_continue_safely": "yes"}).containment_required
    assert not told({**facts, "records_changed": 0}).containment_required


def test_priority_takes_the_middle_weight_for_the_unknown() -> None:
    assert told({}).priority == 0
    assert told({"impact": "unknown"}).priority == 12
    assert told({"blast_radius": "unknown"}).priority == 8
    assert told({"uncertainty": "unknown"}).priority == 2
    assert told({name: POLICY.facts[name].scale[-1] for name in POLICY.priority}).priority == 100


def test_an_asserted_severity_is_a_floor_that_bumps_do_not_raise() -> None:
    asserted = POLICY.read_term("S1")
    result = told({"drift": "yes", "reversibility": "difficult"}, asserted=asserted)
    assert (result.severity, result.bumps) == (Band.CRITICAL, ("B1",))
    assert result.asserted == asserted
    assert result.containment_required
    assert told({"safety": "serious"}, asserted=POLICY.read_term("low")).severity is Band.CRITICAL


def test_an_asserted_severity_takes_a_near_miss_no_higher_than_high() -> None:
    caught = {"caught_before_impact": "yes"}
    assert told(caught, asserted=POLICY.read_term("critical")).severity is Band.HIGH


def test_a_new_assessment_never_lowers_the_band() -> None:
    calm, grave = told({}), told({"safety": "serious"})
    assert reassess(Band.HIGH, calm) is Band.HIGH
    assert reassess(Band.HIGH, grave) is Band.CRITICAL


def test_bands_are_ordered_by_rank() -> None:
    assert sorted([Band.HIGH, Band.LOW, Band.CRITICAL, Band.MEDIUM]) == [
        Band.LOW,
        Band.MEDIUM,
        Band.HIGH,
        Band.CRITICAL,
    ]
    assert Band.CRITICAL > Band.LOW
    assert Band.HIGH >= "medium"
    assert Band.LOW <= Band.LOW
    assert [band.rank for band in Band] == [1, 2, 3, 4]
    assert (Band.CRITICAL.moved(1), Band.LOW.moved(-1)) == (Band.CRITICAL, Band.LOW)


def test_thresholds_of_one_ai_system_take_the_place_of_the_policys() -> None:
    facts = {"records_changed": 4}
    assert "H6" not in told(facts).fired_rules
    assert "H6" in told(facts, thresholds={"corruption_records_changed": 4}).fired_rules
    with pytest.raises(UnknownTermError, match="major_exposure_affected_count"):
        told(facts, thresholds={"corruption": 4})


def test_an_assessment_survives_the_trip_through_json() -> None:
    result = reported({}, asserted=Asserted(term="S1", band=Band.HIGH, floor=Band.CRITICAL))
    assert Assessment.model_validate_json(result.model_dump_json()) == result
