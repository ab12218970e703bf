"""What people see of holds and of alarms: through the API and on pages."""

from __future__ import annotations

from datetime import UTC, datetime

from andon.domain.directory import Role
from andon.domain.run_alarm import RunAlarmKind
from tests.care.yard import Yard
from tests.console.desk import SYSTEM, Caller
from tests.console.test_pages import signed_in


async def test_an_ai_system_shows_every_hold_with_whose_it_is_its_proof_and_the_way_out(yard: Yard) -> None:
    first = await yard.incident()
    second = await yard.incident()
    assert yard.office.http is not None
    answer = await Caller(yard.office.http, Role.RESPONDER).get("/v1/systems")
    [system] = [one for one in answer.json()["systems"] if one["id"] == SYSTEM]
    holds = system["in_force"]
    assert {one["incident"] for one in holds} == {first, second}
    for lever in {one["lever"] for one in holds}:
        here = [one for one in holds if one["lever"] == lever]
        assert [one["strictest"] for one in here] == [True, *[False] * (len(here) - 1)]
    for one in holds:
        assert (one["state"], one["expired"], bool(one["proof"])) == ("proven", False, True)
        assert one["assignee"] == "operations"
        assert one["authority"].startswith("playbook:")
        assert one["until"] > one["since"]
        assert one["way_out"]["command"].startswith(f"andon respond {one['incident']} triage-1")


async def test_an_alarm_is_listed_and_stands_on_the_first_page_and_its_incidents(yard: Yard) -> None:
    incident = await yard.incident()
    alarms, now = yard.office.queries.alarms, datetime.now(UTC)
    alarm = alarms.raise_alarm(incident, RunAlarmKind.TERMINATED, {}, now)
    assert alarms.raise_alarm(incident, RunAlarmKind.TERMINATED, {}, now) == alarm
    assert yard.office.http is not None
    http = yard.office.http
    lead = Caller(http, Role.INCIDENT_LEAD)
    [shown] = (await lead.get("/v1/alarms", open="true")).json()["alarms"]
    assert (shown["incident"], shown["kind"], shown["cleared_at"]) == (incident, "terminated", None)
    async with signed_in(http, Role.INCIDENT_LEAD) as visitor:
        for path in ("/", f"/incidents/{incident}"):
            page = (await visitor.get(path)).text
            assert "Its workflow was terminated in Temporal." in page, path
            assert "Andon is starting it again." in page
        alarms.clear([incident], now)
        assert "The incident goes on." in (await visitor.get("/")).text
        assert "a stricter hold counts" not in (systems := (await visitor.get(f"/systems/{SYSTEM}")).text)
        assert f"andon respond {incident} triage-1" in systems
    assert (await lead.get("/v1/alarms", open="true")).json()["alarms"] == []
    [over] = (await lead.get("/v1/alarms", incident=incident)).json()["alarms"]
    assert over["cleared_at"] is not None
