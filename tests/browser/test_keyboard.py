"""By keyboard alone: everything is reached once, in order, with the focus in sight, and nothing holds it."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.async_api import Page
from temporalio.client import Client

from andon.domain.directory import Role
from tests.browser.conftest import sign_in
from tests.console.desk import Office, opened

pytestmark = pytest.mark.browser

STOPS_AT_MOST = 250
REACHABLE = """() => {
  const wanted = "a[href], button, input:not([type=hidden]), select, textarea, summary, [tabindex='0']";
  const groups = new Set();
  let count = 0;
  for (const one of document.querySelectorAll(wanted)) {
    if (one.disabled || one.tabIndex < 0 || !one.checkVisibility()) continue;
    if (one.type === "radio") {
      if (groups.has(one.name)) continue;
      groups.add(one.name);
    }
    one.dataset.stop = String(count++);
  }
  return count;
}"""
"""Marks what the Tab key is to reach, in the order of the document; one stop for a group of radio buttons."""
FOCUSED = """() => {
  const one = document.activeElement;
  if (one === document.body) return null;
  one.scrollIntoView({ block: "nearest" });
  const seen = one.getBoundingClientRect();
  const style = getComputedStyle(one);
  return {
    stop: one.dataset.stop ?? null,
    name: `${one.tagName.toLowerCase()} ${one.textContent.trim().slice(0, 40)}`,
    outlined: style.outlineStyle !== "none" && parseFloat(style.outlineWidth) >= 2,
    inside: seen.bottom > 0 && seen.top < innerHeight && seen.right > 0 && seen.left < innerWidth,
  };
}"""


async def walked(page: Page) -> list[dict[str, Any]]:
    """Press Tab from the top until the focus leaves the page, and return where it was."""
    await page.evaluate("window.scrollTo(0, 0)")
    stops: list[dict[str, Any]] = []
    for _ in range(STOPS_AT_MOST):
        await page.keyboard.press("Tab")
        at = await page.evaluate(FOCUSED)
        if at is None or (stops and at["stop"] == stops[0]["stop"]):
            return stops
        stops.append(at)
    pytest.fail(f"the focus never leaves the page; last at {stops[-1]['name']}")


PATHS = (
    "/",
    "/report",
    "/incidents/{incident}",
    "/incidents/{incident}/decisions/triage-1",
)


@pytest.mark.parametrize(
    "path", [PATHS[0], *(pytest.param(one, marks=pytest.mark.long) for one in PATHS[1:])]
)
@pytest.mark.parametrize(
    "width", [pytest.param(320, marks=pytest.mark.long), 1280], ids=["on a phone", "on a desk"]
)
async def test_tab_reaches_everything_once_and_in_order(
    page: Page, office: Office, temporal: Client, path: str, width: int
) -> None:
    incident = await opened(office, temporal)
    await page.set_viewport_size({"width": width, "height": 800})
    await sign_in(page, Role.SECURITY)
    await page.goto(path.format(incident=incident))
    count = await page.evaluate(REACHABLE)
    stops = await walked(page)
    assert [one["name"] for one in stops if not one["outlined"]] == []
    assert [one["name"] for one in stops if not one["inside"]] == []
    reached = [int(one["stop"]) for one in stops if one["stop"] is not None]
    assert reached == sorted(set(reached)), "the order of the page, each once"
    assert len(reached) == count


async def test_the_menu_opens_and_closes_by_keyboard_and_what_is_folded_is_skipped(page: Page) -> None:
    await page.set_viewport_size({"width": 320, "height": 800})
    await sign_in(page, Role.SECURITY)
    more = page.get_by_text("More", exact=True)
    inside = page.get_by_role("link", name="Quality", exact=True)
    assert not await inside.is_visible()
    await more.focus()
    await page.keyboard.press("Enter")
    assert await inside.is_visible()
    await page.keyboard.press("Tab")
    assert await page.evaluate("document.activeElement.textContent") == "Quality"
    await more.focus()
    await page.keyboard.press("Space")
    assert not await inside.is_visible()


async def test_the_navigation_lies_open_on_a_desk(page: Page) -> None:
    await page.set_viewport_size({"width": 1280, "height": 800})
    await sign_in(page, Role.SECURITY)
    assert await page.get_by_role("link", name="Quality", exact=True).is_visible()
    assert not await page.get_by_text("More", exact=True).is_visible()
