"""Pulling the cord at the page, with a real door behind it and Temporal away."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import httpx
import pytest

from andon.console.models.stop import Chosen, chosen_from
from andon.console.screens.cord import choice_screen
from andon.console.screens.stopped import within
from andon.domain.containment import Verb
from andon.domain.cord import pulled_by_hand
from andon.domain.directory import Role
from andon.domain.system import AISystem, Tier
from playbooks import load_systems
from tests.console.test_report import House, furnished, somebody

DESK = load_systems()["refund_desk"]
PAUSE = "refund_desk:pause_system:"
TOOL = "refund_desk:disable_tool:issue_refund"
WHY = "It pays <b>strangers</b>"


@pytest.fixture(scope="module")
async def house(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[House]:
    async with furnished(tmp_path_factory.mktemp("cord")) as one:
        yield one


def fields(page: str) -> dict[str, str]:
    """Return the hidden fields of the form with the button."""
    form = page[page.index('action="/stop/now"') :]
    found = re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)"', form)
    return {name: value.replace("&lt;", "<").replace("&gt;", ">") for name, value in found}


async def looked(visitor: httpx.AsyncClient, what: str, why: str = WHY) -> httpx.Response:
    page = (await visitor.get("/stop?system=refund_desk")).text
    csrf = re.search(r'action="/stop"[^>]*>\s*<input type="hidden" name="csrf" value="(\w+)"', page)
    assert csrf is not None
    return await visitor.post("/stop", data={"csrf": csrf[1], "what": what, "reason": why})


def test_the_whole_system_can_be_stopped_even_if_it_declares_no_lever() -> None:
    bare = AISystem(id="letters", name="Letters", tier=Tier.LOW, owner="bela")
    assert [one.id for one in pulled_by_hand(bare)] == ["letters.allowed"]
    levers = pulled_by_hand(DESK)
    assert levers[0].verb is Verb.PAUSE_SYSTEM
    assert Verb.QUARANTINE_SESSION not in {one.verb for one in levers}
    assert {one.adapter for one in levers} == {"flag"}


@pytest.mark.parametrize("text", ["", "refund_desk", "a:b:c", "a:pause_system", "a:pause_system:b:c"])
def test_what_is_no_choice_is_none(text: str) -> None:
    assert chosen_from(text) is None


def test_a_choice_is_read_as_it_was_written() -> None:
    chosen = Chosen(system="refund_desk", verb=Verb.DISABLE_TOOL, target="issue_refund")
    assert chosen_from(chosen.written()) == chosen


@pytest.mark.parametrize(
    ("seconds", "said"), [(0.04, "0.0 s"), (0.36, "0.4 s"), (9.9, "9.9 s"), (75, "1 min"), (-1, "at once")]
)
def test_how_long_it_took_is_said_to_the_tenth_while_that_matters(seconds: float, said: str) -> None:
    assert within(timedelta(seconds=seconds)) == said


def test_nothing_to_stop_is_an_empty_choice() -> None:
    assert choice_screen([], {}).first == ()


async def test_in_two_steps_it_is_held_while_temporal_is_away_and_pressed_twice_it_is_one_stop(
    house: House,
) -> None:
    async with somebody(house, Role.RESPONDER) as visitor:
        second = await looked(visitor, TOOL)
        assert second.status_code == 200
        assert "Nothing is stopped yet" not in second.text
        assert house.parts.switches.holds("refund_desk") == []
        for told in ("Expected cost", "By hand meanwhile", "Who is told", "never proven"):
            assert told in second.text
        assert "It pays &lt;b&gt;strangers&lt;/b&gt;" in second.text
        presses = [visitor.post("/stop/now", data=fields(second.text)) for _ in range(2)]
        answers = await asyncio.gather(*presses)
        assert [one.status_code for one in answers] == [303, 303]
        places = {one.headers["location"] for one in answers}
        assert len(places) == 1
        (hold,) = house.parts.switches.holds("refund_desk")
        (place,) = places
        assert place == f"/stop/{hold.incident}"
        effect = (await visitor.get(place)).text
    assert "Held, not proven yet" in effect
    assert "Temporal is slow or away" in effect
    assert '<noscript><meta http-equiv="refresh" content="2"></noscript>' in effect
    assert "refund_desk.tool.issue_refund.allowed" in effect


@pytest.mark.long
async def test_what_is_missing_is_said_beside_what_was_typed(house: House) -> None:
    async with somebody(house, Role.RESPONDER) as visitor:
        no_reason = await looked(visitor, TOOL, "  ")
        assert no_reason.status_code == 400
        assert "Say in one sentence why" in no_reason.text
        assert re.search(rf'value="{TOOL}" required checked', no_reason.text)
        nothing = await looked(visitor, "", "It pays strangers")
        assert nothing.status_code == 400
        assert ">It pays strangers</textarea>" in nothing.text
        gone = await looked(visitor, "letters:pause_system:", "It pays strangers")
        assert gone.status_code == 400
        assert ">It pays strangers</textarea>" in gone.text


async def test_who_may_not_stop_sees_neither_the_page_nor_a_link_to_it(house: House) -> None:
    async with somebody(house, Role.LEGAL) as visitor:
        assert (await visitor.get("/stop")).status_code == 403
        assert 'href="/stop' not in (await visitor.get("/")).text
        assert 'href="/stop' not in (await visitor.get("/systems/refund_desk")).text
        assert (await visitor.post("/stop/now", data={"what": PAUSE, "reason": "x"})).status_code == 403
    async with somebody(house, Role.RESPONDER) as visitor:
        assert 'href="/stop"' in (await visitor.get("/")).text
        assert 'href="/stop?system=refund_desk"' in (await visitor.get("/systems/refund_desk")).text
        forged = await visitor.post("/stop/now", data={"what": PAUSE, "reason": "x", "csrf": "0" * 64})
        assert forged.status_code == 403
        assert (await visitor.get("/stop/INC-20200101-aaaaaa")).status_code == 404


@pytest.mark.long
async def test_while_the_door_is_away_it_is_said_that_nothing_is_stopped(tmp_path: Path) -> None:
    async with furnished(tmp_path) as house, somebody(house, Role.RESPONDER) as visitor:
        second = await looked(visitor, PAUSE)
        await house.door.aclose()
        answer = await visitor.post("/stop/now", data=fields(second.text))
        assert answer.status_code == 503
        assert "refund_desk is NOT stopped" in answer.text
        again = fields(answer.text)
        assert (again["what"], again["reason"]) == (PAUSE, WHY)
        assert again["key"] != fields(second.text)["key"]
