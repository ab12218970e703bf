"""On paper: black on white, whole, without what can only be clicked."""

from __future__ import annotations

import re

import pytest
from playwright.async_api import Page
from temporalio.client import Client

from andon.domain.directory import Role
from tests.browser.conftest import sign_in
from tests.console.desk import Office, opened

pytestmark = [pytest.mark.browser, pytest.mark.long]

PAPER = 690
"""Pixels between the margins of an A4 sheet."""
FAULTS = """() => {
  const faults = [];
  const seen = (one) => one.checkVisibility({ contentVisibilityAuto: true });
  for (const one of document.querySelectorAll("header nav, form, button, .toc"))
    if (seen(one)) faults.push(`printed: ${one.tagName} ${one.className}`);
  for (const one of document.querySelectorAll("details p, details td"))
    if (!one.closest("nav, form, .toc") && one.textContent.trim() && !seen(one)) faults.push("folded away");
  for (const one of document.querySelectorAll("main h1, main p, main td")) {
    const parts = getComputedStyle(one).color.match(/[\\d.]+/g).map(Number);
    if (Math.max(...parts.slice(0, 3)) > 80) faults.push(`pale: ${one.textContent.trim().slice(0, 40)}`);
  }
  if (getComputedStyle(document.body).backgroundColor !== "rgb(255, 255, 255)") faults.push("not on white");
  for (const one of document.querySelectorAll("thead"))
    if (getComputedStyle(one).display !== "table-header-group") faults.push("a head that is not repeated");
  const over = document.documentElement.scrollWidth - innerWidth;
  if (over > 0) faults.push(`wider than the paper by ${over}`);
  return faults;
}"""


@pytest.mark.parametrize("path", ["/incidents/{incident}", "/incidents/{incident}/file"])
async def test_an_incident_and_its_file_print_whole_and_black_on_white(
    page: Page, office: Office, temporal: Client, path: str
) -> None:
    incident = await opened(office, temporal)
    await sign_in(page, Role.LEGAL)
    await page.goto(path.format(incident=incident))
    await page.set_viewport_size({"width": PAPER, "height": 1000})
    await page.emulate_media(media="print", color_scheme="dark")
    assert await page.evaluate(FAULTS) == []
    for paper in ("A4", "Letter", "A5"):
        printed = await page.pdf(format=paper, prefer_css_page_size=True)
        assert printed.startswith(b"%PDF-")
        assert len(re.findall(rb"/Type\s*/Page\b", printed)) >= 1
