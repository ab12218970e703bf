"""What the quarterly review takes from one incident: ending, fix, and answers that went past a rule."""

from __future__ import annotations

from datetime import timedelta

import pytest

from andon.domain.decision import DecisionKind, DecisionRecord, DecisionRequest, Option
from andon.domain.directory import Role
from andon.domain.gate import EvaluationResult
from andon.domain.incident import Ending, IncidentView
from andon.domain.quarter import Bypass, Case
from andon.domain.quarter_case import case_of
from andon.domain.severity import Classification
from tests.register.cases import INCIDENT, NOW, opening, view

OPTIONS = (Option(id="lift"), Option(id="grant"), Option(id="ratify"), Option(id="refuse", blocks=True))


def record(kind: DecisionKind, outcome: str | None, *, superseded: bool = False) -> DecisionRecord:
    request = DecisionRequest(
        id=f"{kind}-1",
        incident=INCIDENT,
        kind=kind,
        opened_at=NOW,
        deadline=None,
        eligible=(Role.EXECUTIVE,),
        options=OPTIONS,
        policy="b" * 64,
    )
    return DecisionRecord(request=request, outcome=outcome, superseded=superseded)


def seen(**changes: object) -> IncidentView:
    return view().model_copy(update=changes)


def case(shown: IncidentView | None) -> Case:
    return case_of(opening(), shown, (), NOW + timedelta(days=1))


@pytest.mark.parametrize(
    ("kind", "outcome", "found"),
    [
        (DecisionKind.EXECUTIVE_OVERRIDE, "lift", (Bypass.EXCLUSION_LIFTED,)),
        (DecisionKind.EXECUTIVE_OVERRIDE, "refuse", ()),
        (DecisionKind.EXECUTIVE_OVERRIDE, None, ()),
        # Glass was broken before anybody answered, whatever they answer then.
        (DecisionKind.RATIFICATION, "ratify", (Bypass.GLASS_BROKEN,)),
        (DecisionKind.RATIFICATION, "refuse", (Bypass.GLASS_BROKEN,)),
        (DecisionKind.RATIFICATION, None, (Bypass.GLASS_BROKEN,)),
        (DecisionKind.GATE_EXCEPTION, "grant", (Bypass.GATE_EXCEPTION,)),
        (DecisionKind.GATE_EXCEPTION, "refuse", ()),
        (DecisionKind.GATE_EXCEPTION, None, ()),
        (DecisionKind.RESTART, "grant", ()),
    ],
)
def test_an_answer_that_went_past_a_rule_is_counted_where_it_took_effect(
    kind: DecisionKind, outcome: str | None, found: tuple[Bypass, ...]
) -> None:
    assert case(seen(decisions=(record(kind, outcome),))).bypasses == found


def test_glass_broken_is_counted_once_though_it_was_asked_again() -> None:
    asked = (
        record(DecisionKind.RATIFICATION, None, superseded=True),
        record(DecisionKind.RATIFICATION, None),
    )
    assert case(seen(decisions=asked)).bypasses == (Bypass.GLASS_BROKEN,)


def evaluated(minutes: int) -> EvaluationResult:
    at = NOW + timedelta(minutes=minutes)
    return EvaluationResult(
        suite="s",
        started_at=at,
        finished_at=at,
        completed=True,
        versions="d" * 64,
        total=1,
        finished=1,
        incident_case=True,
    )


def test_versions_are_those_that_were_evaluated_after_the_fix() -> None:
    fixed = NOW + timedelta(minutes=30)
    assert case(seen(fixed_at=fixed, evaluation=evaluated(40))).versions == "d" * 64
    assert case(seen(fixed_at=fixed, evaluation=evaluated(20))).versions is None
    assert case(seen(evaluation=evaluated(40))).versions is None
    assert case(seen(fixed_at=fixed)).fixed_at == fixed


def test_a_system_that_stays_stopped_is_called_what_people_found() -> None:
    assert case(seen(ending=Ending.RESTARTED, findings={"ending": "retired"})).ending == "restarted"
    stopped = {"ending": Ending.NOT_RESTARTED, "closed_at": NOW}
    assert case(seen(**stopped)).ending == "not_restarted"
    assert case(seen(**stopped, findings={"ending": "narrowed"})).ending == "narrowed"


def test_before_its_workflow_has_begun_an_incident_is_what_its_opening_says() -> None:
    found = case(None)
    assert (found.classification, found.ending, found.bypasses) == (Classification.AI_INCIDENT, None, ())
    assert found.told.incident == INCIDENT
