"""Open pages are told that something changed, at once, right after a reconnect, and nobody else is."""

from __future__ import annotations

import asyncio
import dataclasses
import json
import re
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest
from sqlalchemy import Engine, event

from andon.config import LiveSettings
from andon.console.live import LOOK_EVERY_SECONDS
from andon.console.live_visit import BY_ITSELF
from andon.domain.directory import Role
from andon.domain.run_alarm import RunAlarmKind
from tests.access.conftest import House, fresh, house
from tests.api.server import token
from tests.register.cases import NOW, hold, view

__all__ = ["fresh", "house"]

LATEST = re.compile(r'data-live="([^"]*)"')
PATIENCE = 30.0
SLOW_MACHINE = 2.0
"""How much longer it may take where a few processors serve many tests at once."""


@dataclass(frozen=True)
class Told:
    """One event of a stream."""

    name: str
    said: dict[str, Any]
    token: str = ""


@asynccontextmanager
async def visitor(url: str, role: Role) -> AsyncIterator[httpx.AsyncClient]:
    """Somebody who is signed in."""
    async with httpx.AsyncClient(base_url=url, timeout=PATIENCE, trust_env=False) as http:
        answer = await http.post("/sign-in", data={"token": token(role)})
        assert answer.status_code == 303, answer.text
        yield http


async def shown(http: httpx.AsyncClient, path: str, **headers: str) -> str:
    """Open a page and return the state it shows."""
    answer = await http.get(path, headers=headers)
    assert answer.status_code == 200, answer.text
    found = LATEST.search(answer.text)
    assert found, "the page does not live"
    return found[1]


@asynccontextmanager
async def stream(
    http: httpx.AsyncClient, of: str, since: str, **headers: str
) -> AsyncIterator[AsyncIterator[Told]]:
    """Open a page's stream; its first sign of life is read already."""
    async with (
        asyncio.timeout(PATIENCE),
        http.stream("GET", "/live", params={"of": of, "since": since}, headers=headers) as answer,
    ):
        assert answer.status_code == 200, await answer.aread()
        told = events(answer)
        first = await anext(told)
        assert first.name == "beat"
        yield told


async def events(answer: httpx.Response) -> AsyncIterator[Told]:
    name = identity = ""
    async for line in answer.aiter_lines():
        field, _, value = line.partition(": ")
        if field == "id":
            identity = value
        elif field == "event":
            name = value
        elif field == "data":
            yield Told(name, json.loads(value), identity)
            name = identity = ""


def alarm(house: House, incident: str) -> None:
    """Have something happen to an incident, written as another process writes it."""
    house.office.parts.alarms.raise_alarm(incident, RunAlarmKind.GONE, {}, datetime.now(UTC))


async def test_an_open_page_hears_of_a_change_within_a_second_and_nothing_of_what_it_is(house: House) -> None:
    async with house.open() as url, visitor(url, Role.RESPONDER) as http:
        since = await shown(http, "/")
        async with stream(http, "/", since) as told:
            await house.office.allot()
            began = time.monotonic()
            first = await anext(told)
            assert time.monotonic() - began < 1 + SLOW_MACHINE
            assert (first.name, first.said) == ("changed", {"spread": 0})
            assert first.token not in ("", since)
            assert await shown(http, "/") == first.token


@pytest.mark.long
async def test_what_changed_while_nobody_was_connected_is_told_at_once(house: House) -> None:
    async with house.open() as url, visitor(url, Role.RESPONDER) as http:
        since = await shown(http, "/")
        await house.office.allot()
        async with stream(http, "/", since) as told:
            missed = await anext(told)
        assert missed.name == "changed"
        await house.office.allot()
        # A browser that comes back sends what it heard last; the address still says what was shown first.
        async with stream(http, "/", since, **{"Last-Event-ID": missed.token}) as told:
            assert (await anext(told)).token not in (since, missed.token)


@pytest.mark.long
async def test_what_was_seen_is_not_told_again(house: House) -> None:
    async with house.open() as url, visitor(url, Role.RESPONDER) as http:
        await house.office.allot()
        since = await shown(http, "/")
        async with stream(http, "/", since) as told:
            next_one = asyncio.ensure_future(anext(told))
            done, _ = await asyncio.wait([next_one], timeout=1)
            assert not done
            await house.office.allot()
            assert (await next_one).token != since


@pytest.mark.long
async def test_another_console_on_the_same_register_tells_it_too(house: House) -> None:
    async with house.open() as here, house.open() as there, visitor(here, Role.RESPONDER) as http:
        since = await shown(http, "/")
        http.base_url = httpx.URL(there)
        async with stream(http, "/", since) as told:
            await house.office.allot()
            assert (await anext(told)).name == "changed"


