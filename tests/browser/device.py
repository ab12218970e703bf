"""The virtual authenticator of a Chromium page, and a visitor who comes by the console's name."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, Final

from playwright.async_api import Browser, CDPSession, Page

EXPECTED: Final = (
    # Chromium advises RS256 for the sake of old authenticators; only ES256 and EdDSA are accepted here.
    "pubKeyCredParams is missing",
    # A form that is answered with a refusal shows in the browser's console.
    "status of 4",
)
VERIFYING: Final = {
    "protocol": "ctap2",
    "transport": "internal",
    "hasResidentKey": True,
    "hasUserVerification": True,
    "isUserVerified": True,
    "automaticPresenceSimulation": True,
}


class Device:
    """An authenticator with a screen lock, on which somebody always presses the button."""

    def __init__(self, cdp: CDPSession, authenticator: str) -> None:
        self._cdp = cdp
        self._id = authenticator

    async def credentials(self) -> list[dict[str, Any]]:
        found = await self._cdp.send("WebAuthn.getCredentials", {"authenticatorId": self._id})
        listed: list[dict[str, Any]] = found["credentials"]
        return listed

    async def know_its_person(self, *, knows: bool) -> None:
        wanted = {"authenticatorId": self._id, "isUserVerified": knows}
        await self._cdp.send("WebAuthn.setUserVerified", wanted)


async def plugged_in(page: Page) -> Device:
    cdp = await page.context.new_cdp_session(page)
    await cdp.send("WebAuthn.enable")
    added = await cdp.send("WebAuthn.addVirtualAuthenticator", {"options": VERIFYING})
    return Device(cdp, added["authenticatorId"])


@asynccontextmanager
async def visiting(browser: Browser, url: str) -> AsyncIterator[Page]:
    """Open a page; what the browser's console says unexpectedly fails the test."""
    context = await browser.new_context(base_url=url.replace("127.0.0.1", "localhost"))
    page = await context.new_page()
    page.set_default_timeout(15_000)
    said: list[str] = []
    page.on("console", lambda message: said.append(message.text))
    page.on("pageerror", lambda error: said.append(str(error)))
    yield page
    await context.close()
    assert [one for one in said if not any(known in one for known in EXPECTED)] == []


async def make_passkey(page: Page, name: str) -> None:
    await page.goto("/me/keys")
    await page.get_by_role("link", name="Add a passkey").click()
    await page.get_by_label("What you call it").fill(name)
    await page.get_by_role("button", name="Make the passkey").click()
