"""Signing in with a real Chromium: what it does with Strict cookies when it comes back from another site."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

import httpx
import pytest
from playwright.async_api import Browser, Page, expect

from andon.config import OidcSettings
from andon.domain.directory import Role
from tests.access.conftest import House, fresh, house
from tests.access.provider import Provider, lying_provider
from tests.access.test_oidc import identify, settings_of
from tests.api.server import bearer, free_socket, token
from tests.browser.test_console import FAINT, FAULTS

__all__ = ["fresh", "house"]

pytestmark = pytest.mark.browser


@dataclass
class Visit:
    """A page of a console that is reached as `localhost`."""

    page: Page
    url: str


@asynccontextmanager
async def visit(house: House, browser: Browser, oidc: OidcSettings | None = None) -> AsyncIterator[Visit]:
    listening = free_socket()
    url = f"http://localhost:{listening.getsockname()[1]}"
    async with house.open(oidc=oidc, url=url, listening=listening):
        context = await browser.new_context(base_url=url)
        page = await context.new_page()
        page.set_default_timeout(15_000)
        said: list[str] = []
        page.on("pageerror", lambda error: said.append(str(error)))
        page.on("console", lambda message: said.append(message.text))
        yield Visit(page, url)
        await context.close()
        assert [one for one in said if "status of 401" not in one] == []


@pytest.fixture
async def provider() -> AsyncIterator[Provider]:
    # At another host than the console's: to the browser that is another site.
    async with lying_provider("127.0.0.1") as one:
        yield one


async def test_a_person_comes_back_from_their_provider_and_chooses_a_role(
    house: House, browser: Browser, provider: Provider
) -> None:
    identify(house, "both-as-reporter", provider.issuer, "subject-1")
    async with visit(house, browser, settings_of(provider.issuer)) as there:
        page = there.page
        await page.goto("/systems")
        await page.get_by_role("link", name="Sign in with your organisation's account").click()
        await expect(page.get_by_role("heading", level=1)).to_have_text("In which role do you act?")
        await page.get_by_role("button", name="Responder").click()
        await expect(page.get_by_text("both-as-reporter, responder", exact=True)).to_be_visible()
        assert page.url == f"{there.url}/systems"
        cookies = {one["name"]: one for one in await page.context.cookies()}
        assert cookies["andon_session"]["sameSite"] == "Strict"
        assert cookies["andon_session"]["httpOnly"]


async def test_whoever_holds_one_role_is_led_on_by_a_page_of_ours(
    house: House, browser: Browser, provider: Provider
) -> None:
    identify(house, "legal-1", provider.issuer, "subject-1")
    async with visit(house, browser, settings_of(provider.issuer)) as there:
        page = there.page
        await page.goto("/systems")
        await page.get_by_role("link", name="Sign in with your organisation's account").click()
        await page.wait_for_url(f"{there.url}/systems")
        await expect(page.get_by_text("legal-1, legal", exact=True)).to_be_visible()


async def test_proving_it_with_the_provider_gives_back_what_was_typed(
    house: House, browser: Browser, provider: Provider
) -> None:
    identify(house, "legal-1", provider.issuer, "subject-1")
    async with visit(house, browser, settings_of(provider.issuer)) as there:
        page = there.page
        await page.goto("/sign-in?next=/tokens")
        await page.get_by_role("link", name="Sign in with your organisation's account").click()
        await page.wait_for_url(f"{there.url}/tokens")
        house.clock.pass_by(minutes=6)
        provider.change = lambda claims: {
            name: value + 360 if name in ("iat", "exp", "auth_time") else value
            for name, value in claims.items()
        }
        await page.get_by_label("What it is for").fill("my laptop")
        await page.get_by_role("button", name="Make the token").click()
        await page.get_by_role("link", name="Confirm with your organisation's account").click()
        await expect(page.get_by_label("What it is for")).to_have_value("my laptop")
        await page.get_by_role("button", name="Make the token").click()
        await expect(page.get_by_role("status")).to_contain_text("andon_t1_")


async def test_a_printed_link_signs_in_by_one_click(house: House, browser: Browser) -> None:
    async with visit(house, browser) as there, httpx.AsyncClient(trust_env=False) as client:
        made = await client.post(f"{there.url}/v1/links", headers=bearer(Role.INCIDENT_LEAD))
        await there.page.goto(made.json()["url"])
        await there.page.get_by_role("button", name="Sign in").click()
        await expect(there.page.get_by_text("incident_lead-1, incident lead", exact=True)).to_be_visible()
        assert there.page.url == f"{there.url}/"


async def test_a_token_proves_who_is_there_and_a_token_is_revoked_by_clicks(
    house: House, browser: Browser
) -> None:
    async with visit(house, browser) as there:
        page = there.page
        await page.goto("/tokens")
        await page.get_by_label("Your token").fill(token(Role.LEGAL))
        await page.get_by_role("button", name="Sign in").click()
        house.clock.pass_by(minutes=6)
        await page.get_by_label("What it is for").fill("a program")
        await page.get_by_label("read: read incidents").check()
        await page.get_by_role("button", name="Make the token").click()
        await expect(page.get_by_role("heading", level=1)).to_have_text("Is it you?")
        await page.get_by_label("Your token").fill(token(Role.LEGAL))
        await page.get_by_role("button", name="Go on").click()
        await expect(page.get_by_label("What it is for")).to_have_value("a program")
        await expect(page.get_by_label("read: read incidents")).to_be_checked()
        await page.get_by_role("button", name="Make the token").click()
        await page.get_by_role("button", name="Revoke a program").click()
        await expect(page.get_by_role("cell", name="revoked")).to_be_visible()


@pytest.mark.parametrize("width", [320, 1280])
async def test_the_pages_can_be_read_by_anybody_at_any_width(
    house: House, browser: Browser, width: int
) -> None:
    async with visit(house, browser) as there:
        page = there.page
        await page.set_viewport_size({"width": width, "height": 800})
        await page.goto("/tokens")
        await page.get_by_label("Your token").fill(token(Role.LEGAL))
        await page.get_by_role("button", name="Sign in").click()
        await page.get_by_label("What it is for").fill("W" * 80)
        await page.get_by_role("button", name="Make the token").click()
        await expect(page.get_by_role("status")).to_contain_text("andon_t1_")
        faults = await _faults(page, width)
        house.clock.pass_by(minutes=6)
        await page.goto("/prove")
        faults += await _faults(page, width)
        assert faults == []


async def _faults(page: Page, width: int) -> list[str]:
    found: list[str] = [*await page.evaluate(FAULTS), *await page.evaluate(FAINT)]
    wide = await page.evaluate("document.documentElement.scrollWidth")
    return found if wide <= width else [*found, f"{page.url} is {wide} wide"]
