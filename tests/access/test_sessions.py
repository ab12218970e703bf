"""Sessions: kept in the register, ended everywhere at once, and never longer than they should be."""

from __future__ import annotations

import httpx
import pytest
from sqlalchemy import select

from andon.api.token_form import hash_of
from andon.console.sessions import COOKIE, HOST_COOKIE
from andon.domain.directory import Role
from andon.register.access_tables import sessions
from tests.access.conftest import House, shown, sign_in, visiting
from tests.api.server import token, write_tokens


async def _lets_in(url: str, cookie: str) -> bool:
    async with visiting(url, **{COOKIE: cookie}) as visitor:
        return (await visitor.get("/")).status_code == 200


async def _new_session(url: str, role: Role = Role.LEGAL) -> str:
    async with visiting(url) as visitor:
        await sign_in(visitor, role)
        return str(visitor.cookies[COOKIE])


async def test_the_browser_holds_a_random_id_and_the_register_its_hash(house: House, console: str) -> None:
    cookie = await _new_session(console)
    with house.office.queries.databases.register.connect() as register:
        (row,) = register.execute(select(sessions)).all()
    assert row.hash == hash_of(cookie)
    assert cookie not in str(row)
    assert token(Role.LEGAL) not in str(row)
    assert (row.person, row.role, row.how) == ("legal-1", "legal", "token")


async def test_a_session_is_known_to_every_console_and_signing_out_ends_it_at_all(house: House) -> None:
    async with house.open() as one, house.open() as other, visiting(one) as visitor:
        await sign_in(visitor, Role.LEGAL)
        cookie = visitor.cookies[COOKIE]
        assert await _lets_in(other, cookie)
        csrf = shown((await visitor.get("/")).text, "csrf")
        await visitor.post("/sign-out", data={"csrf": csrf})
        assert not await _lets_in(one, cookie)
        assert not await _lets_in(other, cookie)


async def test_a_session_outlives_the_console_that_began_it(house: House) -> None:
    async with house.open() as url:
        cookie = await _new_session(url)
    async with house.open() as url:
        assert await _lets_in(url, cookie)


async def test_a_session_ends_when_it_is_not_used(house: House, console: str) -> None:
    cookie = await _new_session(console)
    for _ in range(3):
        house.clock.pass_by(minutes=29)
        assert await _lets_in(console, cookie)
    house.clock.pass_by(minutes=31)
    assert not await _lets_in(console, cookie)


async def test_a_session_ends_after_eight_hours_however_busy(house: House, console: str) -> None:
    cookie = await _new_session(console)
    for _ in range(23):
        house.clock.pass_by(minutes=20)
        assert await _lets_in(console, cookie)
    house.clock.pass_by(minutes=20)
    assert not await _lets_in(console, cookie)


async def test_a_session_ends_with_the_token_it_was_begun_with(house: House, console: str) -> None:
    cookie = await _new_session(console)
    write_tokens(house.office.settings.data_dir, (Role.HR,))
    assert not await _lets_in(console, cookie)


async def test_a_suspension_shuts_every_page_at_the_next_request(house: House) -> None:
    async with house.open() as one, house.open() as other:
        cookie = await _new_session(one)
        house.suspend("legal-1")
        for url in (one, other):
            async with visiting(url, **{COOKIE: cookie}) as visitor:
                for path in ("/", "/incidents", "/systems"):
                    answer = await visitor.get(path)
                    assert answer.status_code == 403
                    assert "You are suspended" in answer.text
            async with visiting(url) as visitor:
                again = await visitor.post("/sign-in", data={"token": token(Role.LEGAL)})
                assert again.status_code == 401
                assert "You are suspended" in again.text
        house.reset()
        assert await _lets_in(one, cookie)


async def test_signing_in_gives_a_new_id_and_ends_the_session_the_browser_came_with(console: str) -> None:
    async with visiting(console) as visitor:
        await sign_in(visitor, Role.LEGAL)
        first = visitor.cookies[COOKIE]
        await sign_in(visitor, Role.LEGAL)
        assert visitor.cookies[COOKIE] != first
    assert not await _lets_in(console, first)


async def test_an_id_planted_in_a_browser_is_not_taken_over(console: str) -> None:
    planted = "A" * 43
    async with visiting(console, **{COOKIE: planted}) as visitor:
        answer = await sign_in(visitor, Role.LEGAL)
    assert planted not in answer.headers["set-cookie"]
    assert not await _lets_in(console, planted)


@pytest.mark.parametrize("cookie", ["", "x", "A" * 43, "A" * 5000, "../../etc", "\u00ff" * 10])
async def test_whatever_is_no_session_lets_nobody_in(console: str, cookie: str) -> None:
    async with httpx.AsyncClient(base_url=console, trust_env=False) as visitor:
        answer = await visitor.get("/", headers={b"Cookie": f"{COOKIE}={cookie}".encode("latin-1")})
    assert answer.status_code == 303


async def test_over_https_the_cookie_is_bound_to_the_host(house: House) -> None:
    async with house.open(url="https://andon.example") as url, visiting(url) as visitor:
        answer = await sign_in(visitor, Role.LEGAL)
    cookie = answer.headers["set-cookie"]
    assert cookie.startswith(f"{HOST_COOKIE}=")
    for attribute in ("HttpOnly", "SameSite=strict", "Secure", "Path=/", "Max-Age=28800"):
        assert attribute in cookie
    assert "Domain" not in cookie
