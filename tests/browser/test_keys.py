"""One's own keys in a real Chromium, whose authenticator is a virtual one of the browser's own."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from playwright.async_api import Browser, CDPSession, Page, expect

from andon.domain.directory import Role
from andon.domain.personal_keys import PersonalKey
from andon.domain.sshsig import public_line
from tests.browser.conftest import sign_in
from tests.browser.test_console import FAULTS
from tests.console.alone import alone
from tests.console.desk import Office

pytestmark = pytest.mark.browser
__all__ = ["alone"]

EXPECTED = (
    # Chromium advises RS256 for the sake of old authenticators; only ES256 and EdDSA are accepted here.
    "pubKeyCredParams is missing",
    # A form that is answered with 400 shows in the browser's console.
    "status of 400",
)
VERIFYING = {
    "protocol": "ctap2",
    "transport": "internal",
    "hasResidentKey": True,
    "hasUserVerification": True,
    "isUserVerified": True,
    "automaticPresenceSimulation": True,
}


class Device:
    """The authenticator of one page."""

    def __init__(self, cdp: CDPSession) -> None:
        self._cdp = cdp
        self._id = ""

    async def plug_in(self, **changes: Any) -> None:
        await self._cdp.send("WebAuthn.enable")
        options = {"options": {**VERIFYING, **changes}}
        self._id = (await self._cdp.send("WebAuthn.addVirtualAuthenticator", options))["authenticatorId"]

    async def credentials(self) -> list[dict[str, Any]]:
        found = await self._cdp.send("WebAuthn.getCredentials", {"authenticatorId": self._id})
        listed: list[dict[str, Any]] = found["credentials"]
        return listed

    async def verify(self, *, succeeds: bool) -> None:
        wanted = {"authenticatorId": self._id, "isUserVerified": succeeds}
        await self._cdp.send("WebAuthn.setUserVerified", wanted)


@pytest.fixture
async def page(browser: Browser, alone: Office) -> AsyncIterator[Page]:
    """A visitor who came by the console's name; whatever the browser's console says fails the test."""
    context = await browser.new_context(base_url=alone.parts.url)
    page = await context.new_page()
    page.set_default_timeout(15_000)
    said: list[str] = []
    page.on("console", lambda message: said.append(message.text))
    page.on("pageerror", lambda error: said.append(str(error)))
    yield page
    await context.close()
    assert [one for one in said if not any(known in one for known in EXPECTED)] == []


@pytest.fixture
async def device(page: Page) -> Device:
    device = Device(await page.context.new_cdp_session(page))
    await device.plug_in()
    return device


def keys_of(alone: Office, person: str) -> tuple[PersonalKey, ...]:
    found = alone.queries.people.latest().person(person)
    assert found is not None
    return found.keys


async def make_passkey(page: Page, name: str) -> None:
    await page.goto("/me/keys")
    await page.get_by_role("link", name="Add a passkey").click()
    await page.get_by_label("What you call it").fill(name)
    await page.get_by_role("button", name="Make the passkey").click()


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
    await device.verify(succeeds=False)
    await make_passkey(page, "Somebody's")
    await expect(page.get_by_role("alert")).to_contain_text("Try again")
    await expect(page.get_by_role("button", name="Make the passkey")).to_be_enabled()
    assert keys_of(alone, "security-1") == ()


async def test_an_ssh_key_is_added_and_revoked_by_clicks(page: Page, alone: Office) -> None:
    line = public_line(Ed25519PrivateKey.generate().public_key())
    await sign_in(page, Role.FINANCE)
    await page.get_by_role("link", name="Your keys").click()
    await page.get_by_label("Public key").fill(f"{line} on my laptop")
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
    await page.get_by_role("button", name="Add the SSH key").click()
    await expect(page.get_by_role("alert")).to_contain_text("ssh-keygen -t ed25519")
    await expect(page.get_by_label("What you call it")).to_have_value("Old one")
    assert keys_of(alone, "hr-1") == ()