@pytest.mark.long
async def test_a_page_of_one_incident_hears_of_that_one_only(house: House) -> None:
    one, other = await house.office.allot(), await house.office.allot()
    path = f"/incidents/{one.incident}"
    async with (
        house.open() as url,
        visitor(url, Role.RESPONDER) as http,
        stream(http, path, await shown(http, path)) as told,
    ):
        next_one = asyncio.ensure_future(anext(told))
        alarm(house, other.incident)
        done, _ = await asyncio.wait([next_one], timeout=1)
        assert not done
        alarm(house, one.incident)
        assert (await next_one).name == "changed"


@pytest.mark.long
async def test_a_hold_is_told_to_pages_that_show_levers_and_to_no_others(house: House) -> None:
    async with house.open() as url, visitor(url, Role.RESPONDER) as http:
        systems, now = await shown(http, "/systems"), await shown(http, "/")
        async with stream(http, "/systems", systems) as told, stream(http, "/", now) as others:
            quiet = asyncio.ensure_future(anext(others))
            house.office.parts.switches.put_hold(hold(), "hold/apply", None, at=NOW)
            assert (await anext(told)).name == "changed"
            done, _ = await asyncio.wait([quiet], timeout=1)
            assert not done
            quiet.cancel()


@pytest.mark.long
async def test_a_stream_is_for_whoever_may_open_the_page_and_for_pages_that_live(house: House) -> None:
    opening = await house.office.allot()
    path = f"/incidents/{opening.incident}"
    async with house.open() as url:
        async with httpx.AsyncClient(base_url=url, trust_env=False) as nobody:
            assert (await nobody.get("/live", params={"of": "/"})).status_code == 401
        async with visitor(url, Role.REPORTER) as http:
            refused = await http.get("/live", params={"of": path})
            assert refused.status_code == 403
            for none in ("/report", "/nowhere", "//evil.example/", f"{path}/evidence/{'0' * 64}"):
                assert (await http.get("/live", params={"of": none})).status_code == 404, none
            async with stream(http, "/", await shown(http, "/")):
                pass


@pytest.mark.long
async def test_nothing_on_the_way_may_keep_a_stream(house: House) -> None:
    async with (
        house.open() as url,
        visitor(url, Role.RESPONDER) as http,
        http.stream("GET", "/live", params={"of": "/"}) as answer,
    ):
        assert answer.headers["content-type"].startswith("text/event-stream")
        assert answer.headers["cache-control"] == "no-store"
        assert answer.headers["x-accel-buffering"] == "no"
        first = await anext(answer.aiter_lines())
        assert 1000 <= int(first.removeprefix("retry: ")) <= 3000


@pytest.mark.long
async def test_a_stream_ends_when_its_person_signs_out(house: House) -> None:
    async with house.open() as url, visitor(url, Role.RESPONDER) as http:
        page = (await http.get("/")).text
        csrf = re.search(r'name="csrf" value="([^"]+)"', page)
        assert csrf
        async with stream(http, "/", await shown(http, "/")) as told:
            await http.post("/sign-out", data={"csrf": csrf[1]}, headers={"Sec-Fetch-Site": "same-origin"})
            assert [one async for one in told] == [Told("over", {"why": "ended"})]


@pytest.mark.long
async def test_a_stream_ends_when_its_person_is_suspended(house: House) -> None:
    async with (
        house.open() as url,
        visitor(url, Role.RESPONDER) as http,
        stream(http, "/systems", await shown(http, "/systems")) as told,
    ):
        house.suspend("responder-1")
        # The directory is something that lists show, so its change is told first.
        assert [one.name async for one in told] == ["changed", "over"]


@pytest.mark.long
async def test_an_open_page_keeps_no_session_alive_and_a_person_who_reads_does(house: House) -> None:
    opening = await house.office.allot()
    path = f"/incidents/{opening.incident}/evidence"
    async with house.open() as url, visitor(url, Role.RESPONDER) as http:
        for _ in range(3):
            house.clock.pass_by(minutes=20)
            await shown(http, path)
        for _ in range(4):
            house.clock.pass_by(minutes=7)
            await shown(http, path, **{BY_ITSELF: "1"})
            async with stream(http, path, ""):
                pass
        house.clock.pass_by(minutes=3)
        answer = await http.get(path, headers={BY_ITSELF: "1"})
        assert answer.headers["location"].startswith("/sign-in")


