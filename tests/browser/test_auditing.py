"""An auditor verifies a bundle without script, and reads hostile evidence that does nothing."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
from playwright.async_api import Browser, FilePayload, ViewportSize, expect

from andon.domain.directory import Role
from tests.api.server import token
from tests.audit.bundled import TRUST
from tests.audit.conftest import environment, made, told
from tests.browser.watched import Watched, watched
from tests.console.alone import alone
from tests.console.desk import Office
from tests.console.test_verifying import desk, zipped
from tests.console.test_viewing import keep, message

__all__ = ["alone", "desk", "environment", "made", "told", "zipped"]
pytestmark = pytest.mark.browser

PHONE = ViewportSize(width=320, height=800)
HOSTILE = (
    "<script>window.__ran=1</script><img src=x onerror='window.__ran=1'><svg onload='window.__ran=1'>"
    "</pre></ol><a href='javascript:window.__ran=1'>press</a> \u202eoffer\u202c "
    "\x1b]8;;http://evil.example\x07 "
    "p\u0430ypal \U000e0068\U000e0069 {{7*7}} z\u200bw"
)
WIDER = "document.documentElement.scrollWidth > innerWidth"


@pytest.fixture
async def reader(browser: Browser, alone: Office) -> AsyncIterator[Watched]:
    async with watched(browser, base_of(alone), token(Role.AUDITOR), viewport=PHONE) as found:
        yield found
    assert found.faults == []


@pytest.fixture
async def auditor(browser: Browser, desk: Office) -> AsyncIterator[Watched]:
    """Somebody with a phone and no script."""
    options = {"viewport": PHONE, "java_script_enabled": False}
    async with watched(browser, base_of(desk), token(Role.AUDITOR), **options) as found:
        yield found
    assert found.faults == []


def base_of(office: Office) -> str:
    assert office.http is not None
    return str(office.http.base_url).rstrip("/")


def file(name: str, kind: str, content: bytes) -> FilePayload:
    return {"name": name, "mimeType": kind, "buffer": content}


@pytest.mark.parametrize("characters", ["", "?characters=as-they-are"])
async def test_hostile_evidence_is_shown_and_does_nothing(
    reader: Watched, alone: Office, characters: str
) -> None:
    kept = await keep(alone, message(HOSTILE))
    page = reader.page
    await reader.come_to(f"/incidents/{kept.incident}/evidence/{kept.item.sha256}{characters}")
    await expect(page.get_by_role("heading", name="Hidden in it: 7")).to_be_visible()
    await expect(page.get_by_text("<script>window.__ran=1</script>").first).to_be_visible()
    assert await page.evaluate("window.__ran === undefined")
    assert not await page.locator("main").locator("script, img, svg, a[href^=javascript]").count()
    assert not await page.evaluate(WIDER)
    await reader.axe()
    if not characters:
        named = page.locator("#turns ~ ol mark.hid")
        assert "RIGHT-TO-LEFT OVERRIDE" in (await named.all_inner_texts())[0]
        await page.goto(f"{page.url}#L4")
        await expect(page.locator("#L4:target")).to_be_visible()


@pytest.mark.long
async def test_a_bundle_is_verified_by_a_form_without_script(auditor: Watched, zipped: bytes) -> None:
    page = auditor.page
    await auditor.come_to("/audit")
    bundle = file("one.zip", "application/zip", zipped)
    keys = file("keys.json", "application/json", TRUST.model_dump_json().encode())
    await page.get_by_label("Bundle, as a zip").set_input_files(bundle)
    await page.get_by_label("Trust file").set_input_files(keys)
    await page.get_by_role("button", name="Verify it").click(timeout=60_000)
    await expect(page.get_by_role("heading", level=1)).to_contain_text("holds", timeout=60_000)
    assert await page.locator("#steps ~ ol > li").count() == 14
    await expect(page.get_by_text("The keys of the trust file that you sent")).to_be_visible()


@pytest.mark.long
async def test_what_is_no_bundle_is_told_beside_the_form(auditor: Watched) -> None:
    page = auditor.page
    await auditor.come_to("/audit/verify")
    rubbish = file("one.zip", "application/zip", b"rubbish")
    await page.get_by_label("Bundle, as a zip").set_input_files(rubbish)
    await page.get_by_role("button", name="Verify it").click()
    await expect(page.get_by_role("alert")).to_contain_text("does not begin as a zip does")
    await expect(page.get_by_label("Bundle, as a zip")).to_be_visible()
    assert all("422" in one for one in auditor.faults), "the refusal, and the browser's own word on it"
    auditor.faults.clear()


async def test_who_looked_is_narrowed_without_script_and_by_axe(reader: Watched, alone: Office) -> None:
    page = reader.page
    kept = await keep(alone, message("seen"))
    await kept.get(Role.SECURITY)
    await reader.come_to("/audit")
    await reader.axe()
    await page.get_by_text("Narrow the list").click()
    await page.get_by_label("Who", exact=True).fill("security-1")
    await page.get_by_label("Incident", exact=True).fill(kept.incident)
    await page.get_by_role("button", name="Show", exact=True).click()
    await expect(page.get_by_text("1 entry fits")).to_be_visible()
    await reader.axe()
    await page.get_by_role("link", name=kept.incident, exact=True).click()
    await expect(page.get_by_role("heading", name="Who looked")).to_be_visible()
    assert not await page.evaluate(WIDER)
    await reader.axe()
