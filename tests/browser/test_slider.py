"""The slider in a real browser: by keyboard, without script, and by a link to one moment."""

from __future__ import annotations

import re

import pytest
from playwright.async_api import Browser, Page, expect
from temporalio.client import Client

from andon.domain.directory import Role
from tests.browser.conftest import sign_in
from tests.browser.test_console import FAULTS
from tests.console.desk import Office, opened

pytestmark = pytest.mark.browser


async def test_the_slider_moves_by_keyboard_says_where_it_stands_and_keeps_a_link(
    page: Page, office: Office, temporal: Client
) -> None:
    incident = await opened(office, temporal)
    await sign_in(page, Role.AUDITOR)
    await page.goto(f"/incidents/{incident}/replay")
    slide = page.get_by_role("slider", name="Moment")
    last = int(await slide.get_attribute("max") or 0)
    await expect(page.get_by_role("button", name="Show")).to_be_hidden()
    assert await page.evaluate(FAULTS) == []
    await slide.focus()
    await page.keyboard.press("Home")
    await expect(page.get_by_text("This is the first moment.")).to_be_visible()
    await expect(slide).to_have_attribute("aria-valuetext", re.compile(rf"^Moment 1 of {last}, .*: Opened"))
    await expect(page.get_by_role("status")).to_have_text(re.compile("Moment 1 of"))
    await expect(slide).to_be_focused()
    await page.keyboard.press("ArrowRight")
    await expect(page.get_by_role("heading", name="What changed")).to_be_visible()
    await expect(page.locator("#moment")).to_contain_text("Contained and proven: yes, was no")
    await expect(page).to_have_url(re.compile(r"/replay\?at=\d+$"))
    shared = page.url
    await page.keyboard.press("End")
    await expect(slide).to_have_attribute("aria-valuetext", re.compile(rf"^Moment {last} of"))
    await expect(page).not_to_have_url(shared)
    await page.go_back()
    await expect(page).to_have_url(shared)
    await expect(slide).to_have_value("2")
    await page.goto(shared)
    await expect(page.get_by_role("slider", name="Moment")).to_have_value("2")


@pytest.mark.long
async def test_without_script_links_lists_and_a_button_do_the_same(
    browser: Browser, page: Page, office: Office, temporal: Client
) -> None:
    incident = await opened(office, temporal)
    await page.goto("/sign-in")
    base = re.sub(r"(https?://[^/]+).*", r"\1", page.url)
    context = await browser.new_context(base_url=base, java_script_enabled=False)
    plain = await context.new_page()
    await sign_in(plain, Role.AUDITOR)
    await plain.goto(f"/incidents/{incident}/replay")
    await plain.get_by_role("link", name="First").click()
    await expect(plain.get_by_text("This is the first moment.")).to_be_visible()
    await plain.get_by_role("link", name="Next").click()
    await expect(plain.locator("#moment")).to_contain_text("Contained and proven: yes, was no")
    await plain.get_by_label("Entry number, or a time").fill("0")
    await plain.get_by_role("button", name="Go").nth(1).click()
    await expect(plain.get_by_text("This is the first moment.")).to_be_visible()
    await plain.get_by_label("Entry number, or a time").fill("some day")
    await plain.get_by_role("button", name="Go").nth(1).click()
    await expect(plain.get_by_role("alert")).to_contain_text("no entry of this incident")
    await expect(plain.get_by_label("Entry number, or a time")).to_have_value("some day")
    await plain.get_by_role("slider", name="Moment").press("Home")
    await plain.get_by_role("button", name="Show").click()
    await expect(plain.get_by_text("This is the first moment.")).to_be_visible()
    await context.close()


@pytest.mark.long
@pytest.mark.parametrize("width", [320, 768, 1280])
async def test_it_does_not_scroll_sideways(page: Page, office: Office, temporal: Client, width: int) -> None:
    incident = await opened(office, temporal, title="W" * 200)
    await page.set_viewport_size({"width": width, "height": 800})
    await sign_in(page, Role.AUDITOR)
    await page.goto(f"/incidents/{incident}/replay")
    assert await page.evaluate("document.documentElement.scrollWidth") <= width
