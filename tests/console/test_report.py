"""Reporting at the page, with a real door behind it: a person says what they saw and is told what happens."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import httpx
import pytest

from andon.api.problems import ProblemError
from andon.console.app import create_app
from andon.console.parts import Parts, open_parts
from andon.console.reports import report_of
from andon.domain.directory import Role
from andon.door.app import create_app as create_door
from tests.access.conftest import shown, sign_in, visiting
from tests.api.server import free_socket, running
from tests.door.conftest import make_settings

SECRET = "It showed the password: hunter2222 of card 4111 1111 1111 1111"


@dataclass
class House:
    """A console and its door on the same register; Temporal is away, which reporting must not notice."""

    console: str
    parts: Parts
    door: AsyncExitStack


@asynccontextmanager
async def furnished(folder: Path) -> AsyncIterator[House]:
    listening = free_socket()
    settings = make_settings(folder, "127.0.0.1:1", listening.getsockname()[1])
    async with AsyncExitStack() as door:
        await door.enter_async_context(running(create_door(settings), listening))
        parts = open_parts(settings)
        async with running(create_app(parts)) as console:
            yield House(console, parts, door)
        parts.tokens.close()


@pytest.fixture(scope="session")
async def house(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[House]:
    async with furnished(tmp_path_factory.mktemp("house")) as one:
        yield one


@asynccontextmanager
async def somebody(house: House, role: Role = Role.REPORTER) -> AsyncIterator[httpx.AsyncClient]:
    async with visiting(house.console) as visitor:
        await sign_in(visitor, role)
        yield visitor


async def filled(visitor: httpx.AsyncClient, **fields: str) -> dict[str, str]:
    page = (await visitor.get("/report")).text
    return {"csrf": shown(page, "csrf"), "key": shown(page, "key"), **fields}


async def sent(visitor: httpx.AsyncClient, **fields: str) -> httpx.Response:
    answer = await visitor.post("/report", data=await filled(visitor, **fields))
    return await visitor.get(answer.headers["location"]) if answer.status_code == 303 else answer


def receipt_in(page: str) -> str:
    found = re.search(r"DET-[A-Za-z0-9_-]{16}", page)
    assert found
    return found[0]


async def test_one_choice_and_one_sentence_are_enough(house: House) -> None:
    async with somebody(house) as visitor:
        page = await sent(visitor, flag="exposed", title="It showed me a stranger's file")
    assert page.status_code == 200
    assert "Thank you" in page.text
    kept = house.parts.detections.get(receipt_in(page.text))
    assert kept is not None
    assert (kept.source, kept.channel, kept.system) == ("person:reporter-1", "user_report", "unknown")
    assert kept.facts["data_exposed"] == "internal_unauthorised"


async def test_i_do_not_know_is_an_answer_everywhere(house: House) -> None:
    nothing = dict.fromkeys(("flag", "system", "named", "occurred", "description", "trace", "severity"), "")
    async with somebody(house) as visitor:
        page = await sent(visitor, title="it leaked something, please help", **nothing)
    kept = house.parts.detections.get(receipt_in(page.text))
    assert kept is not None
    assert (kept.system, kept.occurred_at, kept.severity, kept.trace_ids) == ("unknown", None, None, ())
    assert "Nobody knows what to stop" in page.text


async def test_what_people_add_goes_with_it(house: House) -> None:
    trace = "4bf92f3577b34da6a3ce929d0e0e4736"
    async with somebody(house, Role.ENGINEER) as visitor:
        page = await sent(
            visitor,
            flag="unauthorised",
            title="It paid twice",
            system="refund_desk",
            occurred="2026-03-01T10:30",
            description="Seen in the queue",
            trace=f" {trace.upper()}, {trace[::-1]}",
            severity="high",
        )
    kept = house.parts.detections.get(receipt_in(page.text))
    assert kept is not None
    assert (kept.system, kept.severity, kept.occurred_at) == (
        "refund_desk",
        "high",
        datetime(2026, 3, 1, 10, 30, tzinfo=UTC),
    )
    assert kept.trace_ids == (trace, trace[::-1])
    assert kept.incident
    assert f'href="/incidents/{kept.incident}"' in page.text


async def test_a_reporter_sees_which_incident_it_is_and_no_way_into_it(house: House) -> None:
    async with somebody(house) as visitor:
        page = await sent(visitor, flag="unsafe", title="It told me to mix these two", system="refund_desk")
        kept = house.parts.detections.get(receipt_in(page.text))
        assert kept is not None
        assert kept.incident
        assert kept.incident in page.text
        assert "/incidents/INC" not in page.text
        assert (await visitor.get(f"/incidents/{kept.incident}")).status_code == 403


async def test_a_form_sent_twice_is_one_report_with_one_receipt(house: House) -> None:
    async with somebody(house) as visitor:
        form = await filled(visitor, flag="exposed", title="Clicked twice")
        places = [(await visitor.post("/report", data=form)).headers["location"] for _ in range(3)]
    assert len(set(places)) == 1


@pytest.mark.parametrize("system", ["other", ""])
async def test_another_ai_system_is_named_in_words(house: House, system: str) -> None:
    async with somebody(house) as visitor:
        page = await sent(visitor, title="It is rude", system=system, named="hr_bot", flag="unsafe")
    kept = house.parts.detections.get(receipt_in(page.text))
    assert kept is not None
    assert kept.system == "hr_bot"


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        ({"title": " "}, "Say in one sentence"),
        ({"title": "x" * 201}, "put the rest into the description"),
        ({"title": "When?", "occurred": "yesterday"}, "give a day and a time"),
        ({"title": "When?", "occurred": "2100-01-01T10:00"}, "ahead"),
        ({"title": "Which?", "trace": "the third one"}, "trace id"),
        ({"title": "How bad?", "severity": "9.8"}, "severity"),
    ],
)
async def test_what_can_not_be_taken_is_explained_and_the_words_are_kept(
    house: House, wrong: dict[str, str], told: str
) -> None:
    async with somebody(house) as visitor:
        form = await filled(visitor, **{"flag": "unsafe", "description": "My long story", **wrong})
        page = await visitor.post("/report", data=form)
    assert page.status_code == 400
    assert told in page.text
    assert "My long story" in page.text
    assert shown(page.text, "key") == form["key"]
    assert re.search(r'value="unsafe" checked', page.text)


@pytest.mark.parametrize("occurred", ["2026-03-29T02:30", "2026-10-25T02:30"])
def test_a_time_that_never_was_or_was_twice_is_not_guessed(occurred: str) -> None:
    with pytest.raises(ProblemError, match="clocks were changed"):
        report_of({"title": "When?", "occurred": occurred}, ZoneInfo("Europe/Berlin"))


def test_a_time_that_names_its_zone_is_that_time() -> None:
    said = report_of({"title": "When?", "occurred": "2026-10-25T02:30Z"}, ZoneInfo("Europe/Berlin"))
    assert said["occurred_at"] == "2026-10-25T02:30:00+00:00"


async def test_a_form_from_elsewhere_or_without_its_token_reports_nothing(house: House) -> None:
    async with somebody(house) as visitor:
        form = await filled(visitor, flag="unsafe", title="Forged")
        stolen = {**form, "csrf": "0" * 64}
        assert (await visitor.post("/report", data=stolen)).status_code == 403
        elsewhere = await visitor.post("/report", data=form, headers={"Sec-Fetch-Site": "cross-site"})
        assert elsewhere.status_code == 403


async def test_a_receipt_is_shown_to_whoever_reported_and_to_those_who_may_read(house: House) -> None:
    async with somebody(house, Role.ENGINEER) as visitor:
        page = await sent(visitor, flag="unsafe", title="Mine")
    place = f"/report/{receipt_in(page.text)}"
    async with somebody(house, Role.REPORTER) as other:
        assert (await other.get(place)).status_code == 404
    async with somebody(house, Role.RESPONDER) as reader:
        assert (await reader.get(place)).status_code == 200


async def test_words_that_look_like_secrets_bring_advice_and_stay_out_of_the_page(house: House) -> None:
    async with somebody(house) as visitor:
        page = await sent(visitor, flag="exposed", title=SECRET)
    assert "Have it replaced now" in page.text
    assert "issued the card" in page.text
    assert "hunter2222" not in page.text


async def test_a_link_from_an_ai_system_fills_in_what_it_is_about(house: House) -> None:
    hostile = '"><script>alert(1)</script>'
    async with somebody(house) as visitor:
        page = (await visitor.get("/report", params={"system": "refund_desk", "trace": hostile})).text
    assert "<details open>" in page
    assert re.search(r'value="refund_desk" selected', page)
    assert "<script>alert" not in page


async def test_the_four_choices_say_what_they_mean_in_the_policys_words(house: House) -> None:
    async with somebody(house) as visitor:
        page = (await visitor.get("/report")).text
    for words in ("Somebody could come to harm", "is wrong", "should not see it", "not allowed to do"):
        assert words in page


async def test_while_the_door_is_away_nothing_is_lost_and_nothing_is_promised(tmp_path: Path) -> None:
    async with furnished(tmp_path) as house, somebody(house) as visitor:
        form = await filled(visitor, flag="unsafe", title="Nobody home", description="My long story")
        await house.door.aclose()
        page = await visitor.post("/report", data=form)
        assert page.status_code == 503
        assert "NOT taken" in page.text
        assert "My long story" in page.text
        assert shown(page.text, "key") == form["key"]