@pytest.mark.long
async def test_what_an_open_page_fetches_was_not_opened_by_its_reader(house: House) -> None:
    opening = await house.office.allot()
    house.office.parts.incidents.show(view(opening.incident))
    path = f"/incidents/{opening.incident}/evidence"
    opened = house.office.parts.openings.of
    async with house.open() as url, visitor(url, Role.RESPONDER) as http:
        await shown(http, path, **{BY_ITSELF: "1"})
        assert opened(opening.incident, "responder-1") == []
        await shown(http, path)
        assert [one.exhibit for one in opened(opening.incident, "responder-1")] == ["evidence"]


@pytest.mark.long
async def test_the_oldest_page_of_a_browser_gives_way_to_one_too_many(house: House) -> None:
    house.office.parts = dataclasses.replace(house.office.parts, live=LiveSettings(streams_per_session=2))
    async with (
        house.open() as url,
        visitor(url, Role.RESPONDER) as http,
        visitor(url, Role.RESPONDER) as other,
        stream(other, "/", "") as untouched,
        stream(http, "/", await shown(http, "/")) as oldest,
        stream(http, "/", await shown(http, "/")) as kept,
        stream(http, "/", await shown(http, "/")) as newest,
    ):
        assert [one async for one in oldest] == [Told("over", {"why": "elsewhere"})]
        assert (await anext(untouched)).name == "changed"
        await house.office.allot()
        assert {(await anext(one)).name for one in (kept, newest, untouched)} == {"changed"}


@pytest.mark.long
async def test_one_stream_more_than_there_may_be_is_refused_until_one_has_gone(house: House) -> None:
    house.office.parts = dataclasses.replace(house.office.parts, live=LiveSettings(streams=1))
    async with house.open() as url, visitor(url, Role.RESPONDER) as http:
        async with stream(http, "/", ""):
            refused = await http.get("/live", params={"of": "/"})
            assert (refused.status_code, refused.headers["retry-after"]) == (503, "30")
        async with asyncio.timeout(PATIENCE):
            while True:
                async with http.stream("GET", "/live", params={"of": "/"}) as again:
                    if again.status_code == 200:
                        break
                await asyncio.sleep(0.02)


@pytest.mark.long
async def test_streams_end_with_the_console_and_do_not_hold_it_up(house: House) -> None:
    async with httpx.AsyncClient(timeout=PATIENCE, trust_env=False) as http:
        async with house.open() as url:
            http.base_url = httpx.URL(url)
            await http.post("/sign-in", data={"token": token(Role.RESPONDER)})
            asking = http.build_request("GET", "/live", params={"of": "/", "since": await shown(http, "/")})
            answer = await http.send(asking, stream=True)
            told = events(answer)
            assert (await anext(told)).name == "beat"
            began = time.monotonic()
        assert time.monotonic() - began < 4 + SLOW_MACHINE
        # No word that it is over: the page comes back as soon as there is a console again.
        assert [one async for one in told] == []
        await answer.aclose()


@contextmanager
def counted(engine: Engine) -> Iterator[list[str]]:
    """Gather what a block asks of a database about what was touched."""
    asked: list[str] = []

    def note(_: object, __: object, statement: str, *___: object) -> None:
        if "FROM touched" in statement:
            asked.append(statement)

    event.listen(engine, "before_cursor_execute", note)
    yield asked
    event.remove(engine, "before_cursor_execute", note)


@pytest.mark.long
async def test_one_look_serves_all_pages_and_while_nobody_listens_there_is_none(house: House) -> None:
    house.office.parts = dataclasses.replace(house.office.parts, live=LiveSettings(streams_per_session=100))
    await house.office.allot()
    async with house.open() as url, visitor(url, Role.RESPONDER) as http, AsyncExitStack() as streams:
        since = await shown(http, "/")
        for _ in range(30):
            await streams.enter_async_context(stream(http, "/", since))
        with counted(house.office.parts.databases.register) as asked:
            began = time.monotonic()
            while len(asked) < 10:
                await asyncio.sleep(0.02)
            # Each look and its pause; a look for each page would be there at once.
            assert time.monotonic() - began > 10 * LOOK_EVERY_SECONDS / 2
        await streams.aclose()
        with counted(house.office.parts.databases.register) as asked:
            await asyncio.sleep(5 * LOOK_EVERY_SECONDS)
        assert len(asked) <= 1  # one may have been under way


@pytest.mark.long
async def test_a_register_that_is_set_back_is_told_as_a_change(house: House) -> None:
    for _ in range(3):
        await house.office.allot()
    async with house.open() as url, visitor(url, Role.RESPONDER) as http:
        since = await shown(http, "/")
        async with stream(http, "/", since) as told:
            with house.office.parts.databases.register.begin() as connection:
                connection.exec_driver_sql("UPDATE touched SET listed = listed - 1")
            assert (await anext(told)).name == "changed"
