"""Somebody stops an AI system on a phone with one thumb, without script, while Temporal is away."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
from playwright.async_api import Browser, BrowserContext, Page, ViewportSize, expect

from andon.domain.directory import Role
from tests.browser.conftest import sign_in
from tests.console.test_report import House, house

__all__ = ["house"]
pytestmark = pytest.mark.browser

PHONE = ViewportSize(width=320, height=640)
THUMB = 44
SIDEWAYS = "document.documentElement.scrollWidth - document.documentElement.clientWidth"


@pytest.fixture
async def phone(browser: Browser, house: House) -> AsyncIterator[BrowserContext]:
    context = await browser.new_context(
        base_url=house.console, viewport=PHONE, java_script_enabled=False, has_touch=True
    )
    yield context
    await context.close()


async def at_the_last_look(page: Page) -> None:
    await page.get_by_role("link", name="Stop", exact=True).tap()
    await page.get_by_text("Pause the whole system").tap()
    await page.get_by_label("Why, in one sentence").fill("It pays strangers")
    await page.get_by_role("button", name="Go on: see what is held").tap()


async def test_two_steps_from_the_first_page_stop_it_and_show_that_it_is_held(
    phone: BrowserContext, house: House
) -> None:
    page = await phone.new_page()
    await sign_in(page, Role.RESPONDER)
    await at_the_last_look(page)
    button = page.get_by_role("button", name="Stop it now")
    box = await button.bounding_box()
    assert box
    assert box["height"] >= 2 * THUMB
    assert box["y"] + box["height"] <= PHONE["height"], "the button is seen without scrolling"
    assert house.parts.switches.holds("refund_desk") == []
    await button.tap()
    await expect(page.get_by_text("Held, not proven yet")).to_be_visible()
    await expect(page.get_by_text("Temporal is slow or away")).to_be_visible()
    (hold,) = house.parts.switches.holds("refund_desk")
    assert page.url.endswith(f"/stop/{hold.incident}")
    await at_the_last_look(page)
    await expect(page.get_by_text("It is stopped already")).to_be_visible()
    await page.get_by_role("button", name="Stop it now").tap()
    await page.wait_for_url(f"**/stop/{hold.incident}")
    assert [one.order for one in house.parts.switches.holds("refund_desk")] == [hold.order]


@pytest.mark.long
@pytest.mark.parametrize("width", [320, 768])
async def test_no_page_of_the_cord_scrolls_sideways(browser: Browser, house: House, width: int) -> None:
    size = ViewportSize(width=width, height=800)
    context = await browser.new_context(base_url=house.console, viewport=size, has_touch=True)
    page = await context.new_page()
    await sign_in(page, Role.RESPONDER)
    await page.goto("/stop")
    assert await page.evaluate(SIDEWAYS) <= 0
    await page.get_by_text("Only a part of it").click()
    for one in await page.locator("label.pick").all():
        box = await one.bounding_box()
        assert box
        assert box["height"] >= THUMB
    await page.get_by_text("Switch off the tool").click()
    await page.get_by_label("Why, in one sentence").fill("x" * 300)
    await page.get_by_role("button", name="Go on: see what is held").click()
    await page.get_by_role("button", name="Stop it now").wait_for()
    assert await page.evaluate(SIDEWAYS) <= 0
    await context.close()
