"""A storm opens one incident an AI system and one over all, and drops nothing."""

from __future__ import annotations

import asyncio
from collections import Counter
from datetime import UTC, datetime, timedelta

from sqlalchemy import update

from andon.domain.directory import Role
from andon.domain.severity import Classification
from andon.domain.storm import Storm
from andon.door.answers import first_orders
from andon.register.incidents import IncidentRow
from andon.register.links import LinkKind, Links
from andon.register.storm_tables import storms as storms_table
from andon.register.storms import Storms
from tests.door.conftest import Door
from tests.door.test_detections import HARM, HARMLESS, until

SYSTEMS = [f"bot_{number}" for number in range(8)]


def storm_of(door: Door) -> Storm:
    found = Storms(door.databases.register).newest()
    assert found is not None
    return found


def rows(door: Door) -> list[IncidentRow]:
    return door.incidents.list(limit=200)


async def rage(door: Door, times: int = 3) -> list[dict[str, object]]:
    """Report each AI system several times, each time by another key."""
    told = []
    for turn in range(times):
        for system in SYSTEMS:
            answer = await door.detect(system=system, dedupe_key=f"{system}-{turn}", facts=HARM)
            assert answer.status_code == 202
            told.append(answer.json())
    return told


async def test_a_storm_opens_one_incident_an_ai_system_and_one_over_all(lonely: Door) -> None:
    told = await rage(lonely)
    found = rows(lonely)
    by_system = Counter(row.system for row in found)
    assert by_system == Counter({**dict.fromkeys(SYSTEMS, 1), "unknown": 1})
    assert Counter(str(one["outcome"]) for one in told) == {"spooled": 8, "joined": 16}
    (parent,) = (row for row in found if row.system == "unknown")
    assert parent.classification is Classification.OPERATIONAL_INCIDENT
    assert parent.source == "source:andon"
    assert parent.opening is not None
    assert first_orders(parent.opening) == ()
    storm = storm_of(lonely)
    assert storm.incident == parent.incident
    members = Storms(lonely.databases.register).members(parent.incident)
    assert members == {row.system: row.incident for row in found if row is not parent}
    linked = Links(lonely.databases.register).of(parent.incident)
    assert {(one.kind, one.origin) for one in linked} == {
        (LinkKind.STORM, member) for member in members.values()
    }
    for one in told:
        kept = lonely.detections.get(str(one["receipt"]))
        assert kept is not None
        assert kept.incident == one["incident"] == members[kept.system]


async def test_a_storm_that_comes_all_at_once_is_still_one_incident_an_ai_system(lonely: Door) -> None:
    await rage(lonely, times=1)
    sending = [
        lonely.detect(system=system, dedupe_key=f"{system}-late-{number}", facts=HARM)
        for number in range(5)
        for system in (*SYSTEMS, "bot_8", "bot_9")
    ]
    answers = await asyncio.gather(*sending)
    assert {answer.status_code for answer in answers} == {202}
    by_system = Counter(row.system for row in rows(lonely))
    assert set(by_system.values()) == {1}
    assert len(by_system) == 11


async def test_people_are_heard_one_by_one_in_a_storm_too(lonely: Door) -> None:
    await rage(lonely, times=1)
    told = (await lonely.detect(Role.REPORTER, system="bot_0", channel="user_report", flag="exposed")).json()
    assert told["outcome"] == "spooled"
    reviewed = (await lonely.detect(system="bot_0", channel="human_review", facts=HARM)).json()
    assert reviewed["outcome"] == "spooled"
    assert len(rows(lonely)) == 11


async def test_a_matter_of_quality_stays_one_in_a_storm(lonely: Door) -> None:
    await rage(lonely, times=1)
    told = (await lonely.detect(system="bot_0", facts=HARMLESS)).json()
    assert (told["outcome"], told["incident"]) == ("quality_issue", None)


async def test_the_senders_own_key_comes_before_the_storm(lonely: Door) -> None:
    before = (await lonely.detect(system="bot_0", dedupe_key="k", facts=HARM)).json()
    other = (await lonely.detect(Role.RESPONDER, system="bot_0", dedupe_key="other", facts=HARM)).json()
    await rage(lonely, times=1)
    again = (await lonely.detect(system="bot_0", dedupe_key="other", facts=HARM)).json()
    assert (again["outcome"], again["incident"]) == ("joined", other["incident"])
    assert other["incident"] != before["incident"]


async def test_after_it_has_been_quiet_each_key_opens_its_own_again(lonely: Door) -> None:
    await rage(lonely, times=1)
    calm = datetime.now(UTC) - timedelta(hours=1)
    with lonely.databases.register.begin() as connection:
        connection.execute(update(storms_table).values(began_at=calm, last_at=calm))
    told = (await lonely.detect(system="bot_0", dedupe_key="another", facts=HARM)).json()
    assert told["outcome"] == "spooled"


async def test_an_incident_that_is_closed_in_a_storm_takes_nothing_in(lonely: Door) -> None:
    first = (await rage(lonely, times=1))[0]["incident"]
    with lonely.databases.register.begin() as connection:
        connection.exec_driver_sql("UPDATE incidents SET closed_at = opened_at WHERE incident = ?", (first,))
    told = (await lonely.detect(system="bot_0", dedupe_key="another", facts=HARM)).json()
    assert told["outcome"] == "spooled"
    again = (await lonely.detect(system="bot_0", dedupe_key="and another", facts=HARM)).json()
    assert (again["outcome"], again["incident"]) == ("joined", told["incident"])


async def test_few_ai_systems_or_slow_ones_are_no_storm(lonely: Door) -> None:
    for number in range(4):
        for key in range(3):
            await lonely.detect(system=f"bot_{number}", dedupe_key=str(key), facts=HARM)
    assert Storms(lonely.databases.register).newest() is None
    assert len(rows(lonely)) == 12


async def test_the_incident_over_all_gets_its_workflow_like_any_other(door: Door, worker: object) -> None:
    await rage(door, times=1)
    storm = storm_of(door).incident

    async def started() -> bool:
        row = await asyncio.to_thread(door.incidents.get, storm)
        return row is not None and row.started_at is not None

    await until(started)
