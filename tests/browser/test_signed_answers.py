"""Answering with a passkey in a real Chromium: judged by the real workflow, verified from the record."""

from __future__ import annotations

from collections.abc import AsyncIterator

import httpx
import pytest
from playwright.async_api import Browser, Page, expect
from temporalio.client import Client

from andon.domain.decision import DecisionKind
from andon.domain.directory import Role
from andon.domain.personal_keys import check_signature
from andon.domain.response import Statement, read_statement
from andon.domain.severity import Band
from andon.domain.signing import Envelope
from tests.api.server import bearer
from tests.browser.conftest import sign_in
from tests.browser.device import Device, make_passkey, plugged_in, visiting
from tests.console.desk import Office, opened

pytestmark = pytest.mark.browser


@pytest.fixture
async def page(browser: Browser, http: httpx.AsyncClient) -> AsyncIterator[Page]:
    async with visiting(browser, str(http.base_url)) as page:
        yield page


@pytest.fixture
async def device(page: Page) -> Device:
    return await plugged_in(page)


async def fill_in(page: Page, incident: str) -> None:
    await page.goto(f"/incidents/{incident}/decisions/triage-1")
    await page.get_by_label("Confirm").check()
    await page.get_by_label("Severity").select_option("high")
    await page.get_by_label("Why").fill("Seen in the traces.")
    await page.get_by_role("button", name="Sign with my passkey").click()


async def recorded(http: httpx.AsyncClient, incident: str) -> Statement:
    """Return what the one answer to triage says, as anybody can read it."""
    headers = bearer(Role.AUDITOR)
    shown = (await http.get(f"/v1/incidents/{incident}", headers=headers)).json()
    [answer] = next(one for one in shown["decisions"] if one["id"] == "triage-1")["responses"]
    path = f"/v1/incidents/{incident}/statements/{answer['statement']}"
    envelope = Envelope.model_validate((await http.get(path, headers=headers)).json())
    return read_statement(envelope, (await http.get("/v1/trust", headers=headers)).json())


async def test_an_answer_is_signed_by_clicks_and_its_signature_holds_for_good(
    page: Page, device: Device, office: Office, http: httpx.AsyncClient, temporal: Client
) -> None:
    incident = await opened(office, temporal)
    await sign_in(page, Role.SECURITY)
    await make_passkey(page, "Phone")
    await expect(page.get_by_role("status")).to_contain_text("The key was added")
    await fill_in(page, incident)
    await expect(page.get_by_text("Seen in the traces.")).to_be_visible()
    await page.get_by_role("button", name="Sign with my passkey and send").click()
    await expect(page.locator("#answer")).to_contain_text("Your answer “Confirm” was recorded")
    await office.until(incident, lambda view: view.decisions[0].outcome)
    statement = await recorded(http, incident)
    assert statement.signature is not None
    assert (statement.person, statement.option) == ("security-1", "confirm")
    [key] = [one for one in statement.standing.keys if one.id == statement.signature.key]
    check_signature(statement.said(), statement.signature, key)
    assert (await device.credentials())[0]["signCount"] == 2


async def test_without_a_passkey_the_way_to_one_is_shown(
    page: Page, office: Office, temporal: Client
) -> None:
    incident = await opened(office, temporal)
    await sign_in(page, Role.OPERATIONS)
    await fill_in(page, incident)
    await expect(page.get_by_role("link", name="Add one")).to_have_attribute("href", "/me/keys/passkey")
    await expect(page.get_by_role("button", name="Sign with my passkey")).to_have_count(0)


async def test_a_revoked_passkey_is_not_offered(
    page: Page, device: Device, office: Office, temporal: Client
) -> None:
    incident = await opened(office, temporal)
    await sign_in(page, Role.INCIDENT_LEAD)
    await make_passkey(page, "Lost phone")
    assert len(await device.credentials()) == 1
    await page.get_by_role("row", name="Lost phone").get_by_role("button", name="Revoke").click()
    await expect(page.get_by_role("status")).to_contain_text("The key was revoked")
    await fill_in(page, incident)
    await expect(page.get_by_role("status")).to_contain_text("You have no passkey")


async def test_a_passkey_that_is_revoked_while_its_person_signs_does_not_count(
    page: Page, device: Device, office: Office, temporal: Client
) -> None:
    incident = await opened(office, temporal)
    await sign_in(page, Role.RESPONDER)
    await make_passkey(page, "Phone")
    await expect(page.get_by_role("status")).to_contain_text("The key was added")
    await fill_in(page, incident)
    await expect(page.get_by_role("heading", level=1)).to_have_text("Sign your answer")
    people = office.queries.people
    person = people.latest().person("responder-1")
    assert person is not None
    people.revoke_key(person.id, person.keys[-1].id, office.parts.now())
    await page.get_by_role("button", name="Sign with my passkey and send").click()
    await expect(page.locator("#problem")).to_contain_text("not one of yours")
    assert len(await device.credentials()) == 1
    view = await office.until(incident, lambda view: view.decisions)
    assert view.decisions[0].accepted == ()


async def test_a_question_that_wants_ones_own_key_offers_no_other_way(
    page: Page, device: Device, office: Office, temporal: Client
) -> None:
    plan = office.plan()
    triage = plan.rights[DecisionKind.TRIAGE].model_copy(update={"personal_at": (Band.HIGH,)})
    rights = {**plan.rights, DecisionKind.TRIAGE: triage}
    incident = await opened(office, temporal, plan=plan.model_copy(update={"rights": rights}))
    await sign_in(page, Role.RESPONDER)
    await make_passkey(page, "Phone")
    await expect(page.get_by_role("status")).to_contain_text("The key was added")
    assert len(await device.credentials()) == 1
    await page.goto(f"/incidents/{incident}/decisions/triage-1")
    await expect(page.get_by_role("button", name="Sign and send")).to_have_count(0)
    await expect(page.get_by_text("only answers signed with your own key")).to_be_visible()
