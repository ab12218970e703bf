"""Answering in a real Chromium: a double click, the back button and a stale page do no harm."""

from __future__ import annotations

from collections.abc import AsyncIterator

import httpx
import pytest
from playwright.async_api import Browser, Page, expect
from temporalio.client import Client

from andon.domain.directory import Role
from tests.browser.conftest import sign_in
from tests.browser.device import make_passkey, plugged_in, visiting
from tests.console.desk import Caller, Office, opened

pytestmark = pytest.mark.browser
WORDS = "Seen in the traces."


@pytest.fixture
async def page(browser: Browser, http: httpx.AsyncClient) -> AsyncIterator[Page]:
    async with visiting(browser, str(http.base_url)) as page:
        yield page


async def fill_in(page: Page, incident: str, option: str = "Confirm") -> None:
    await page.goto(f"/incidents/{incident}/decisions/triage-1")
    await page.get_by_label(option).check()
    await page.get_by_label("Why").fill(WORDS)


async def judged(office: Office, http: httpx.AsyncClient, incident: str) -> tuple[int, int]:
    """Return how many answers to triage counted, and how many were refused on record."""
    view = await office.until(incident, lambda view: view.decisions[0].accepted)
    entries = (await Caller(http, Role.AUDITOR).get(f"/v1/incidents/{incident}/ledger")).json()["entries"]
    refused = [one for one in entries if one["kind"] == "response_refused"]
    return len(view.decisions[0].accepted), len(refused)


async def test_a_double_click_is_one_answer_and_the_back_button_shows_that_it_is_answered(
    page: Page, office: Office, http: httpx.AsyncClient, temporal: Client
) -> None:
    incident = await opened(office, temporal)
    await sign_in(page, Role.RESPONDER)
    await fill_in(page, incident)
    await page.get_by_role("button", name="Sign and send").dblclick()
    await expect(page.locator("#answer")).to_contain_text("Your answer “Confirm” was recorded")
    assert await judged(office, http, incident) == (1, 0)
    await page.go_back()
    await expect(page.locator("#answer")).to_contain_text("was recorded")
    await expect(page.get_by_role("button", name="Sign and send")).to_have_count(0)


async def test_a_page_on_which_another_person_has_answered_meanwhile_says_so_and_keeps_what_was_typed(
    page: Page, office: Office, http: httpx.AsyncClient, temporal: Client
) -> None:
    incident = await opened(office, temporal)
    await sign_in(page, Role.SECURITY)
    await fill_in(page, incident, "False positive")
    other = await Caller(http, Role.OPERATIONS).answer(incident, "triage-1", "false_positive")
    assert other.status_code == 200, other.text
    await page.get_by_role("button", name="Sign and send").click()
    await expect(page.locator("#problem")).to_contain_text("Not taken: something changed")
    await expect(page.locator("#changed")).to_contain_text(
        "operations-1, operations, answered “false positive”"
    )
    await expect(page.get_by_label("Why")).to_have_value(WORDS)
    await expect(page.get_by_label("False positive")).to_be_checked()
    assert await judged(office, http, incident) == (1, 0)
    await page.get_by_role("button", name="Sign and send").click()
    await expect(page.locator("#answer")).to_contain_text("was recorded")
    assert await judged(office, http, incident) == (2, 0)


@pytest.mark.long
async def test_without_script_a_double_click_is_one_answer_too(
    browser: Browser, office: Office, http: httpx.AsyncClient, temporal: Client
) -> None:
    incident = await opened(office, temporal)
    context = await browser.new_context(base_url=str(http.base_url), java_script_enabled=False)
    page = await context.new_page()
    await sign_in(page, Role.RESPONDER)
    await fill_in(page, incident)
    await page.get_by_role("button", name="Sign and send").dblclick()
    await expect(page.locator("#answer")).to_contain_text("was recorded")
    assert await judged(office, http, incident) == (1, 0)
    await context.close()


@pytest.mark.long
async def test_a_question_that_was_decided_meanwhile_is_refused_and_what_was_written_is_shown(
    page: Page, office: Office, http: httpx.AsyncClient, temporal: Client
) -> None:
    incident = await opened(office, temporal)
    await sign_in(page, Role.SECURITY)
    await fill_in(page, incident)
    assert (await Caller(http, Role.RESPONDER).answer(incident, "triage-1", "confirm")).status_code == 200
    await office.until(incident, lambda view: view.decisions[0].outcome)
    await page.get_by_role("button", name="Sign and send").click()
    await expect(page.locator("#changed")).to_contain_text("It has been decided: confirm.")
    await expect(page.get_by_role("heading", name="What you had written")).to_be_visible()
    await expect(page.get_by_text(WORDS)).to_be_visible()
    await expect(page.get_by_role("button", name="Sign and send")).to_have_count(0)


@pytest.mark.long
async def test_with_a_passkey_a_double_click_a_step_back_and_a_stale_page_do_no_harm_either(
    page: Page, office: Office, http: httpx.AsyncClient, temporal: Client
) -> None:
    incident = await opened(office, temporal)
    await plugged_in(page)
    await sign_in(page, Role.BUSINESS_OWNER)
    await make_passkey(page, "Phone")
    await expect(page.get_by_role("status")).to_contain_text("The key was added")
    await fill_in(page, incident, "False positive")
    await page.get_by_role("button", name="Sign with my passkey").click()
    await expect(page.get_by_role("heading", level=1)).to_have_text("Sign your answer")
    await expect(page.get_by_text("I, business_owner-1, as business owner")).to_be_visible()
    other = await Caller(http, Role.OPERATIONS).answer(incident, "triage-1", "false_positive")
    assert other.status_code == 200, other.text
    await page.get_by_role("button", name="Sign with my passkey and send").click()
    await expect(page.locator("#changed")).to_contain_text("operations-1")
    await expect(page.get_by_label("Why")).to_have_value(WORDS)
    assert await judged(office, http, incident) == (1, 0)
    await page.get_by_role("button", name="Sign with my passkey").click()
    await page.get_by_role("button", name="Sign with my passkey and send").dblclick()
    await expect(page.locator("#answer")).to_contain_text("Your answer “False positive” was recorded")
    assert await judged(office, http, incident) == (2, 0)
    await page.go_back()
    await expect(page.locator("#answer")).to_contain_text("was recorded")
