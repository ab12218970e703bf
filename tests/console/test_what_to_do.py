"""Zones that readers choose, forms that outlive their session, and errors that say what to do."""

from __future__ import annotations

import gzip
from datetime import UTC, datetime, timedelta
from importlib.resources import files

import httpx
import pytest
from fastapi import Request
from sqlalchemy import update
from sqlalchemy.exc import OperationalError
from starlette.datastructures import Headers

from andon.api.problems import ProblemError
from andon.console.pages import came_from, told
from andon.console.screens.kept import kept_screen
from andon.console.screens.problems import HEADINGS, problem_screen
from andon.console.statics import StaticFile
from andon.console.step_up import Held
from andon.console.zones import ZONE_COOKIE, zone_names
from andon.domain.directory import Role
from andon.domain.errors import ErasedError, EvidenceStoreError, NotFoundError
from andon.register.access_tables import sessions
from andon.register.engine import writing
from tests.api.server import token
from tests.console.alone import alone
from tests.console.desk import Office
from tests.console.test_pages import SAME, field, signed_in

__all__ = ["alone"]

SHEET_AT_MOST = 8 * 1024
"""Bytes of the stylesheet on the wire."""


@pytest.fixture
def client(alone: Office) -> httpx.AsyncClient:
    assert alone.http is not None
    return alone.http


def request(**headers: str) -> Request:
    given = [(name.encode(), text.encode()) for name, text in ({"host": "andon.test"} | headers).items()]
    return Request({"type": "http", "method": "GET", "path": "/", "headers": given, "query_string": b""})


@pytest.mark.parametrize("status", sorted(HEADINGS))
def test_an_error_has_a_heading_of_its_own_and_says_where_to_go(status: int) -> None:
    for signed in (True, False):
        screen = problem_screen(status, "Why.", signed_in=signed, may_report=signed)
        assert screen.heading == HEADINGS[status]
        assert screen.places
        assert all(href.startswith(("/", "#")) for _, href in screen.places)


def test_an_error_nobody_has_words_for_is_told_like_its_kind() -> None:
    assert problem_screen(507, "", signed_in=True).heading == HEADINGS[500]
    assert problem_screen(418, "", signed_in=True).heading == HEADINGS[400]


def test_what_is_away_is_not_called_a_fault_and_stops_are_said_to_hold() -> None:
    for error in (OperationalError("select 1", {}, Exception("gone")), EvidenceStoreError("no answer")):
        status, detail = told(error, request())
        assert status == 503
        assert "does not answer" in detail
        assert "gone" not in detail
    steps = problem_screen(503, "", signed_in=True).steps
    assert any("stays stopped" in one for one in steps)
    assert told(ErasedError("abc"), request())[0] == 410
    assert told(NotFoundError("incident", "INC-1"), request())[0] == 404
    assert told(ProblemError(429, "rate", "Wait."), request()) == (429, "Wait.")


def test_the_page_a_form_came_from_is_one_of_ours_or_none() -> None:
    ours = request(referer="https://andon.test/incidents/INC-1/custody?x=1")
    assert came_from(ours) == "/incidents/INC-1/custody"
    for elsewhere in ("https://evil.example/tokens", "https://andon.test.evil.example/", "", "nonsense"):
        assert came_from(request(referer=elsewhere), "/own") == "/own"
    assert came_from(request(referer="https://andon.test//evil.example")) == "/"


def test_a_kept_form_shows_what_was_typed_and_nothing_that_was_not() -> None:
    held = Held(person="ines", path="/tokens", fields={"key": "k" * 24, "scope.read": "yes", "why": "a\nb"})
    screen = kept_screen(held, "secret")
    assert [(one.name, one.text, one.rows) for one in screen.fields] == [
        ("Scope: read", "yes", 1),
        ("Why", "a\nb", 2),
    ]
    assert screen.back == "/tokens?held=secret"


def test_zones_are_offered_by_place() -> None:
    names = zone_names()
    assert names[0] == "UTC"
    assert "Europe/Brussels" in names
    assert not [one for one in names if one.startswith(("Etc/", "posix/"))]


def test_a_browser_gets_the_stylesheet_small_and_once() -> None:
    content = files("andon.console").joinpath("static/andon.css").read_bytes()
    sheet = StaticFile.of(content, "text/css")
    packed = sheet.answer(Headers({"accept-encoding": "br, gzip"}))
    assert gzip.decompress(bytes(packed.body)) == content == bytes(sheet.answer(Headers()).body)
    assert len(packed.body) < SHEET_AT_MOST
    again = sheet.answer(Headers({"if-none-match": f"W/{sheet.tag}"}))
    assert (again.status_code, bytes(again.body)) == (304, b"")
    assert sheet.answer(Headers({"if-none-match": '"another"'})).status_code == 200


