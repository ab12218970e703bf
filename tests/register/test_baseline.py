"""The last whole run of an AI system's suite from before an incident, as the register holds it."""

from __future__ import annotations

from datetime import timedelta

from andon.domain.gate import EvaluationResult
from andon.register.engine import Databases
from andon.register.evaluations import Evaluations
from andon.register.incidents import Incidents
from tests.register.cases import NOW, TITLE, opening


def test_the_last_whole_run_from_before_an_incident_is_its_baseline(databases: Databases) -> None:
    evaluations, incidents = Evaluations(databases.register), Incidents(databases.register)
    names = [f"INC-2026010{number}-abc123" for number in range(1, 5)]
    for days, name in enumerate(names):
        start = NOW + timedelta(days=days)
        incidents.allot(opening(name, opened_at=start, exercise=days == 3), dedupe=None, title=TITLE)
        result = EvaluationResult(
            suite="desk",
            started_at=start,
            finished_at=start + timedelta(hours=1),
            completed=days != 2,
            versions=None,
            total=1,
            finished=1,
            incident_case=True,
        )
        evaluations.keep(name, 1, result)
    assert evaluations.before("refund_desk", NOW) is None
    found = evaluations.before("refund_desk", NOW + timedelta(days=30))
    assert found is not None
    assert found.incident == names[1]
