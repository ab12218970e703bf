"""A stack whose AI system and playbook are written by somebody hostile, and a browser that is watched."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from contextlib import ExitStack, asynccontextmanager

import pytest
from playwright.async_api import Browser

from tests.browser.conftest import browser
from tests.browser.watched import LONGEST_MS, OPENED_MS, host_of
from tests.e2e.conftest import people
from tests.e2e.people import People
from tests.e2e.scene import Scene
from tests.hostile.canary import Canary, Listener, listening
from tests.hostile.payloads import everything
from tests.hostile.pour import filling, hostile_playbook, hostile_system
from tests.hostile.walk import Walk

__all__ = ["browser", "people"]


class HostileScene(Scene):
    """A scene whose own files are hostile too."""

    out = ""

    def _set_playbook(self) -> None:
        super()._set_playbook()
        strings = everything(self.out)
        general = self.root / "playbooks" / "general.yaml"
        hostile_playbook(general, general.parent, strings)
        hostile_system(self.root / "systems", strings)


@pytest.fixture(scope="session")
def listener() -> Iterator[Listener]:
    with listening() as listener:
        yield listener


@pytest.fixture(scope="module")
def hostile_people(listener: Listener, tmp_path_factory: pytest.TempPathFactory) -> Iterator[People]:
    """Everybody, in front of a stack that was started on hostile files."""
    with ExitStack() as stack:
        scene = HostileScene(tmp_path_factory.mktemp("hostile") / "root", stack, watch_seconds=4)
        scene.out = listener.address
        scene.start()
        yield People(scene)


@asynccontextmanager
async def walking(
    browser: Browser, people: People, role: str, strings: tuple[str, ...]
) -> AsyncIterator[Walk]:
    """Sign somebody in whose browser runs whatever a page lets it: the content policy is switched off."""
    ready = people.scene.ready
    canary = Canary(frozenset({host_of(ready["console"])}))
    context = await browser.new_context(base_url=ready["console"], bypass_csp=True)
    await canary.watch(context)
    page = await context.new_page()
    page.set_default_timeout(LONGEST_MS)
    page.set_default_navigation_timeout(OPENED_MS)
    await page.goto("/sign-in")
    await page.get_by_label("Your token").fill(ready["tokens"][role])
    await page.get_by_role("button", name="Sign in").click()
    await page.get_by_role("button", name="Sign out").first.wait_for(state="attached")
    yield Walk(page, canary, filling(strings))
    await context.close()