@pytest.mark.long
async def test_a_reader_chooses_a_zone_and_every_page_keeps_to_it(client: httpx.AsyncClient) -> None:
    async with signed_in(client, Role.LEGAL) as visitor:
        assert "Times are in UTC" in (await visitor.get("/")).text
        page = (await visitor.get("/zone", headers={"Referer": f"{client.base_url}/tokens"})).text
        form = {"csrf": field(page, "csrf"), "back": field(page, "back"), "zone": "Asia/Tokyo"}
        refused = await visitor.post("/zone", data={**form, "zone": "Mars/Base"}, headers=SAME)
        assert (refused.status_code, "no such zone" in refused.text) == (422, True)
        assert (await visitor.post("/zone", data={**form, "csrf": ""}, headers=SAME)).status_code == 403
        sent = await visitor.post("/zone", data=form, headers=SAME)
        assert sent.headers["location"].startswith("/tokens")
        for path in ("/", "/tokens", "/systems", "/incidents"):
            assert "Times are in Asia/Tokyo" in (await visitor.get(path)).text
        made = {"csrf": form["csrf"], "name": "ci", "days": "2"}
        assert "JST" in (await visitor.post("/tokens", data=made, headers=SAME)).text
        await visitor.post("/zone", data={**form, "zone": ""}, headers=SAME)
        assert ZONE_COOKIE not in visitor.cookies
        visitor.cookies.set(ZONE_COOKIE, "../../etc/passwd")
        assert "Times are in UTC" in (await visitor.get("/")).text


@pytest.mark.long
async def test_what_was_typed_outlives_the_session_for_whoever_typed_it(
    client: httpx.AsyncClient, alone: Office
) -> None:
    async with signed_in(client, Role.LEGAL) as visitor:
        form = {
            "csrf": field((await visitor.get("/tokens")).text, "csrf"),
            "name": "a <watcher>",
            "days": "3",
        }
        _end_sessions(alone)
        sent = await visitor.post("/tokens", data=form, headers=SAME)
        where = httpx.URL(sent.headers["location"]).params["next"]
        assert where.startswith("/kept/")
        assert "what you typed is kept" in (await visitor.get(sent.headers["location"])).text
        again = await visitor.post("/sign-in", data={"token": token(Role.LEGAL), "next": where}, headers=SAME)
        kept = (await visitor.get(again.headers["location"])).text
        assert "a &lt;watcher&gt;</textarea>" in kept
        assert "It was not sent." in kept
        back = await visitor.get(where.replace("/kept/", "/tokens?held="))
        assert 'value="a &lt;watcher&gt;"' in back.text
        assert "a &lt;watcher&gt;" not in (await visitor.get("/tokens")).text
    async with signed_in(client, Role.HR) as other:
        refused = await other.get(where)
        assert (refused.status_code, "watcher" in refused.text) == (404, False)


@pytest.mark.long
async def test_a_report_comes_back_into_its_form_and_is_still_the_same_report(
    client: httpx.AsyncClient, alone: Office
) -> None:
    async with signed_in(client, Role.REPORTER) as visitor:
        page = (await visitor.get("/report")).text
        form = {name: field(page, name) for name in ("csrf", "key")} | {"title": "It refunds <strangers>"}
        _end_sessions(alone)
        came = {"Referer": f"{client.base_url}/report?system=refund_desk"}
        sent = await visitor.post("/report", data=form, headers=SAME | came)
        where = httpx.URL(sent.headers["location"]).params["next"]
        await visitor.post("/sign-in", data={"token": token(Role.REPORTER)}, headers=SAME)
        back = (await visitor.get(where.replace("/kept/", "/report?held="))).text
        assert field(back, "key") == form["key"]
        assert "It refunds &lt;strangers&gt;" in back


@pytest.mark.long
async def test_a_form_that_was_in_no_session_is_not_kept(client: httpx.AsyncClient, alone: Office) -> None:
    async with signed_in(client, Role.LEGAL) as visitor:
        csrf = field((await visitor.get("/tokens")).text, "csrf")
        _end_sessions(alone)
        for form, headers in (
            ({"name": "x", "csrf": "0" * 64}, SAME),
            ({"name": "x", "csrf": csrf}, {"Sec-Fetch-Site": "cross-site"}),
            ({"csrf": csrf}, SAME),
        ):
            sent = await visitor.post("/tokens", data=form, headers=headers)
            assert sent.headers["location"] == "/sign-in?next=/tokens"


def _end_sessions(office: Office) -> None:
    before = datetime.now(UTC) - timedelta(hours=1)
    with writing(office.queries.databases.register) as register:
        register.execute(update(sessions).values(ends_at=before))
