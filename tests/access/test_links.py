"""One-time links: one use, five minutes, and looking at one is not using it."""

from __future__ import annotations

import asyncio

import httpx
import pytest
from sqlalchemy import select

from andon.config import OidcSettings
from andon.console.sessions import COOKIE
from andon.domain.directory import Role
from andon.register.access_tables import slips
from tests.access.conftest import House, sign_in, visiting
from tests.api.server import bearer, token, write_tokens

PLACE = "http://localhost:8700"


async def made(url: str, role: Role = Role.INCIDENT_LEAD) -> str:
    """Make a link and return its path."""
    async with visiting(url) as client:
        answer = await client.post("/v1/links", headers=bearer(role))
    assert answer.status_code == 201
    assert answer.json()["person"] == f"{role}-1"
    return str(answer.json()["url"]).removeprefix(PLACE)


async def test_a_link_signs_in_once(house: House, console: str) -> None:
    path = await made(console)
    async with visiting(console) as visitor:
        for _ in range(3):  # a mail scanner looks at it, and so does its owner
            page = await visitor.get(path)
            assert page.status_code == 200
            assert "Sign in as incident_lead-1" in page.text
            assert COOKIE not in visitor.cookies
        assert (await visitor.post(path)).status_code == 303
        assert (await visitor.get("/")).status_code == 200
    async with visiting(console) as other:
        for answer in (await other.post(path), await other.get(path)):
            assert answer.status_code == 404
            assert "was used, is too old, or is mistyped" in answer.text
        assert (await other.get("/")).status_code == 303


async def test_of_many_who_use_a_link_at_once_one_gets_in(console: str) -> None:
    path = await made(console)

    async def tried() -> int:
        async with visiting(console) as visitor:
            return (await visitor.post(path)).status_code

    assert sorted(await asyncio.gather(*(tried() for _ in range(8)))) == [303] + [404] * 7


async def test_a_link_is_good_for_five_minutes(house: House, console: str) -> None:
    path = await made(console)
    house.clock.pass_by(minutes=4, seconds=58)
    async with visiting(console) as visitor:
        assert (await visitor.get(path)).status_code == 200
        house.clock.pass_by(seconds=3)
        assert (await visitor.get(path)).status_code == 404
        assert (await visitor.post(path)).status_code == 404


async def test_the_register_holds_no_link_that_could_be_used(house: House, console: str) -> None:
    secret = (await made(console)).rpartition("/")[2]
    with house.office.queries.databases.register.connect() as register:
        (row,) = register.execute(select(slips)).all()
    assert secret not in str(row)
    assert b"incident_lead-1" not in row.sealed


async def test_a_link_is_worth_no_more_than_the_token_it_was_made_with(house: House, console: str) -> None:
    first, second = await made(console), await made(console)
    async with visiting(console) as visitor:
        await visitor.post(first)
        assert (await visitor.get("/")).status_code == 200
        write_tokens(house.office.settings.data_dir, (Role.HR,))
        assert (await visitor.get("/")).status_code == 303
        assert (await visitor.post(second)).status_code == 404


async def test_a_link_of_somebody_suspended_leads_nowhere(house: House, console: str) -> None:
    path = await made(console)
    house.suspend("incident_lead-1")
    async with visiting(console) as visitor:
        assert (await visitor.post(path)).status_code == 404


@pytest.mark.parametrize("headers", [{"Sec-Fetch-Site": "cross-site"}, {"Sec-Fetch-Site": "same-site"}])
async def test_another_site_can_not_sign_a_visitor_in(console: str, headers: dict[str, str]) -> None:
    path = await made(console)
    async with visiting(console) as visitor:
        assert (await visitor.post(path, headers=headers)).status_code == 403
        assert (await visitor.get(path)).status_code == 200


async def test_a_link_opened_in_a_signed_in_browser_proves_who_is_there(house: House, console: str) -> None:
    async with visiting(console) as visitor:
        await sign_in(visitor, Role.INCIDENT_LEAD)
        before = visitor.cookies[COOKIE]
        house.clock.pass_by(minutes=10)
        assert "Is it you?" in (await visitor.get("/prove")).text
        await visitor.post(await made(console))
        assert visitor.cookies[COOKIE] != before
        assert (await visitor.get("/prove")).status_code == 303


async def test_where_a_provider_is_named_there_are_no_links_and_no_token_form(house: House) -> None:
    oidc = OidcSettings(issuer="https://login.example", client_id="andon")
    async with house.open(oidc=oidc) as url, visiting(url) as visitor:
        assert (await visitor.post("/v1/links", headers=bearer(Role.ADMIN))).status_code == 403
        assert (await visitor.post("/sign-in", data={"token": token(Role.LEGAL)})).status_code == 403
        page = await visitor.get("/sign-in")
        assert "Your token" not in page.text
        assert "your organisation" in page.text


async def test_a_secret_never_reaches_the_log(console: str, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("DEBUG", "andon")
    path = await made(console)
    async with httpx.AsyncClient(base_url=console, trust_env=False) as visitor:
        await visitor.get(path)
        await visitor.get(path + "x")
    logged = [record.__dict__.get("path", "") for record in caplog.records if record.name == "andon.access"]
    assert "/enter/..." in logged
    assert not any(path in one for one in logged)


async def test_the_confirm_page_keeps_its_address_to_itself(console: str) -> None:
    async with visiting(console) as visitor:
        page = await visitor.get(await made(console))
    assert page.headers["referrer-policy"] == "same-origin"
    assert page.headers["cache-control"] == "no-store"
