"""The few pictures that the documents show: one screen each, small."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import httpx
from playwright.async_api import Browser, async_playwright

from examples.demo.setting import Setting
from tests.browser.conftest import FLAGS
from tests.conftest import CHROMIUM
from tests.screens.tour import SHAPES, Shape

PICTURES: Final = Path(__file__).resolve().parents[2] / "docs" / "pictures"
LARGEST: Final = 150_000
"""Bytes of one picture."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """One picture: at which moment of the demo, who looks, at what, in which shape."""

    moment: str
    role: str
    path: str
    shape: str
    name: str

    def of(self) -> Shape:
        """Return its shape; a phone of today is a little wider than the narrowest."""
        shape = next(one for one in SHAPES if one.name == self.shape)
        return Shape(shape.name, 390, 844, shape.scheme) if shape.width < 600 else shape


WANTED: Final = (
    Wanted("contained", "responder", "/", "desk-light", "now-desk-light"),
    Wanted("contained", "responder", "/", "phone-dark", "now-phone-dark"),
    Wanted("contained", "responder", "/incidents/{incident}", "desk-dark", "incident-desk-dark"),
    Wanted(
        "contained",
        "responder",
        "/incidents/{incident}/decisions/triage-1",
        "phone-light",
        "decision-phone-light",
    ),
    Wanted("closed", "auditor", "/incidents/{incident}/replay", "desk-light", "slider-desk-light"),
    Wanted("closed", "auditor", "/figures", "desk-light", "figures-desk-light"),
)


def set_on_fire(door: str, setting: Setting) -> None:
    """Report something about an AI system that nobody has registered: nothing can be held, and it burns."""
    token = setting.token("detector").read_text().strip()
    body = {
        "system": "claims_triage",
        "channel": "monitoring",
        "type": "unauthorised_tool_action",
        "title": "Claims are closed without anybody having looked at them",
        "dedupe_key": "claims-closed",
        "severity": "critical",
    }
    with httpx.Client(headers={"Authorization": f"Bearer {token}"}, timeout=30, trust_env=False) as client:
        client.post(f"{door.rstrip('/')}/v1/detections", json=body).raise_for_status()


async def publish(console: str, setting: Setting, moment: str, incident: str) -> None:
    """Take the pictures of one moment."""
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=str(CHROMIUM), args=list(FLAGS))
        for one in _at(moment):
            await _take(browser, console, setting, one, incident)
        await browser.close()


def _at(moment: str) -> Iterable[Wanted]:
    return (one for one in WANTED if one.moment == moment)


async def _take(browser: Browser, console: str, setting: Setting, wanted: Wanted, incident: str) -> None:
    shape = wanted.of()
    context = await browser.new_context(
        base_url=console,
        viewport={"width": shape.width, "height": shape.height},
        color_scheme="dark" if shape.scheme == "dark" else "light",
    )
    page = await context.new_page()
    await page.goto("/sign-in")
    await page.get_by_label("Your token").fill(setting.token(wanted.role).read_text())
    await page.get_by_role("button", name="Sign in").click()
    await page.get_by_role("button", name="Sign out").wait_for()
    await page.goto(wanted.path.format(incident=incident))
    where = PICTURES / f"{wanted.name}.png"
    await page.screenshot(path=where)
    await context.close()
    size = where.stat().st_size
    print(f"{size:8,} bytes  {where.name}", flush=True)
    if size > LARGEST:
        raise RuntimeError(f"{where.name} is larger than {LARGEST:,} bytes")
