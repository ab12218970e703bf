"""The people of an incident, each at a browser of their own, and what they do there by clicks alone."""

from __future__ import annotations

import re
from collections.abc import Mapping
from contextlib import AsyncExitStack
from datetime import UTC, datetime, timedelta
from types import MappingProxyType
from typing import Final

from playwright.async_api import Browser, Page, expect

from tests.browser.device import Device, make_passkey, plugged_in
from tests.browser.watched import LONGEST_MS, Watched, unfolded, watched

DAYS_TO_PROVE: Final = 30
NOTHING: Final[Mapping[str, str]] = MappingProxyType({})
ANSWERED: Final = "closes with the question"
"""What the page says of a task that nobody closes by hand."""


class Cast:
    """Brings each role to its own browser once, signed in."""

    def __init__(
        self, browser: Browser, console: str, tokens: Mapping[str, str], stack: AsyncExitStack
    ) -> None:
        self._browser = browser
        self._console = console
        self._tokens = tokens
        self._stack = stack
        self._there: dict[str, Watched] = {}
        self._devices: dict[str, Device] = {}

    async def person(self, role: str) -> Watched:
        """Return the browser of whoever holds a role."""
        if role not in self._there:
            coming = watched(self._browser, self._console, self._tokens[role])
            self._there[role] = await self._stack.enter_async_context(coming)
        return self._there[role]

    async def with_a_passkey(self, role: str) -> Watched:
        """Return the browser of a role, in which its person has made a passkey."""
        person = await self.person(role)
        if role not in self._devices:
            self._devices[role] = await plugged_in(person.page)
            await make_passkey(person.page, f"Phone of {role}")
            await expect(person.page.get_by_role("status")).to_contain_text(
                "The key was added", timeout=LONGEST_MS
            )
        return person

    def __len__(self) -> int:
        return len(self._there)

    def faults(self) -> list[str]:
        """Return what the pages of everybody did that no page is to do."""
        return [f"{role}: {fault}" for role, one in self._there.items() for fault in one.faults]

    def seen(self) -> int:
        """Count the pages that were opened."""
        return sum(len(one.seen) for one in self._there.values())


async def open_question(person: Watched, incident: str, title: str, seconds: float = 40.0) -> None:
    """Go from the incident's page to a question that waits for this person, once it does.

    The first page lists what runs out first, which may be questions of other incidents.
    """
    await person.come_to(f"/incidents/{incident}")
    place = f"main a[href^='/incidents/{incident}/decisions/']"
    waiting = person.page.locator(place, has_text=f"Answer: {title}")
    await person.press(await person.await_there(waiting, seconds))
    await expect(person.page.get_by_role("heading", level=1)).to_have_text(title, timeout=LONGEST_MS)


async def answer(
    person: Watched, option: str, reason: str, findings: Mapping[str, str] = NOTHING, *, signed: bool = False
) -> None:
    """Answer the question that is open, by what its page shows; `signed`, with the person's own passkey.

    Findings go by the id of their field.
    """
    page = person.page
    await page.get_by_role("radio", name=re.compile(rf"^{option}\b")).check()
    for name, value in findings.items():
        await fill_in(page, f"finding-{name}", value)
    await page.get_by_label("Why", exact=True).fill(reason)
    if signed:
        await person.press(page.get_by_role("button", name=re.compile("^Sign with my passkey")))
        await person.press(page.get_by_role("button", name="Sign with my passkey and send"))
    else:
        await person.press(page.get_by_role("button", name=re.compile("^Sign and send as")))
    await expect(page.get_by_text(f"Your answer “{option}” was recorded")).to_be_visible(timeout=LONGEST_MS)


async def fill_in(page: Page, name: str, value: str) -> None:
    """Fill in one field, by choosing or by typing."""
    field = page.locator(f"#{name}")
    await unfolded(field)
    if await field.evaluate("field => field.tagName") == "SELECT":
        await field.select_option(value)
    else:
        await field.fill(value)


async def close_tasks(person: Watched, incident: str, proof: str) -> int:
    """Close every task that is this person's to close, and return how many there were."""
    done = 0
    while True:
        await person.come_to(f"/incidents/{incident}")
        rows = person.page.locator("tr").filter(has_text="that is you").filter(has_not_text=ANSWERED)
        mine = rows.locator("a.title[href*='/tasks/']")
        if not await mine.count():
            return done
        await person.press(mine.first)
        await person.page.get_by_label("What was done", exact=False).fill(proof)
        await person.press(person.page.get_by_role("button", name=re.compile("^Done, as")))
        done += 1


def a_day_to_prove_it() -> str:
    """Return a day by which a change is to be proven, as a field for days takes it."""
    return f"{datetime.now(UTC) + timedelta(days=DAYS_TO_PROVE):%Y-%m-%d}"
