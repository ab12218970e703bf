"""Somebody reports on a phone, without script, in a few clicks; and by keyboard alone."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
from playwright.async_api import Browser, BrowserContext, ViewportSize, expect

from andon.domain.directory import Role
from tests.browser.conftest import sign_in
from tests.console.test_report import House, house

__all__ = ["house"]
pytestmark = pytest.mark.browser

PHONE = ViewportSize(width=320, height=640)


@pytest.fixture
async def phone(browser: Browser, house: House) -> AsyncIterator[BrowserContext]:
    context = await browser.new_context(
        base_url=house.console, viewport=PHONE, java_script_enabled=False, has_touch=True
    )
    yield context
    await context.close()


async def test_two_taps_and_a_sentence_without_script(phone: BrowserContext) -> None:
    page = await phone.new_page()
    await sign_in(page, Role.REPORTER)
    await page.get_by_role("link", name="Report what you saw").click()
    await page.get_by_text("Exposed", exact=True).tap()
    await page.get_by_label("What happened, in one sentence").fill("It showed me a stranger's file")
    await page.get_by_role("button", name="Report as reporter-1").tap()
    await expect(page.get_by_role("heading", level=1)).to_contain_text("Thank you")
    await expect(page.get_by_text("An incident was opened from it")).to_be_visible()
    await expect(page.get_by_text("Nobody yet")).to_be_visible()


async def test_every_choice_is_big_enough_for_a_thumb(phone: BrowserContext) -> None:
    page = await phone.new_page()
    await sign_in(page, Role.REPORTER)
    await page.goto("/report")
    choices = page.locator("label.pick")
    assert await choices.count() == 5
    for number in range(5):
        box = await choices.nth(number).bounding_box()
        assert box
        assert box["height"] >= 44


async def test_the_keyboard_alone_is_enough(browser: Browser, house: House) -> None:
    context = await browser.new_context(base_url=house.console)
    page = await context.new_page()
    await sign_in(page, Role.REPORTER)
    await page.goto("/report")
    await page.get_by_role("radio").first.focus()
    await page.keyboard.press("ArrowDown")
    await page.keyboard.press("Tab")
    await page.keyboard.type("It is wrong about the law")
    await page.keyboard.press("Tab")
    await page.keyboard.press("Tab")
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("heading", level=1)).to_contain_text("Thank you")
    await context.close()
