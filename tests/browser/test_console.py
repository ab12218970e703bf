"""The console in a real browser: by clicks, with hostile words, without script, by keyboard."""

from __future__ import annotations

import re

import pytest
from playwright.async_api import Browser, Page, expect
from temporalio.client import Client

from andon.domain.directory import Role
from tests.browser.conftest import sign_in
from tests.console.desk import Office, opened

pytestmark = pytest.mark.browser

HOSTILE = (
    "<img src=x onerror=alert(1)><script>alert(2)</script>\u202egnihton \x1b[31mred "
    '=HYPERLINK("http://evil.example") "quoted\' {{7*7}}'
)


async def test_a_person_signs_in_reads_what_is_asked_and_answers_by_clicks(
    page: Page, office: Office, temporal: Client
) -> None:
    incident = await opened(office, temporal, title="Refunds go astray")
    await sign_in(page, Role.SECURITY)
    await page.locator(".asked li", has_text="Refunds go astray").get_by_role("link", name="Answer").click()
    await expect(page.get_by_role("heading", level=1)).to_have_text("Is this an incident?")
    await page.get_by_label("Confirm").check()
    await page.get_by_label("Severity").select_option("high")
    await page.get_by_label("Why").fill("Seen in the traces.")
    await page.get_by_role("button", name="Sign and send").click()
    await expect(page.get_by_role("status")).to_contain_text("Your answer “Confirm” was recorded")
    view = await office.until(incident, lambda view: view.decisions[0].outcome)
    assert view.decisions[0].accepted[0].person == "security-1"
    await page.get_by_role("link", name=incident).click()
    await expect(page.get_by_text("Answered “triage”: confirm as security")).to_be_visible()


async def test_hostile_words_do_nothing_on_any_page(page: Page, office: Office, temporal: Client) -> None:
    incident = await opened(office, temporal, title=HOSTILE)
    await sign_in(page, Role.RESPONDER)
    for path in ("/", "/incidents", f"/incidents/{incident}", f"/incidents/{incident}/decisions/triage-1"):
        await page.goto(path)
        text = await page.locator("main").inner_text()
        assert "<img src=x onerror=alert(1)>" in text
        assert "{{7*7}}" in text
        assert "\u202e" not in text
        assert "\x1b" not in text
        assert await page.locator("main img, main script, main a[href*=evil]").count() == 0


async def test_every_page_can_be_told_apart_and_found_through_without_seeing_it(
    page: Page, office: Office, temporal: Client
) -> None:
    incident = await opened(office, temporal)
    await sign_in(page, Role.RESPONDER)
    titles = set()
    paths = (
        "/",
        "/incidents",
        "/systems",
        "/systems/refund_desk",
        "/figures",
        "/stop",
        "/quarterly",
        "/report",
        f"/incidents/{incident}",
        f"/incidents/{incident}/known",
        f"/incidents/{incident}/evidence",
        f"/incidents/{incident}/reach",
        f"/incidents/{incident}/affected",
        f"/incidents/{incident}/ask/severity_downgrade",
        f"/incidents/{incident}/decisions/triage-1",
    )
    for path in paths:
        await page.goto(path)
        titles.add(await page.title())
        assert await page.evaluate(FAULTS) == []
    assert len(titles) == len(paths)


FAULTS = """() => {
  const faults = [];
  const all = (selector) => [...document.querySelectorAll(selector)];
  if (document.documentElement.lang !== "en") faults.push("no language");
  for (const [selector, count] of [["main", 1], ["h1", 1], ["header", 1]])
    if (all(selector).length !== count) faults.push(`${selector}: ${all(selector).length}`);
  for (const one of all("input:not([type=hidden]):not([hidden]), select, textarea"))
    if (!one.labels.length) faults.push(`no label: ${one.name}`);
  for (const one of all("table"))
    if (!one.caption) faults.push("table without caption");
  for (const one of all("a, button"))
    if (!one.textContent.trim()) faults.push(`no name: ${one.outerHTML}`);
  for (const one of all("th"))
    if (!one.scope) faults.push("th without scope");
  const ids = all("[id]").map((one) => one.id);
  if (new Set(ids).size !== ids.length) faults.push("an id twice");
  for (const one of all("[aria-labelledby], [aria-describedby]"))
    for (const name of ["aria-labelledby", "aria-describedby"])
      for (const id of (one.getAttribute(name) || "").split(" ").filter(Boolean))
        if (!document.getElementById(id)) faults.push(`points nowhere: ${id}`);
  let level = 1;
  for (const one of all("h1, h2, h3, h4")) {
    const own = Number(one.tagName[1]);
    if (own > level + 1) faults.push(`heading jumps: ${one.textContent}`);
    level = own;
  }
  return faults;
}"""


