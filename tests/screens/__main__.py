"""Play the demo, and look at every page on the way: contained, before the restart, closed."""

from __future__ import annotations

import argparse
import asyncio
import sys
from collections.abc import Iterable
from contextlib import ExitStack
from pathlib import Path
from typing import Final

from playwright.async_api import Browser, async_playwright

from examples.demo.__main__ import Demo
from examples.demo.scenario import SCENARIOS
from examples.demo.setting import Setting
from tests.browser.conftest import FLAGS
from tests.conftest import CHROMIUM
from tests.screens.looking import Fault
from tests.screens.published import PICTURES, publish, set_on_fire
from tests.screens.tour import SHAPES, WALL, Tour, kind_of

LONGEST: Final = 20_000
FIRST: Final = ("auditor", "responder", "incident_lead")
"""Who looks first; the others add what only they are shown."""
LIVING: Final = frozenset({"/", "/incidents/*"})
"""What is another page at each moment of an incident."""


class Gallery:
    """All pictures of one run."""

    def __init__(self, folder: Path, setting: Setting, console: str) -> None:
        self._folder = folder
        self._setting = setting
        self._console = console
        self._seen: set[str] = set()
        self.taken = 0
        self.faults: list[Fault] = []

    async def look(self, browser: Browser, moment: str, roles: Iterable[str]) -> None:
        """Take every kind of page that these roles are shown, once; what lives is taken at each moment."""
        self._seen -= LIVING
        for role in roles:
            context = await browser.new_context(base_url=self._console)
            page = await context.new_page()
            page.set_default_timeout(LONGEST)
            await page.goto("/sign-in")
            await page.get_by_label("Your token").fill(self._setting.token(role).read_text())
            await page.get_by_role("button", name="Sign in").click()
            await page.get_by_role("button", name="Sign out").wait_for()
            tour = Tour(page, self._console, self._seen)
            async for path in tour.pages():
                await self._take(tour, moment, path)
            await context.close()

    async def _take(self, tour: Tour, moment: str, path: str) -> None:
        name = kind_of(path).strip("/").replace("/", "-").replace("*", "one") or "now"
        for shape in SHAPES:
            await tour.into(shape)
            await tour.picture(self._folder, f"{moment}-{name}-{shape.name}")
            self.taken += 1
            self._note(await tour.faults(path, shape))
        if path == "/":
            await tour.into(WALL)
            await tour.picture(self._folder, f"{moment}-{name}-{WALL.name}")
        self._note(await tour.faults_of_all(path))

    def _note(self, faults: list[Fault]) -> None:
        for fault in faults:
            print(f"{fault.what:28} {fault.path:60} {fault.shape:12} {fault.where}", flush=True)
        self.faults += faults


async def shown(gallery: Gallery, moment: str, roles: Iterable[str]) -> None:
    """Take the pages of one moment in a fresh browser."""
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=str(CHROMIUM), args=list(FLAGS))
        await gallery.look(browser, moment, roles)
        await browser.close()


def play(folder: Path, pictures: Path) -> list[Fault]:
    """Run the story, and look at the pages at three moments of it."""
    setting = Setting(folder.resolve())
    with ExitStack() as stack:
        demo = Demo(folder, SCENARIOS["prompt"], stack)
        demo.start()
        incident = demo.misbehave()
        gallery = Gallery(pictures, setting, demo.console)
        demo.contained(incident)
        asyncio.run(shown(gallery, "contained", (*FIRST, "legal", "reporter")))
        demo.breach(incident)
        demo.examine(incident)
        demo.fix(incident)
        asyncio.run(shown(gallery, "restart", ("business_owner",)))
        demo.restart(incident)
        demo.close(incident)
        asyncio.run(shown(gallery, "closed", ("auditor", "admin", "privacy")))
    print(f"\n{gallery.taken} pictures in {pictures}")
    return gallery.faults


def renew(folder: Path) -> None:
    """Run the story, and take the pictures that the documents show."""
    setting = Setting(folder.resolve())
    PICTURES.mkdir(parents=True, exist_ok=True)
    with ExitStack() as stack:
        demo = Demo(folder, SCENARIOS["prompt"], stack)
        demo.start()
        incident = demo.misbehave()
        demo.contained(incident)
        set_on_fire(demo.door, setting)
        asyncio.run(publish(demo.console, setting, "contained", incident))
        demo.breach(incident)
        demo.examine(incident)
        demo.fix(incident)
        demo.restart(incident)
        demo.close(incident)
        asyncio.run(publish(demo.console, setting, "closed", incident))


def main() -> int:
    """Take the pictures; 0 when nothing is held against any page."""
    parser = argparse.ArgumentParser(prog="tests.screens", description=__doc__)
    parser.add_argument("--folder", type=Path, default=Path(".andon/screens-demo"))
    parser.add_argument("--pictures", type=Path, default=Path(".andon/screens"))
    parser.add_argument("--publish", action="store_true", help="renew the pictures in docs/pictures instead")
    chosen = parser.parse_args()
    if not CHROMIUM.exists():
        print("no Chromium: install it (apt-get install chromium) to take pictures", file=sys.stderr)
        return 1
    if chosen.publish:
        renew(chosen.folder)
        return 0
    chosen.pictures.mkdir(parents=True, exist_ok=True)
    faults = play(chosen.folder, chosen.pictures)
    print(f"{len(faults)} faults: level AA of WCAG 2.2, words, edges, zones, what the browser says")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
