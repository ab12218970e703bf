"""Severity policies as files: what is refused when they are loaded, and the words detectors may use."""

from __future__ import annotations

from typing import Any

import pytest
import yaml

from andon.domain.conditions import Reading
from andon.domain.errors import ConditionSyntaxError, InvalidInputError, UnknownTermError
from andon.domain.severity import Band, Classification, SeverityPolicy, assess
from playbooks import policy_text

SHIPPED: dict[str, Any] = yaml.safe_load(policy_text("severity.yaml"))
POLICY = SeverityPolicy.parse(SHIPPED)


def changed(**fields: Any) -> dict[str, Any]:
    return {**SHIPPED, **fields}


def with_rule(**fields: Any) -> dict[str, Any]:
    rule = {"id": "X1", "floor": "high", "when": "impact=severe", "why": "It matters.", **fields}
    return changed(rules=[*SHIPPED["rules"], rule])


def test_a_policy_is_the_same_after_a_trip_through_json() -> None:
    assert SeverityPolicy.model_validate_json(POLICY.model_dump_json()) == POLICY


def test_each_rule_bump_and_fact_is_explained() -> None:
    assert all(rule.why.endswith(".") for rule in (*POLICY.rules, *POLICY.bumps))
    assert all(kind.meaning and kind.question.endswith("?") for kind in POLICY.facts.values())


def test_no_fact_speaks_of_technical_causes_or_of_complaints() -> None:
    for name in ("root_cause", "failure_class", "model", "model_version", "vendor", "complaints"):
        with pytest.raises(UnknownTermError):
            POLICY.checked({name: "yes"})


def test_a_rule_of_ones_own_takes_part() -> None:
    policy = SeverityPolicy.parse(with_rule(when="drift=yes AND acted_upon=yes", floor="critical"))
    facts = policy.complete({"drift": "yes", "acted_upon": "yes"}, Reading.COMMAND)
    result = assess(policy, facts)
    assert result.severity is Band.CRITICAL
    assert "X1" in result.fired_rules


def test_a_policy_can_let_bumps_add_up() -> None:
    facts = {
        "drift": "yes",
        "reversibility": "irreversible",
        "ongoing": "yes",
        "can_continue_safely": "no",
    }
    policy = SeverityPolicy.parse(changed(bumps_at_most=2))
    assert assess(policy, policy.complete(facts, Reading.COMMAND)).severity is Band.CRITICAL


@pytest.mark.parametrize(
    ("mapping", "problem"),
    [
        ({}, "Field required"),
        (changed(format="other/1"), "format"),
        (changed(surprise=1), "surprise"),
        (changed(bumps_at_most=9), "bumps_at_most"),
        (with_rule(when=True), "when"),
        (with_rule(floor="awful"), "floor"),
        (with_rule(when="impact>="), "at character 9"),
        (with_rule(when="mood=bad"), "rule X1.*'mood'"),
        (with_rule(when="impact>=awful"), "rule X1.impact: 'awful'"),
        (with_rule(when="records_changed>=several"), "rule X1.*'several'"),
        (with_rule(when="band>=medium"), "rule X1: 'band'"),
        (with_rule(id="C1"), "C1 is there more than once"),
        (with_rule(id="B1"), "B1 is there more than once"),
        (changed(thresholds={}), "decisive_unknowns|major_exposure_affected_count"),
        (
            changed(thresholds={**SHIPPED["thresholds"], "decisive_unknowns": 0}),
            "thresholds.decisive_unknowns: '0' is not a whole number from 1",
        ),
        (changed(postures={"low": "Wait."}), "postures"),
        (changed(near_miss={**SHIPPED["near_miss"], "process_rules": ["M4"]}), "'M4'"),
        (
            changed(near_miss={**SHIPPED["near_miss"], "uncaught": {"drift": "maybe"}}),
            "uncaught.drift: 'maybe'",
        ),
        (changed(unknowns={**SHIPPED["unknowns"], "provisional_bumps": ["U1"]}), "provisional_bumps: 'U1'"),
        (changed(unknowns={**SHIPPED["unknowns"], "intake": {"uncertainty": "total"}}), "intake.uncertainty"),
        (changed(threshold_tests=[{"name": "x", "rules": ["U9"]}]), "'U9'"),
        (changed(threshold_tests=[{"name": "x", "when": "threshold_tests=0"}]), "'threshold_tests'"),
        (
            changed(classification=[{"result": "near_miss", "when": "band=low"}]),
            "classification near_miss: 'band'",
        ),
        (changed(containment_required="band>=awful"), "containment_required.band: 'awful'"),
        (changed(priority={"impact": {"none": 0}}), "priority.impact: give one weight for each value"),
        (changed(priority={"records_changed": {}}), "priority.records_changed"),
        (changed(priority={"mood": {"bad": 1}}), "priority: 'mood'"),
        (
            changed(terms=[{"words": ["S1", "s-1"], "band": "high", "floor": "high"}]),
            "terms: s1 is there more than once",
        ),
        (
            changed(facts={**SHIPPED["facts"], "band": {"values": ["x"], "meaning": "m", "question": "q?"}}),
            "band has a meaning of its own",
        ),
    ],
)
def test_a_policy_that_does_not_hold_together_is_refused_when_loaded(
    mapping: dict[str, Any], problem: str
) -> None:
    with pytest.raises(InvalidInputError, match=problem):
        SeverityPolicy.parse(mapping)


