"""The pages without a browser: sessions, forged forms, headers, errors."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta

import httpx
import pytest
from temporalio.client import Client

from andon.config import SignInSettings
from andon.console.pages import local_path
from andon.console.screens.moments import away, clock, lasting
from andon.console.screens.words import inert
from andon.console.sessions import COOKIE
from andon.domain.directory import Role
from tests.api.server import token
from tests.console.desk import Office, opened

SAME = {"Sec-Fetch-Site": "same-origin"}
NOW = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)


@asynccontextmanager
async def signed_in(http: httpx.AsyncClient, role: Role) -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(base_url=http.base_url, timeout=20, trust_env=False) as visitor:
        answer = await visitor.post("/sign-in", data={"token": token(role)}, headers=SAME)
        assert answer.status_code == 303
        yield visitor


def field(text: str, name: str) -> str:
    found = re.search(rf'name="{name}" value="([^"]*)"', text)
    assert found
    return found[1]


PAGES = {
    "/": frozenset(Role) - {Role.DETECTOR},
    "/incidents": frozenset(Role) - {Role.DETECTOR},
    "/systems": frozenset(Role) - {Role.DETECTOR},
    "/incidents/{incident}": frozenset(Role) - {Role.DETECTOR, Role.REPORTER},
}


async def test_each_page_opens_for_the_roles_that_may_read(office: Office, http: httpx.AsyncClient) -> None:
    opening = await office.allot()
    for role in frozenset(Role) - {Role.DETECTOR}:
        async with signed_in(http, role) as visitor:
            for path, roles in PAGES.items():
                answer = await visitor.get(path.format(incident=opening.incident))
                assert answer.status_code == (200 if role in roles else 403), (role, path)
                assert answer.headers["content-type"].startswith("text/html")


async def test_a_monitoring_account_can_not_sign_in(http: httpx.AsyncClient) -> None:
    for wrong in (token(Role.DETECTOR), "andon_nobody", "", "x" * 600):
        answer = await http.post("/sign-in", data={"token": wrong}, headers=SAME)
        assert answer.status_code == 401
        assert COOKIE not in answer.cookies


@pytest.mark.parametrize("path", ["/", "/incidents", "/systems", "/incidents/INC-20200101-aaaaaa"])
async def test_a_stranger_is_led_to_the_sign_in_page(http: httpx.AsyncClient, path: str) -> None:
    answer = await http.get(path)
    assert answer.status_code == 303
    assert answer.headers["location"] == f"/sign-in?next={path}"


async def test_a_page_brings_a_strict_policy_and_holds_no_inline_script(
    office: Office, http: httpx.AsyncClient, temporal: Client
) -> None:
    incident = await opened(office, temporal)
    async with signed_in(http, Role.RESPONDER) as visitor:
        for path in ("/", "/sign-in", f"/incidents/{incident}", f"/incidents/{incident}/decisions/triage-1"):
            answer = await visitor.get(path, follow_redirects=True)
            policy = answer.headers["content-security-policy"]
            assert policy.startswith("default-src 'none'")
            assert "unsafe" not in policy
            assert answer.headers["cache-control"] == "no-store"
            assert not re.search(r"<script(?! src=)|\son\w+=|style=|javascript:|http-equiv", answer.text)


async def test_a_session_cookie_is_out_of_reach_of_scripts_and_other_sites(http: httpx.AsyncClient) -> None:
    async with httpx.AsyncClient(base_url=http.base_url, trust_env=False) as visitor:
        answer = await visitor.post("/sign-in", data={"token": token(Role.LEGAL)}, headers=SAME)
    cookie = answer.headers["set-cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=strict" in cookie
    assert f"Max-Age={int(SignInSettings().longest.total_seconds())}" in cookie
    assert token(Role.LEGAL) not in cookie


async def test_signing_out_ends_the_session_for_every_copy_of_its_cookie(http: httpx.AsyncClient) -> None:
    async with signed_in(http, Role.LEGAL) as visitor:
        copy = {"Cookie": f"{COOKIE}={visitor.cookies[COOKIE]}"}
        assert (await http.get("/", headers=copy)).status_code == 200
        page = await visitor.get("/")
        left = await visitor.post("/sign-out", data={"csrf": field(page.text, "csrf")}, headers=SAME)
        assert left.status_code == 303
        assert (await http.get("/", headers=copy)).status_code == 303


FORGED = [
    pytest.param({"csrf": ""}, SAME, id="no token"),
    pytest.param({"csrf": "0" * 64}, SAME, id="another session's token"),
    pytest.param({}, {"Sec-Fetch-Site": "cross-site"}, id="from another site"),
    pytest.param({}, {"Sec-Fetch-Site": "same-site"}, id="from a neighbour on the same site"),
    pytest.param({}, {"Origin": "https://elsewhere.example"}, id="from another origin in an old browser"),
]


@pytest.mark.parametrize(("changes", "headers"), FORGED)
async def test_a_forged_answer_is_not_taken(
    office: Office,
    http: httpx.AsyncClient,
    temporal: Client,
    *,
    changes: dict[str, str],
    headers: dict[str, str],
) -> None:
    incident = await opened(office, temporal)
    where = f"/incidents/{incident}/decisions/triage-1"
    async with signed_in(http, Role.RESPONDER) as visitor:
        csrf = field((await visitor.get(where)).text, "csrf")
        form = {"option": "confirm", "reason": "x", "csrf": csrf, **changes}
        answer = await visitor.post(where, data=form, headers=headers)
    assert answer.status_code == 403
    row = office.queries.incidents.get(incident)
    assert row is not None
    assert row.view is not None
    assert not row.view.decisions[0].accepted


async def test_a_second_click_shows_the_first_answer(
    office: Office, http: httpx.AsyncClient, temporal: Client
) -> None:
    incident = await opened(office, temporal)
    where = f"/incidents/{incident}/decisions/triage-1"
    async with signed_in(http, Role.RESPONDER) as visitor:
        page = (await visitor.get(where)).text
        form = {"option": "confirm", "reason": "seen", "finding.severity": "high"}
        form |= {name: field(page, name) for name in ("csrf", "key")}
        for _ in range(2):
            answer = await visitor.post(where, data=form, headers=SAME)
            assert answer.status_code == 303
        shown = await visitor.get(answer.headers["location"])
    assert "Your answer “Confirm” was recorded" in shown.text
    view = await office.until(incident, lambda view: view.decisions[0].outcome)
    assert len(view.decisions[0].accepted) == 1
    assert view.refused == 0


async def test_an_answer_that_was_not_taken_keeps_what_was_typed(
    office: Office, http: httpx.AsyncClient, temporal: Client
) -> None:
    incident = await opened(office, temporal)
    where = f"/incidents/{incident}/decisions/triage-1"
    async with signed_in(http, Role.RESPONDER) as visitor:
        page = (await visitor.get(where)).text
        form = {"reason": "a reason <worth> keeping"} | {n: field(page, n) for n in ("csrf", "key")}
        answer = await visitor.post(where, data=form, headers=SAME)
    assert answer.status_code == 400
    assert "Choose one of the options." in answer.text
    assert "a reason &lt;worth&gt; keeping</textarea>" in answer.text
    assert field(answer.text, "key") == form["key"]


async def test_whoever_is_not_asked_is_told_who_is(
    office: Office, http: httpx.AsyncClient, temporal: Client
) -> None:
    incident = await opened(office, temporal)
    async with signed_in(http, Role.FINANCE) as visitor:
        page = await visitor.get(f"/incidents/{incident}/decisions/triage-1")
    assert "You are signed in as finance. This is asked of business owner" in page.text
    assert "<textarea" not in page.text


async def test_errors_are_pages_that_say_what_to_do(http: httpx.AsyncClient) -> None:
    async with signed_in(http, Role.LEGAL) as visitor:
        for path, status, text in (
            ("/nothing/here", 404, "Check the address"),
            ("/incidents/INC-1", 404, "It may be mistyped"),
            ("/incidents?severity=dreadful", 400, "use one of"),
        ):
            answer = await visitor.get(path)
            assert answer.status_code == status
            assert text in answer.text
            assert '<h1 id="what">' in answer.text


async def test_static_files_are_served_and_nothing_beside_them(http: httpx.AsyncClient) -> None:
    assert (await http.get("/static/andon.css")).headers["content-type"].startswith("text/css")
    for path in ("/static/", "/static/../app.py", "/static/%2e%2e/app.py", "/static/nothing.css"):
        assert (await http.get(path)).status_code in (303, 404)


@pytest.mark.parametrize(
    ("wanted", "path"),
    [
        ("/incidents/INC-1", "/incidents/INC-1"),
        ("https://elsewhere.example/", "/"),
        ("//elsewhere.example/", "/"),
        ("/\\elsewhere.example/", "/"),
        ("javascript:alert(1)", "/"),
        ("", "/"),
        ("/a\r\nSet-Cookie: x=y", "/"),
    ],
)
def test_signing_in_leads_to_a_page_of_this_console_only(wanted: str, path: str) -> None:
    assert local_path(wanted) == path


def test_times_are_told_in_at_most_two_units() -> None:
    assert lasting(timedelta(seconds=59)) == "59 s"
    assert lasting(timedelta(hours=3, minutes=5, seconds=9)) == "3 h 5 min"
    assert lasting(timedelta(days=2)) == "2 d"
    assert away(timedelta(minutes=12)) == "in 12 min"
    assert away(-timedelta(hours=1)) == "1 h ago"


def test_a_clock_says_in_words_how_pressing_it_is() -> None:
    states = [clock(NOW + timedelta(minutes=m), NOW) for m in (60, 10, -5)]
    assert [one.text for one in states if one] == ["1 h left", "10 min left", "5 min over time"]
    assert [one.state for one in states if one] == ["calm", "soon", "over"]


def test_words_lose_what_could_act_or_reorder_and_keep_their_letters() -> None:
    assert inert("a\u202eb\x1b[31mc\u2066d") == "a�b�[31mc�d"
    assert inert("שלום مرحبا 你好 👩\u200d🚒") == "שלום مرحبا 你好 👩\u200d🚒"
