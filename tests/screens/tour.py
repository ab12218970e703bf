"""Going through a console by its own links: each kind of page once, in each shape."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

from axe_playwright_python.base import AXE_SCRIPT
from playwright.async_api import Page


@dataclass(frozen=True, slots=True)
class Shape:
    """How wide a screen is, and whether it is light or dark."""

    name: str
    width: int
    height: int
    scheme: str


SHAPES: Final = tuple(
    Shape(f"{device}-{scheme}", width, height, scheme)
    for device, width, height in (("phone", 320, 640), ("desk", 1280, 900))
    for scheme in ("light", "dark")
)
NO_PAGE: Final = re.compile(r"^/(v1|static|sign-out)\b|\.(csv|pdf|json|txt|html|zip)$")
OF_ONE: Final = re.compile(
    r"(?<=/)(INC|QI|UPL|RPT)-[\w-]+|(?<=/)[0-9a-f]{12,64}(?=/|$)|(?<=/tasks/)[\w-]+|-\d+(?=/|$)"
)
AA: Final = {
    "resultTypes": ["violations"],
    "runOnly": {"type": "tag", "values": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]},
}


@dataclass(frozen=True, slots=True)
class Fault:
    """Something a page is not to have."""

    path: str
    shape: str
    what: str
    where: str


@dataclass
class Tour:
    """One visitor's way through the pages that they may see."""

    page: Page
    seen: set[str] = field(default_factory=set)

    async def pages(self, start: str = "/") -> AsyncIterator[str]:
        """Yield the path of each kind of page that can be reached by links, once it is open."""
        waiting = [start]
        while waiting:
            path = waiting.pop(0)
            if (kind := kind_of(path)) in self.seen:
                continue
            self.seen.add(kind)
            answer = await self.page.goto(path)
            if answer is None or "text/html" not in answer.headers.get("content-type", ""):
                continue
            yield path
            found: list[str] = await self.page.eval_on_selector_all(
                "a[href^='/']", "links => links.map(link => link.getAttribute('href'))"
            )
            waiting += [link for link in found if not NO_PAGE.search(urlsplit(link).path)]

    async def into(self, shape: Shape) -> None:
        """Look at the page as it is in a shape."""
        await self.page.set_viewport_size({"width": shape.width, "height": shape.height})
        scheme: Any = shape.scheme
        await self.page.emulate_media(color_scheme=scheme)

    async def picture(self, folder: Path, name: str) -> None:
        """Keep the whole page as a picture."""
        await self.page.screenshot(path=folder / f"{name}.png", full_page=True)

    async def faults(self, path: str, shape: Shape) -> list[Fault]:
        """Return what axe holds against the page at level AA, and whether it runs over the screen's edge."""
        await self.page.evaluate(AXE_SCRIPT)
        found = await self.page.evaluate("options => axe.run(options)", AA)
        faults = [
            Fault(path, shape.name, one["id"], ", ".join(map(str, node["target"])))
            for one in found["violations"]
            for node in one["nodes"]
        ]
        over: int = await self.page.evaluate("document.documentElement.scrollWidth - innerWidth")
        if over > 0:
            faults.append(Fault(path, shape.name, "runs over the edge", f"{over} px"))
        return faults


def kind_of(path: str) -> str:
    """Return what all pages of one kind have in common."""
    return OF_ONE.sub("*", urlsplit(path).path)
