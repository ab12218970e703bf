"""Where a detection goes, what a cause is, what is alike, and what detections say together."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

import playbooks
from andon.domain.detection import Channel, DetectionReport
from andon.domain.joining import Told, together, weighed
from andon.domain.likeness import SUGGESTED_AT_MOST, Trait, alike, suggested
from andon.domain.pattern import PatternPolicy, cause_of
from andon.domain.placing import Place, Placement, Stands, placed
from andon.domain.severity import Band, Classification

ONE, TWO, THREE = "INC-20261001-aaaaaa", "INC-20261001-bbbbbb", "INC-20261001-cccccc"
ISSUE = "QI-20261001-aaaaaa"
AT = datetime(2026, 10, 1, 9, 59, tzinfo=UTC)
POLICY = playbooks.load().severity


@pytest.mark.parametrize(
    ("calls", "stands", "goes"),
    [
        (True, Stands(), Placement(Place.OPEN)),
        (False, Stands(), Placement(Place.NOTE)),
        (False, Stands(issue=ISSUE), Placement(Place.NOTE, issue=ISSUE)),
        (True, Stands(issue=ISSUE), Placement(Place.PROMOTE, issue=ISSUE)),
        (False, Stands(incident=ONE, issue=ISSUE), Placement(Place.JOIN, incident=ONE)),
        (True, Stands(incident=ONE, pattern=TWO, storm=THREE), Placement(Place.JOIN, incident=ONE)),
        (True, Stands(pattern=TWO, storm=THREE), Placement(Place.JOIN, incident=TWO)),
        (False, Stands(pattern=TWO), Placement(Place.JOIN, incident=TWO)),
        (True, Stands(storm=THREE), Placement(Place.JOIN, incident=THREE)),
        (False, Stands(storm=THREE), Placement(Place.NOTE)),
    ],
)
def test_the_senders_key_comes_first_then_the_pattern_then_the_storm(
    *, calls: bool, stands: Stands, goes: Placement
) -> None:
    assert placed(calls_for_incident=calls, stands=stands) == goes


def report(**fields: Any) -> DetectionReport:
    return DetectionReport(system="refund_desk", channel=Channel.MONITORING, title="x", **fields)


@pytest.mark.parametrize(
    ("fields", "rules", "cause"),
    [
        ({"trigger": "drift_alert", "type": "model_drift", "flag": "unsafe"}, ["M2"], "trigger:drift_alert"),
        ({"type": "model_drift", "flag": "unsafe"}, ["M2"], "type:model_drift"),
        ({"flag": "unsafe"}, ["M2"], "flag:unsafe"),
        ({"categories": ["policy_issue"]}, ["U1", "M3", "M2"], "rules:M2+M3"),
        ({"categories": ["policy_issue", "data_exposure"]}, ["U1"], "category:data_exposure+policy_issue"),
        ({}, ["U1"], None),
        ({}, [], None),
    ],
)
def test_a_cause_is_what_the_sender_names_else_the_rules_that_fire(
    fields: dict[str, Any], rules: list[str], cause: str | None
) -> None:
    assert cause_of(report(**fields), rules, ("U1", "U2")) == cause


def test_a_sender_that_repeats_itself_counts_once_in_the_time_set() -> None:
    policy = PatternPolicy(window_days=14, reports=3, apart_minutes=60, facts={})
    assert policy.occasion("key", AT) == policy.occasion("key", AT - timedelta(minutes=58))
    assert policy.occasion("key", AT) != policy.occasion("key", AT + timedelta(minutes=2))
    assert policy.occasion("key", AT) != policy.occasion("other", AT)


def trait(incident: str, source: str = "source:a", **fields: Any) -> Trait:
    whole: dict[str, Any] = {"type": None, "trigger": None, "traces": frozenset(), "detected_at": AT}
    return Trait(incident=incident, source=source, **{**whole, **fields})


@pytest.mark.parametrize(
    ("one", "other", "why"),
    [
        ({"traces": {"t"}}, {"traces": {"t", "u"}}, "same_trace"),
        ({"type": "model_drift"}, {"type": "model_drift", "source": "source:b"}, "same_cause"),
        ({"trigger": "x"}, {"trigger": "x", "source": "person:b"}, "same_cause"),
        ({}, {"source": "source:b"}, "same_time"),
        ({}, {"source": "source:b", "detected_at": AT + timedelta(minutes=11)}, None),
        ({"type": "model_drift"}, {"type": "model_drift"}, None),
    ],
)
def test_what_may_be_the_same_incident(one: dict[str, Any], other: dict[str, Any], why: str | None) -> None:
    assert alike(trait(ONE, **one), trait(TWO, **other)) == why


def test_few_merges_are_suggested_the_best_reason_first() -> None:
    fresh = trait(ONE, traces=frozenset({"t"}))
    others = [trait(f"INC-20261001-{number:06d}", "source:b") for number in range(20)]
    found = suggested(fresh, [fresh, *others, trait(TWO, traces=frozenset({"t"}))])
    assert found[0] == (TWO, "same_trace")
    assert len(found) == SUGGESTED_AT_MOST


def test_together_detections_say_the_graver_word_of_each_fact() -> None:
    told = together(
        POLICY,
        [
            Told({"impact": "minor", "safety": "unknown", "uncertainty": "high"}, {}, Band.HIGH),
            Told({"impact": "none", "safety": "possible", "records_changed": 3}, {}),
            Told({"records_changed": 2}, {"exposure": "public"}),
        ],
    )
    assert told.facts == {"impact": "minor", "safety": "possible", "records_changed": 3}
    assert told.potential == {"exposure": "public"}
    assert weighed(POLICY, told, insist=True).severity is Band.HIGH
    assert weighed(POLICY, told, insist=False).severity is Band.MEDIUM


def test_caught_in_time_holds_only_while_no_detection_says_otherwise() -> None:
    caught = Told({"caught_before_impact": "yes", "impact": "major"}, {})
    missed = Told({"caught_before_impact": "no"}, {})
    assert (
        weighed(POLICY, together(POLICY, [caught]), insist=False).classification is Classification.NEAR_MISS
    )
    for both in ([caught, missed], [missed, caught]):
        assert together(POLICY, both).facts["caught_before_impact"] == "no"
