"""A person at a browser of their own, signed in, whose every page is watched for what it does unseen."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import urlsplit

from axe_playwright_python.base import AXE_SCRIPT
from playwright.async_api import Browser, BrowserContext, ConsoleMessage, Locator, Page, Request

from tests.screens.looking import AA
from tests.screens.tour import NO_PAGE, kind_of

LONGEST_MS: Final = 20_000
OPENED_MS: Final = 60_000
"""A page that replays an incident takes its time on a machine that does much else."""
LOOK_EVERY_SECONDS: Final = 0.4
ADVICE: Final = (
    # Chromium advises RS256 for the sake of old authenticators; only ES256 and EdDSA are accepted here.
    "pubKeyCredParams is missing",
)
GIVEN_UP: Final = frozenset({"net::ERR_ABORTED"})
"""A page that is left, or becomes a file to keep, gives up what it was loading."""


@dataclass
class Watched:
    """One person's browser, and what their pages did that no page is to do."""

    page: Page
    ours: frozenset[str]
    seen: list[str] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)

    def watch(self, context: BrowserContext) -> None:
        """Keep what the console of the browser says, and whatever is asked of others or fails."""
        context.on("console", self._said)
        context.on("weberror", lambda error: self._fault(f"error: {error.error}"))
        context.on("dialog", lambda dialog: self._fault(f"dialog: {dialog.message}"))
        context.on("request", self._asked)
        context.on("requestfailed", self._failed)
        context.on("response", lambda answer: self._answered(answer.status, answer.url))

    async def sign_in(self, token: str) -> None:
        """Sign in with a token, as a person types it."""
        await self.page.goto("/sign-in")
        await self.page.get_by_label("Your token").fill(token)
        await self.page.get_by_role("button", name="Sign in").click()
        await self.page.get_by_role("button", name="Sign out").first.wait_for(state="attached")

    async def come_to(self, path: str) -> None:
        """Open a page by its address, as somebody does who was sent a link."""
        await self.page.goto(path)
        self.seen.append(path)

    async def follow(self, link: str, within: str = "main") -> None:
        """Click the first link of a name, unfolding what it is folded into."""
        await self.press(self.page.locator(within).get_by_role("link", name=link, include_hidden=True).first)

    async def press(self, what: Locator) -> None:
        """Click something, unfolding what it is folded into."""
        await unfolded(what)
        await what.click()
        await self.page.wait_for_load_state()
        self.seen.append(urlsplit(self.page.url).path)

    async def await_there(self, what: Locator, seconds: float = 40.0) -> Locator:
        """Load the page anew, as people do, until something is there."""
        async with asyncio.timeout(seconds):
            while not await what.count():
                await asyncio.sleep(LOOK_EVERY_SECONDS)
                await self.page.reload()
        return what.first

    async def pages(self, start: str) -> AsyncIterator[str]:
        """Yield the path of each kind of page that links lead to, once it is open."""
        waiting, known = [start], set[str]()
        while waiting:
            path = waiting.pop(0)
            if kind_of(path) in known:
                continue
            known.add(kind_of(path))
            await self.come_to(path)
            yield path
            links: list[str] = await self.page.eval_on_selector_all(
                "a[href^='/']", "links => links.map(link => link.getAttribute('href'))"
            )
            waiting += [link for link in links if not NO_PAGE.search(urlsplit(link).path)]

    async def axe(self) -> None:
        """Keep what axe holds against the page at level AA."""
        await self.page.evaluate(AXE_SCRIPT)
        found = await self.page.evaluate("options => axe.run(options)", AA)
        path = urlsplit(self.page.url).path
        self.faults += [
            f"{one['id']} at {path}: {', '.join(map(str, node['target']))}"
            for one in found["violations"]
            for node in one["nodes"]
        ]

    def _fault(self, what: str) -> None:
        self.faults.append(f"{what} at {urlsplit(self.page.url).path}")

    def _said(self, message: ConsoleMessage) -> None:
        if not any(known in message.text for known in ADVICE):
            self._fault(f"console: {message.text}")

    def _asked(self, request: Request) -> None:
        if host_of(request.url) not in self.ours:
            self._fault(f"asked {request.url}")

    def _failed(self, request: Request) -> None:
        if request.failure not in GIVEN_UP:
            self._fault(f"failed {request.url}: {request.failure}")

    def _answered(self, status: int, url: str) -> None:
        if status >= 400:
            self._fault(f"{status} for {urlsplit(url).path}")


async def unfolded(what: Locator) -> None:
    """Open every `details` that something is folded into."""
    folds = what.locator("xpath=ancestor::details[not(@open)]")
    while await folds.count():
        await folds.first.locator("> summary").click()


def host_of(url: str) -> str:
    """Return the origin that an address is of."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"


@asynccontextmanager
async def watched(browser: Browser, console: str, token: str = "", **options: Any) -> AsyncIterator[Watched]:
    """Give a browser of its own to one person; whatever its pages did is a fault in the end."""
    context = await browser.new_context(base_url=console, **options)
    page = await context.new_page()
    page.set_default_timeout(LONGEST_MS)
    page.set_default_navigation_timeout(OPENED_MS)
    person = Watched(page, frozenset({host_of(console)}))
    person.watch(context)
    if token:
        await person.sign_in(token)
    yield person
    await context.close()
