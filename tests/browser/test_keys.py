"""One's own keys in a real Chromium, whose authenticator is a virtual one of the browser's own."""

from __future__ import annotations

import shlex
from collections.abc import AsyncIterator

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from playwright.async_api import Browser, Page, expect

from andon.domain.directory import Role
from andon.domain.personal_keys import PersonalKey
from andon.domain.sshsig import public_line, sign_sshsig
from tests.browser.conftest import sign_in
from tests.browser.device import Device, make_passkey, plugged_in, visiting
from tests.browser.test_console import FAULTS
from tests.console.alone import alone
from tests.console.desk import Office

pytestmark = pytest.mark.browser
__all__ = ["alone"]


@pytest.fixture
async def page(browser: Browser, alone: Office) -> AsyncIterator[Page]:
    async with visiting(browser, alone.parts.url) as page:
        yield page


@pytest.fixture
async def device(page: Page) -> Device:
    return await plugged_in(page)


def keys_of(alone: Office, person: str) -> tuple[PersonalKey, ...]:
    found = alone.queries.people.latest().person(person)
    assert found is not None
    return found.keys


async def test_a_passkey_is_made_by_clicks_and_stands_in_the_directory(
    page: Page, alone: Office, device: Device
) -> None:
    await sign_in(page, Role.LEGAL)
    await make_passkey(page, "My phone")
    await expect(page.get_by_role("status")).to_contain_text("The key was added")
    await expect(page.get_by_role("row", name="My phone")).to_contain_text("counts")
    [made] = [one for one in keys_of(alone, "legal-1") if one.label == "My phone"]
    assert (made.kind, made.rp) == ("passkey", "localhost")
    assert len(await device.credentials()) == 1
    assert await page.evaluate(FAULTS) == []


async def test_a_device_makes_one_passkey_for_one_person(page: Page, alone: Office, device: Device) -> None:
    await sign_in(page, Role.PRIVACY)
    await make_passkey(page, "First")
    await expect(page.get_by_role("status")).to_contain_text("The key was added")
    await make_passkey(page, "Second")
    await expect(page.get_by_role("alert")).to_contain_text("has a passkey of yours already")
    assert len(keys_of(alone, "privacy-1")) == 1


async def test_a_device_that_can_not_tell_its_person_makes_no_passkey(
    page: Page, alone: Office, device: Device
) -> None:
    await sign_in(page, Role.SECURITY)
    await device.know_its_person(knows=False)
    await make_passkey(page, "Somebody's")
    await expect(page.get_by_role("alert")).to_contain_text("Try again")
    await expect(page.get_by_role("button", name="Make the passkey")).to_be_enabled()
    assert keys_of(alone, "security-1") == ()


async def test_an_ssh_key_is_added_and_revoked_by_clicks(page: Page, alone: Office) -> None:
    key = Ed25519PrivateKey.generate()
    await sign_in(page, Role.FINANCE)
    await page.get_by_role("link", name="Your keys").click()
    await page.get_by_label("Public key").fill(f"{public_line(key.public_key())} on my laptop")
    await page.get_by_role("button", name="Go on").click()
    await expect(page.get_by_role("heading", level=1)).to_have_text("Sign with your new key")
    assert await page.evaluate(FAULTS) == []
    command = shlex.split(await page.get_by_label("Command to run").inner_text())
    signature = sign_sshsig(command[2].encode(), key, "andon.key")
    await page.get_by_label("Signature", exact=True).fill(signature)
    await page.get_by_role("button", name="Add the SSH key").click()
    await expect(page.get_by_role("status")).to_contain_text("The key was added")
    row = page.get_by_role("row", name="on my laptop")
    await expect(row).to_contain_text("SHA256:")
    await row.get_by_role("button", name="Revoke").click()
    await expect(page.get_by_role("status")).to_contain_text("The key was revoked")
    await expect(row.get_by_role("button")).to_have_count(0)
    assert keys_of(alone, "finance-1")[0].revoked_from is not None


async def test_what_is_no_key_is_refused_and_kept_to_be_mended(page: Page, alone: Office) -> None:
    await sign_in(page, Role.HR)
    await page.goto("/me/keys")
    await page.get_by_label("Public key").fill("ssh-rsa AAAAB3Nza <script>alert(1)</script>")
    await page.get_by_label("What you call it").fill("Old one")
    await page.get_by_role("button", name="Go on").click()
    await expect(page.get_by_role("alert")).to_contain_text("ssh-keygen -t ed25519")
    await expect(page.get_by_label("What you call it")).to_have_value("Old one")
    assert keys_of(alone, "hr-1") == ()
