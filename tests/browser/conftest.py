"""A real Chromium at a real console."""

from __future__ import annotations

from collections.abc import AsyncIterator

import httpx
import pytest
from playwright.async_api import Browser, Page, async_playwright

from andon.domain.directory import Role
from tests.api.server import token
from tests.conftest import CHROMIUM
from tests.console.conftest import http, office, temporal

__all__ = ["http", "office", "temporal"]

FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


@pytest.fixture(scope="session")
async def browser() -> AsyncIterator[Browser]:
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=str(CHROMIUM), args=list(FLAGS))
        yield browser
        await browser.close()


@pytest.fixture
async def page(browser: Browser, http: httpx.AsyncClient) -> AsyncIterator[Page]:
    """A fresh visitor; whatever the console of the browser says, or it asks of others, fails the test."""
    ours = str(http.base_url).rstrip("/")
    context = await browser.new_context(base_url=ours)
    page = await context.new_page()
    page.set_default_timeout(15_000)
    said: list[str] = []
    page.on("console", lambda message: said.append(message.text))
    page.on("pageerror", lambda error: said.append(str(error)))
    page.on("dialog", lambda dialog: said.append(f"dialog: {dialog.message}"))
    page.on("request", lambda one: None if one.url.startswith(ours) else said.append(f"asked {one.url}"))
    yield page
    await context.close()
    assert said == []


async def sign_in(page: Page, role: Role) -> None:
    """Sign in as the one who holds a role."""
    await page.goto("/sign-in")
    await page.get_by_label("Your token").fill(token(role))
    await page.get_by_role("button", name="Sign in").click()
    await page.get_by_role("button", name="Sign out").wait_for()
