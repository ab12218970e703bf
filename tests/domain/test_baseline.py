"""What a restart is decided beside: each thing that is open is named, with how the case went before."""

from __future__ import annotations

from datetime import timedelta

import pytest

from andon.domain.affected import Tally
from andon.domain.baseline import Baseline, beside
from andon.domain.confinement import Confinement, Problem
from andon.domain.impact import Impact
from andon.domain.incident import IncidentView, OrderRecord
from andon.domain.suite_run import Before, Twin
from tests.domain.gate_runs import FIXED_AT, evaluated
from tests.register.cases import order, view

EARLIER = "INC-20260101-zzzzzz"


def shown(told: IncidentView, reason: str = "") -> str:
    return "\n".join(beside(told, before=None, reason=reason))


def test_levers_gaps_records_and_changes_that_are_open_are_named() -> None:
    affected = Impact(affected=Tally(all=50, corrected=40, cannot=3))
    told = shown(view(orders=(OrderRecord(order=order()),), impact=affected))
    assert "1 orders in force" in told
    assert "refund_desk.tool.issue_refund.allowed" in told
    assert "no evidence is sealed" in told
    assert "7 affected records are not corrected yet: 40 corrected + 3 that cannot be = 43 of 50" in told


def test_the_run_from_before_the_incident_stands_beside_the_new_one() -> None:
    then = evaluated(finished_at=FIXED_AT - timedelta(days=9))
    (line,) = [
        line
        for line in beside(view(evaluation=evaluated()), before=Baseline(incident=EARLIER, result=then))
        if EARLIER in line
    ]
    assert line == f"before the incident, 5 of 5 cases passed by the same rules ({EARLIER}, 2026-02-21)"
    assert "no whole run from before the incident" in shown(view(evaluation=evaluated()))


@pytest.mark.parametrize("before", Before)
@pytest.mark.parametrize("twin", Twin)
def test_each_way_the_case_and_its_twin_can_go_has_words(before: Before, twin: Twin) -> None:
    result = evaluated().model_copy(update={"before": before.value, "twin": twin.value})
    told = shown(view(evaluation=result), "the old model is gone")
    assert "incident's own case" in told or "the past" in told
    assert "twin" in told
    assert ("the old model is gone" in told) is (before is Before.CANNOT)


def test_a_run_that_was_not_confined_or_went_wrong_says_so() -> None:
    loose = Confinement(network="open: not_possible: unshare: refused")
    result = evaluated().model_copy(update={"confinement": loose, "problem": Problem.MEMORY.value})
    told = shown(view(evaluation=result))
    assert "not confined in network: open" in told
    assert "raise `limits.memory_mib`" in told
