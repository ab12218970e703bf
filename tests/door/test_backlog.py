"""The backlog says what waits, since when, and of what severity, whatever is away."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from andon.domain.directory import Role
from tests.api.server import bearer
from tests.door.conftest import Door
from tests.door.test_detections import HARM, until
from tests.door.test_register_away import locked
from tests.door.test_storms import SYSTEMS, rage


async def backlog(door: Door, role: Role = Role.RESPONDER) -> dict[str, Any]:
    answer = await door.http.get("/v1/intake/backlog", headers=bearer(role))
    assert answer.status_code == 200, answer.text
    told: dict[str, Any] = answer.json()
    return told


def waits(told: dict[str, Any], severity: str) -> dict[str, Any]:
    found: dict[str, Any] = next(one for one in told["bands"] if one["severity"] == severity)
    return found


async def test_with_nothing_waiting_it_says_so(door: Door) -> None:
    told = await backlog(door)
    assert [one["severity"] for one in told["bands"]] == ["critical", "high", "medium", "low"]
    assert {(one["unstarted"], one["unproven"]) for one in told["bands"]} == {(0, 0)}
    assert (told["register_away"], told["storm"], told["spool"]) == (
        False,
        None,
        {"detections": 0, "since": None},
    )


async def test_what_waits_for_its_workflow_and_its_proof_is_counted_by_severity(lonely: Door) -> None:
    await lonely.detect(facts=HARM)
    first = (await lonely.detect(dedupe_key="x", facts=HARM)).json()
    await lonely.detect(dedupe_key="x", facts=HARM)
    await lonely.detect(dedupe_key="x", facts=HARM)
    told = await backlog(lonely)
    high = waits(told, "high")
    assert (high["unstarted"], high["unproven"]) == (2, 2)
    row = lonely.incidents.get(first["incident"])
    assert row is not None
    assert datetime.fromisoformat(high["unstarted_since"]) <= row.opened_at
    assert told["temporal_away"] is True
    assert told["untold"] == {"incidents": 1, "detections": 2}
    assert [one["source"] for one in told["sources"]] == ["source:detector-1"]
    assert told["sources"][0]["taken"] == 4


async def test_a_storm_is_named_with_its_ai_systems(lonely: Door) -> None:
    await rage(lonely, times=1)
    storm = (await backlog(lonely))["storm"]
    assert (storm["lasts"], storm["systems"]) == (True, len(SYSTEMS))
    row = lonely.incidents.get(storm["incident"])
    assert row is not None
    assert row.system == "unknown"


async def test_the_spool_is_counted_while_the_register_is_away(lonely: Door) -> None:
    with locked(lonely.settings.data_dir):
        for number in range(3):
            await lonely.detect(dedupe_key=str(number), facts=HARM)
        told = await backlog(lonely)
        assert told["register_away"] is True
        assert told["spool"]["detections"] == 3
        assert told["spool"]["since"] is not None

    async def empty() -> bool:
        return bool((await backlog(lonely))["spool"] == {"detections": 0, "since": None})

    await until(empty, 40)
