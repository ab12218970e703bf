"""The end of an incident says whether its AI system is in use; what was said last counts."""

from __future__ import annotations

from datetime import timedelta

from andon.domain.incident import Ending, IncidentView
from andon.domain.use import Use
from andon.domain.watch import LookKept
from andon.register.engine import Databases
from andon.register.incidents import Incidents
from andon.register.system_uses import SystemUses
from andon.register.watches import Watches
from tests.register.cases import INCIDENT, NOW, closed

LATER = "INC-20260303-abc123"


def ended(
    incident: str, ending: Ending, said: str = "", *, days: int = 0, exercise: bool = False
) -> IncidentView:
    return closed(incident).model_copy(
        update={
            "ending": ending,
            "findings": {"ending": said} if said else {},
            "closed_at": NOW + timedelta(days=days),
            "exercise": exercise,
        }
    )


def test_a_retired_system_stays_retired_until_a_later_incident_ends_in_a_restart(
    databases: Databases,
) -> None:
    incidents, uses = Incidents(databases.register), SystemUses(databases.register)
    incidents.show(ended(INCIDENT, Ending.NOT_RESTARTED, "retired"))
    found = uses.of("refund_desk")
    assert found is not None
    assert (found.use, found.incident, found.since) == (Use.RETIRED, INCIDENT, NOW)
    incidents.show(ended(LATER, Ending.RESTARTED, days=1))
    assert uses.all()["refund_desk"].use is Use.RUNNING


def test_a_false_positive_or_an_exercise_says_nothing_of_the_use(databases: Databases) -> None:
    incidents = Incidents(databases.register)
    incidents.show(ended(INCIDENT, Ending.FALSE_POSITIVE))
    incidents.show(ended(LATER, Ending.NOT_RESTARTED, "retired", exercise=True))
    assert SystemUses(databases.register).all() == {}


def test_of_a_watch_the_newest_looks_are_kept_and_a_repeat_of_older_ones_changes_nothing(
    databases: Databases,
) -> None:
    watches = Watches(databases.register)
    old = LookKept(name="errors", saw="within", value=1, at=NOW)
    new = old.model_copy(update={"saw": "crossed", "value": 9, "at": NOW + timedelta(minutes=1)})
    watches.keep(INCIDENT, 1, [old])
    watches.keep(INCIDENT, 1, [new])
    watches.keep(INCIDENT, 1, [old])
    watches.keep(INCIDENT, 2, [old])
    assert [(one.watch, one.looks) for one in watches.of(INCIDENT)] == [(1, (new,)), (2, (old,))]
