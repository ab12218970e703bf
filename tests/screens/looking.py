"""What a page is held against in every shape: by axe, by measuring words, by stretching the text."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from axe_playwright_python.base import AXE_SCRIPT
from playwright.async_api import Page

AA: Final = {
    "resultTypes": ["violations"],
    "runOnly": {"type": "tag", "values": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]},
}
WIDTHS: Final = (320, 640, 768, 1280, 3840)
"""A phone; a desk zoomed to 200 %; a tablet; a desk; a wall."""
BROKEN: Final = """() => {
  const broken = [];
  const walker = document.createTreeWalker(document.querySelector("main"), NodeFilter.SHOW_TEXT);
  for (let node = walker.nextNode(); node; node = walker.nextNode()) {
    const of = node.parentElement;
    if (of.closest("code, pre, textarea, option, .digest") || !of.checkVisibility()) continue;
    for (const found of node.data.matchAll(/[\\p{L}\\p{N}]{2,22}/gu)) {
      const range = document.createRange();
      range.setStart(node, found.index);
      range.setEnd(node, found.index + found[0].length);
      const seen = [...range.getClientRects()].filter((one) => one.width);
      const lines = new Set(seen.map((one) => Math.round(one.top)));
      const before = node.data.slice(0, found.index).match(/\\S*$/)[0];
      const whole = before + node.data.slice(found.index).match(/^\\S*/)[0];
      const plain = /^[("]?[\\p{L}\\p{N}]{2,19}[,.;:!?)"]*$/u.test(whole);
      if (lines.size > 1 && plain) broken.push(found[0]);
    }
  }
  return [...new Set(broken)];
}"""
"""Words that are on two lines, but for long ones and what has signs in it, such as an identifier."""
CLIPPED: Final = """() => [...document.querySelectorAll("main *, header *")].filter((one) => {
  const style = getComputedStyle(one);
  const hides = [style.overflowX, style.overflowY].some((way) => way === "hidden" || way === "clip");
  return hides && style.clipPath === "none" && one.checkVisibility() && one.textContent.trim()
    && (one.scrollWidth > one.clientWidth + 1 || one.scrollHeight > one.clientHeight + 1);
}).map((one) => `${one.tagName.toLowerCase()}.${one.className}`)"""
ELSEWHERE: Final = """() => {
  const zone = document.querySelector("footer").textContent.match(/Times are in ([\\w/+-]+)/);
  if (!zone || zone[1] === "UTC") return [];
  return [...document.querySelectorAll("main time")].map((one) => one.textContent.trim())
    .filter((text) => / UTC$/.test(text));
}"""
STRETCH: Final = """(rules) => {
  const sheet = new CSSStyleSheet();
  sheet.replaceSync(rules);
  document.adoptedStyleSheets = rules ? [sheet] : [];
}"""
SPACED: Final = (
    "* { line-height: 1.5 !important; letter-spacing: 0.12em !important; word-spacing: 0.16em !important }"
    " p { margin-block-end: 2em !important }"
)
"""WCAG 1.4.12."""
TWICE: Final = "html { font-size: 32px !important }"
"""WCAG 1.4.4, where only the text is made larger."""


@dataclass(frozen=True, slots=True)
class Fault:
    """Something a page is not to have."""

    path: str
    shape: str
    what: str
    where: str


async def axe_faults(page: Page, path: str, shape: str) -> list[Fault]:
    """Return what axe holds against a page at level AA."""
    await page.evaluate(AXE_SCRIPT)
    found = await page.evaluate("options => axe.run(options)", AA)
    return [
        Fault(path, shape, one["id"], ", ".join(map(str, node["target"])))
        for one in found["violations"]
        for node in one["nodes"]
    ]


async def width_faults(page: Page, path: str) -> list[Fault]:
    """Return what runs over the edge, words that are broken, and times in another zone than the reader's."""
    faults = [Fault(path, "any", "a time in another zone", text) for text in await page.evaluate(ELSEWHERE)]
    for width in WIDTHS:
        await page.set_viewport_size({"width": width, "height": 900})
        faults += await _over(page, path, str(width))
        faults += [Fault(path, str(width), "a word is broken", word) for word in await page.evaluate(BROKEN)]
    return faults


async def stretched_faults(page: Page, path: str) -> list[Fault]:
    """Return what is lost when a reader spaces the text out, or has only the text twice as large."""
    faults = []
    for name, width, rules in (("spaced", 320, SPACED), ("spaced", 1280, SPACED), ("twice", 1280, TWICE)):
        await page.set_viewport_size({"width": width, "height": 900})
        await page.evaluate(STRETCH, rules)
        shape = f"{name}-{width}"
        faults += await _over(page, path, shape)
        faults += [Fault(path, shape, "text is cut off", one) for one in await page.evaluate(CLIPPED)]
    await page.evaluate(STRETCH, "")
    return faults


async def _over(page: Page, path: str, shape: str) -> list[Fault]:
    over: int = await page.evaluate("document.documentElement.scrollWidth - innerWidth")
    return [Fault(path, shape, "runs over the edge", f"{over} px")] if over > 0 else []