def test_a_condition_that_cannot_be_read_keeps_its_own_error() -> None:
    with pytest.raises(ConditionSyntaxError) as refusal:
        SeverityPolicy.parse(with_rule(when="impact => severe"))
    assert refusal.value.condition == "impact => severe"


@pytest.mark.parametrize(
    ("term", "band", "floor"),
    [
        ("low", Band.LOW, Band.LOW),
        ("Medium", Band.MEDIUM, Band.MEDIUM),
        ("HIGH", Band.HIGH, Band.HIGH),
        (" critical ", Band.CRITICAL, Band.CRITICAL),
        ("S1", Band.HIGH, Band.CRITICAL),
        ("s2", Band.MEDIUM, Band.HIGH),
        ("S3", Band.LOW, Band.LOW),
        ("S4", Band.LOW, Band.LOW),
        ("Severity 1", Band.HIGH, Band.CRITICAL),
        ("severity-2", Band.MEDIUM, Band.HIGH),
        ("SEV1", Band.CRITICAL, Band.CRITICAL),
        ("Sev-1", Band.CRITICAL, Band.CRITICAL),
        ("Sev 2", Band.HIGH, Band.HIGH),
        ("sev_3", Band.MEDIUM, Band.MEDIUM),
        ("SEV4", Band.LOW, Band.LOW),
    ],
)
def test_a_mapped_term_gives_a_band_and_a_floor_and_is_kept(term: str, band: Band, floor: Band) -> None:
    asserted = POLICY.read_term(term)
    assert asserted is not None
    assert (asserted.band, asserted.floor, asserted.term) == (band, floor, term.strip())


def test_the_fourth_level_of_the_old_scale_suggests_a_near_miss_and_decides_nothing() -> None:
    asserted = POLICY.read_term("S4")
    assert asserted is not None
    assert asserted.suggests is Classification.NEAR_MISS
    assert assess(POLICY, {"drift": "yes"}, asserted=asserted).classification is Classification.AI_INCIDENT


@pytest.mark.parametrize("term", [None, "", "   "])
def test_an_empty_severity_asserts_nothing(term: str | None) -> None:
    assert POLICY.read_term(term) is None


@pytest.mark.parametrize(
    "term", ["P0", "CRIT", "9.8", "1", "S5", "S0", "-", "high!", 9.8, 1, 0, True, ["high"], {"band": "high"}]
)
def test_an_unmapped_term_or_a_number_is_refused_with_the_list(term: object) -> None:
    with pytest.raises(UnknownTermError) as refusal:
        POLICY.read_term(term)
    assert {"low", "critical", "S1", "Severity 4", "SEV1"} <= set(refusal.value.known)


@pytest.mark.parametrize(
    ("fact", "value"),
    [
        ("drift", True),
        ("drift", "Yes"),
        ("drift", None),
        ("impact", 3),
        ("impact", ["major"]),
        ("records_changed", -1),
        ("records_changed", 1.0),
        ("records_changed", "7"),
        ("records_changed", True),
        ("records_changed", 2**53),
        ("records_changed", ""),
    ],
)
def test_a_value_a_fact_cannot_have_is_refused_by_name(fact: str, value: object) -> None:
    with pytest.raises(InvalidInputError, match=f"facts.{fact}: "):
        POLICY.complete({fact: value}, Reading.INTAKE)
    with pytest.raises(InvalidInputError, match=f"potential_facts.{fact}: "):
        assess(POLICY, {}, {fact: value})


@pytest.mark.parametrize("value", [0, -1, True, 2.5, "500"])
def test_a_threshold_that_is_no_whole_number_from_1_is_refused(value: Any) -> None:
    with pytest.raises(InvalidInputError, match=r"thresholds\.decisive_unknowns"):
        assess(POLICY, {}, thresholds={"decisive_unknowns": value})


def test_every_fact_may_be_unknown() -> None:
    unknown = dict.fromkeys(POLICY.facts, "unknown")
    assert POLICY.complete(unknown, Reading.COMMAND) == unknown