@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_words_stand_out_from_their_ground(
    page: Page, office: Office, temporal: Client, scheme: str
) -> None:
    incident = await opened(office, temporal)
    await page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type] # one of two literals
    await sign_in(page, Role.RESPONDER)
    for path in (
        "/",
        f"/incidents/{incident}",
        f"/incidents/{incident}/decisions/triage-1",
        "/systems",
        "/systems/refund_desk",
        "/figures",
        "/stop",
        "/quarterly",
        "/report",
    ):
        await page.goto(path)
        assert await page.evaluate(FAINT) == []


FAINT = """() => {
  const parts = (colour) => colour.match(/[\\d.]+/g).map(Number);
  const light = ([r, g, b]) => [r, g, b].map((v) => v / 255)
    .map((v) => (v <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4))
    .reduce((sum, v, i) => sum + v * [0.2126, 0.7152, 0.0722][i], 0);
  const ground = (one) => {
    for (let at = one; at; at = at.parentElement) {
      const colour = parts(getComputedStyle(at).backgroundColor);
      if (colour.length < 4 || colour[3] > 0) return colour;
    }
    return [255, 255, 255];
  };
  const faint = [];
  for (const one of document.querySelectorAll("body *")) {
    const own = [...one.childNodes].some((node) => node.nodeType === 3 && node.textContent.trim());
    if (!own || !one.checkVisibility()) continue;
    const [a, b] = [light(parts(getComputedStyle(one).color)), light(ground(one))].sort((x, y) => y - x);
    const ratio = (a + 0.05) / (b + 0.05);
    if (ratio < 4.5) faint.push(`${ratio.toFixed(2)} ${one.className} ${one.textContent.trim()}`);
  }
  return faint;
}"""


@pytest.mark.parametrize(
    "width", [320, 768, 1280, *(pytest.param(one, marks=pytest.mark.long) for one in (390, 3840))]
)
async def test_no_page_scrolls_sideways(page: Page, office: Office, temporal: Client, width: int) -> None:
    incident = await opened(office, temporal, title="W" * 200)
    await page.set_viewport_size({"width": width, "height": 800})
    await sign_in(page, Role.RESPONDER)
    paths = (
        "/",
        "/incidents",
        f"/incidents/{incident}",
        f"/incidents/{incident}/evidence",
        f"/incidents/{incident}/reach",
        f"/incidents/{incident}/affected",
        f"/incidents/{incident}/ask/severity_downgrade",
        f"/incidents/{incident}/decisions/triage-1",
        f"/incidents/{incident}/known",
        "/systems",
        "/systems/refund_desk",
        "/figures",
        "/stop",
        "/quarterly",
        "/report",
    )
    for path in paths:
        await page.goto(path)
        assert await page.evaluate("document.documentElement.scrollWidth") <= width, path


async def test_everything_works_without_script(
    browser: Browser, page: Page, office: Office, temporal: Client
) -> None:
    incident = await opened(office, temporal)
    base = re.sub(r"(https?://[^/]+).*", r"\1", await _address(page))
    context = await browser.new_context(base_url=base, java_script_enabled=False)
    plain = await context.new_page()
    await sign_in(plain, Role.OPERATIONS)
    await plain.goto(f"/incidents/{incident}/decisions/triage-1")
    await plain.get_by_label("Confirm").check()
    await plain.get_by_label("Why").fill("Seen.")
    await plain.get_by_role("button", name="Sign and send").click()
    await expect(plain.get_by_role("status")).to_contain_text("was recorded")
    await plain.get_by_role("button", name="Sign out").click()
    await expect(plain.get_by_role("heading", level=1)).to_have_text("Sign in")
    await context.close()


async def test_a_person_without_script_asks_for_a_decision_by_clicks(
    browser: Browser, page: Page, office: Office, temporal: Client
) -> None:
    incident = await opened(office, temporal)
    context = await browser.new_context(base_url=await _address(page), java_script_enabled=False)
    plain = await context.new_page()
    await sign_in(plain, Role.SECURITY)
    await plain.goto(f"/incidents/{incident}")
    await plain.get_by_text("you may ask to have decided").click()
    await plain.get_by_role("link", name="Is it less severe than stated?").click()
    await plain.get_by_label("Which severity instead?").select_option("medium")
    await plain.get_by_label("Why").fill("One account, found at once.")
    await plain.get_by_role("button", name="Ask as security-1").click()
    await expect(plain.get_by_role("heading", level=1)).to_have_text("Is it less severe than stated?")
    await expect(plain.get_by_text("You asked for this")).to_be_visible()
    view = await office.until(incident, lambda view: len(view.decisions) > 1)
    asked = next(one.request for one in view.decisions if one.request.kind == "severity_downgrade")
    assert (asked.requested_by, asked.about) == ("security-1", {"severity": "medium"})
    await context.close()


async def test_the_keyboard_reaches_the_content_first(page: Page) -> None:
    await sign_in(page, Role.RESPONDER)
    await page.goto("/incidents")
    await page.keyboard.press("Tab")
    assert await page.evaluate("document.activeElement.textContent") == "Skip to the content"
    await page.keyboard.press("Enter")
    assert await page.evaluate("document.activeElement.id") == "main"


async def _address(page: Page) -> str:
    await page.goto("/sign-in")
    return page.url
