"""Going through a console by its own links: each kind of page once, in each shape."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

from playwright.async_api import ConsoleMessage, Page, Request

from tests.screens.looking import Fault, axe_faults, stretched_faults, width_faults


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
WALL: Final = Shape("wall-dark", 3840, 2160, "dark")
BY_AXE: Final = frozenset({"phone-light", "desk-dark"})
"""Both widths and both grounds; axe finds the same in the other two."""
NO_PAGE: Final = re.compile(r"^/(v1|static|sign-out)\b|\.(csv|pdf|json|txt|html|zip)$")
OF_ONE: Final = re.compile(
    r"(?<=/)(INC|QI|UPL|RPT)-[\w-]+|(?<=/)[0-9a-f]{12,64}(?=/|$)|(?<=/tasks/)[\w-]+|-\d+(?=/|$)"
)


@dataclass
class Tour:
    """One visitor's way through the pages that they may see."""

    page: Page
    console: str
    seen: set[str] = field(default_factory=set)
    said: list[str] = field(default_factory=list)
    """What the browser complained of on the page that is open."""

    def __post_init__(self) -> None:
        self.page.on("console", self._hear)
        self.page.on("pageerror", lambda error: self.said.append(f"script failed: {error}"))
        self.page.on("request", self._follow)

    async def pages(self, start: str = "/") -> AsyncIterator[str]:
        """Yield the path of each kind of page that can be reached by links, once it is open."""
        waiting = [start]
        while waiting:
            path = waiting.pop(0)
            if (kind := kind_of(path)) in self.seen:
                continue
            self.seen.add(kind)
            self.said.clear()
            answer = await self.page.goto(path)
            if answer is None or "text/html" not in answer.headers.get("content-type", ""):
                continue
            if not answer.ok:
                self.said.append(f"a link leads to {answer.status}")
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
        """Return what axe holds against the page in a shape."""
        return await axe_faults(self.page, path, shape.name) if shape.name in BY_AXE else []

    async def faults_of_all(self, path: str) -> list[Fault]:
        """Return what is wrong with the page in any width or with other text, and what the browser said."""
        said = [Fault(path, "any", "the browser complains", text) for text in self.said]
        return said + await width_faults(self.page, path) + await stretched_faults(self.page, path)

    def _hear(self, message: ConsoleMessage) -> None:
        if message.type in ("error", "warning"):
            self.said.append(message.text)

    def _follow(self, request: Request) -> None:
        if not request.url.startswith(self.console):
            self.said.append(f"asked {request.url}")


def kind_of(path: str) -> str:
    """Return what all pages of one kind have in common."""
    return OF_ONE.sub("*", urlsplit(path).path)
