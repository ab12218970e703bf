"""The inventory of AI systems: what its pages and requests say, and who may see what of it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
from temporalio.client import Client

from andon.console.inventory import Sieve, sieved
from andon.console.models.levers import lever_shown
from andon.console.models.system import IncidentsHad, Known, SystemShown, SystemWhole, system_shown
from andon.console.screens.systems import inventory, system_line, system_screen
from andon.domain.containment import Hold, Verb
from andon.domain.directory import Role
from andon.domain.lever_proof import STALE, LeverProof
from andon.domain.lever_words import DOES
from andon.domain.system import AISystem, LeverEntry, Tier
from andon.domain.use import Use
from playbooks import load, load_systems
from tests.console.desk import SYSTEM, Caller, Office, opened
from tests.console.test_pages import signed_in

NOW = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)
INCIDENT = "INC-20260302-abc123"
DESK = load_systems()[SYSTEM]
PLAYBOOKS = load().playbooks
PAUSE, TOOL = f"{SYSTEM}.allowed", f"{SYSTEM}.tool.issue_refund.allowed"


def hold(lever: str, number: int = 1) -> Hold:
    return Hold(
        order=f"{INCIDENT}/order/{number}",
        incident=INCIDENT,
        lever=lever,
        limit=0,
        reason="unauthorised_tool_action",
        contact="bela",
        since=NOW,
        expires_at=NOW + timedelta(days=7),
    )


def proof(lever: str, *, age: timedelta = timedelta(), **changes: Any) -> LeverProof:
    fields = {"adapter": "flag", "via": "openfeature", "exercise": False, **changes}
    return LeverProof(lever=lever, order="o", incident=INCIDENT, at=NOW - age, **fields)


def shown(system: AISystem = DESK, **known: Any) -> SystemShown:
    return system_shown(system, Known(**known), PLAYBOOKS)


def screen_of(**known: Any) -> Any:
    found = shown(**known)
    whole = SystemWhole(**{name: getattr(found, name) for name in SystemShown.model_fields})
    return system_screen(whole, NOW, linked=True)


def test_each_verb_says_what_it_does() -> None:
    assert [verb for verb in Verb if not DOES.get(verb, "").endswith(".")] == []


def test_a_pause_covers_the_other_levers_and_is_named_as_what_stops_them() -> None:
    lines = {one.id: one for one in screen_of(holds=(hold(PAUSE),)).levers}
    assert lines[PAUSE].state.text == "held"
    assert lines[TOOL].state.text == "stopped by the pause"
    assert lines[TOOL].by == (INCIDENT,)


def test_a_lever_with_a_hold_of_its_own_is_held_though_the_pause_covers_it_too() -> None:
    lines = {one.id: one for one in screen_of(holds=(hold(PAUSE), hold(TOOL, 2))).levers}
    assert lines[TOOL].state.text == "held"


def test_a_lever_that_never_was_proven_is_said_loudly() -> None:
    screen = screen_of(proofs={TOOL: proof(TOOL)})
    lines = {one.id: one for one in screen.levers}
    assert lines[PAUSE].proof.text == "Never proven"
    assert (lines[TOOL].proof.text, lines[TOOL].proven_in) == ("proven", INCIDENT)
    assert screen.never == len(DESK.levers) - 1
    assert screen.proofs.tone == "warn"


def test_a_proof_older_than_a_quarter_is_told_apart() -> None:
    lines = {one.id: one for one in screen_of(proofs={TOOL: proof(TOOL, age=STALE * 1.1)}).levers}
    assert lines[TOOL].proof.text == "proven, long ago"


def test_a_proof_by_the_adapter_the_lever_had_before_is_none() -> None:
    lever = next(one for one in DESK.lever_list() if one.id == TOOL)
    found = lever_shown(DESK, lever, (), {TOOL: proof(TOOL, adapter="http")}, PLAYBOOKS.values())
    assert found.proven is None


def test_a_system_without_levers_says_that_it_can_not_be_stopped() -> None:
    bare = AISystem(id="letters", name="Letters", tier=Tier.LOW, owner="bela")
    assert system_line(shown(bare), NOW).proofs.text == "No lever: Andon can't stop it"


def test_the_oldest_proof_is_the_one_that_is_told() -> None:
    found = shown(proofs={TOOL: proof(TOOL), PAUSE: proof(PAUSE, age=timedelta(days=3))})
    assert found.oldest_proof == NOW - timedelta(days=3)
    assert shown().oldest_proof is None


def test_the_inventory_stands_by_tier_and_what_is_held_comes_first() -> None:
    calm = DESK.model_copy(update={"id": "a_calm_one"})
    low = DESK.model_copy(update={"id": "low_one", "tier": Tier.LOW})
    boxes = inventory([shown(low), shown(calm), shown(holds=(hold(PAUSE),))], NOW)
    assert [(box.tier, [one.id for one in box.lines]) for box in boxes] == [
        ("high", [SYSTEM, "a_calm_one"]),
        ("low", ["low_one"]),
    ]


def test_filters_let_through_what_fits_all_of_them() -> None:
    only = AISystem(
        id="letters",
        name="Letters",
        tier=Tier.LOW,
        owner="zoe",
        levers=(LeverEntry(verb=Verb.PAUSE_SYSTEM),),
    )
    proven = shown(only, proofs={"letters.allowed": proof("letters.allowed")})
    busy = shown(holds=(hold(PAUSE),), had={SYSTEM: IncidentsHad(open=1, all=1)})

    def passing(**wanted: Any) -> list[str]:
        return [one.id for one in sieved([proven, busy], Sieve(**wanted))]

    assert passing() == ["letters", SYSTEM]
    assert passing(tier=Tier.LOW) == passing(owner="zoe") == passing(use=Use.RUNNING) == ["letters"]
    assert passing(open=True) == passing(unproven=True) == passing(use=Use.STOPPED) == [SYSTEM]
    assert passing(open=True, tier=Tier.LOW) == []


async def test_a_system_is_told_with_its_incident_and_the_proof_of_its_lever(
    office: Office, http: httpx.AsyncClient, temporal: Client
) -> None:
    incident = await opened(office, temporal)
    caller = Caller(http, Role.AUDITOR)
    told = (await caller.get(f"/v1/systems/{SYSTEM}")).json()
    proven = [one["proven"] for one in told["levers"] if one["proven"]]
    assert incident in {one["incident"] for one in proven}
    assert incident in {one["id"] for one in told["open_incidents"]}
    assert told["incidents"]["open"] >= 1
    listed = (await caller.get("/v1/systems", open=True, tier="high")).json()["systems"]
    assert SYSTEM in {one["id"] for one in listed}
    assert all(one["tier"] == "high" and one["incidents"]["open"] for one in listed)
    assert (await caller.get("/v1/systems/nothing")).status_code == 404
    assert (await caller.get("/v1/systems", tier="odd")).status_code in (400, 422)


@pytest.mark.long
async def test_the_pages_show_the_inventory_and_one_system_without_links_for_a_reporter(
    office: Office, http: httpx.AsyncClient, temporal: Client
) -> None:
    incident = await opened(office, temporal, title="Hidden words")
    async with signed_in(http, Role.REPORTER) as visitor:
        inventory_page = (await visitor.get("/systems")).text
        page = (await visitor.get(f"/systems/{SYSTEM}")).text
        assert (await visitor.get("/systems?tier=odd")).status_code == 400
        assert (await visitor.get("/systems/nothing")).status_code == 404
    assert f'<tr id="{SYSTEM}">' in inventory_page
    assert incident in page
    assert f'href="/incidents/{incident}"' not in page + inventory_page
    assert "Hidden words" not in page
    assert 'href="/stop' not in page
