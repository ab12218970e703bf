"""Walking every page that a role is shown, filling every form, and keeping what files are offered."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import urlsplit

from playwright.async_api import Page

from tests.hostile.canary import GROWN_HERE, PARSED, Canary
from tests.screens.tour import NO_PAGE, OF_ONE, kind_of

FORMS: Final = """() => [...document.forms].filter((form) => form.method === "post").map((form) => ({
  action: new URL(form.getAttribute("action") || location.pathname, location.href).pathname,
  sent: Object.fromEntries([...new FormData(form)].filter(([, value]) => typeof value === "string")),
  button: [...form.elements].filter((one) => one.type === "submit" && one.name)
    .map((one) => [one.name, one.value])[0] || null,
  fields: [...form.elements].filter((one) => one.name && one.type !== "hidden").map((one) => ({
    name: one.name, kind: one.type, limit: one.maxLength, numeric: one.inputMode === "numeric",
    choices: one.tagName === "SELECT" ? [...one.options].map((o) => o.value).filter(Boolean) : [one.value],
  })),
}))"""
LEFT_ALONE: Final = frozenset(
    {"/sign-out", "/sign-in", "/tokens/revoke", "/me/keys/revoke", "/me/keys/passkey"}
)
"""What would end the visit, or takes no words."""
WRITTEN: Final = frozenset({"text", "textarea"})
TAKEN, REFUSED, BROKEN = "taken", "refused", "broken"
SERVER_FAILED: Final = 500
NO_LIMIT: Final = 4000
"""How much is put into a field that states no limit."""


@dataclass
class Walk:
    """One visitor's way through everything they may see; faults and figures add up over it."""

    page: Page
    canary: Canary
    text: Callable[[int], str]
    """Returns the next text for a field of so many characters."""
    views: set[str] = field(default_factory=set)
    files: dict[str, str] = field(default_factory=dict)
    fields: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    faults: list[str] = field(default_factory=list)

    async def look(self, start: str, *, fill: bool) -> None:
        """Open each kind of page that can be reached from `start`, and fill in its forms if wanted."""
        waiting = [start]
        while waiting:
            path = waiting.pop(0)
            if kind_of(path) in self.views or not await self._opened(path):
                continue
            self.views.add(kind_of(path))
            links: list[str] = await self.page.eval_on_selector_all(
                "a[href^='/']", "links => links.map(link => link.getAttribute('href'))"
            )
            self._keep_files(links)
            waiting += [link for link in links if not NO_PAGE.search(urlsplit(link).path)]
            if fill:
                await self._fill_forms(path)

    async def _opened(self, path: str) -> bool:
        answer = await self.page.goto(path)
        if answer is None or "text/html" not in answer.headers.get("content-type", ""):
            return False
        if answer.status >= SERVER_FAILED:
            self.faults.append(f"{answer.status} for {path}")
        grown = await self.page.evaluate(GROWN_HERE)
        self.faults += [f"{one} grew on {path}" for one in grown]
        return True

    def _keep_files(self, links: list[str]) -> None:
        for link in links:
            path = urlsplit(link).path
            if NO_PAGE.search(path) and not path.startswith(("/v1", "/static", "/sign-out")):
                self.files.setdefault(OF_ONE.sub("*", path), link)

    async def _fill_forms(self, path: str) -> None:
        for form in await self.page.evaluate(FORMS):
            if form["action"] in LEFT_ALONE:
                continue
            written = dict(self._written(form))
            if written:
                await self._send(path, form["action"], {**_chosen(form), **written}, list(written))

    def _written(self, form: dict[str, Any]) -> Iterator[tuple[str, str]]:
        for one in form["fields"]:
            if one["kind"] in WRITTEN and not one["numeric"]:
                yield one["name"], self.text(one["limit"] if one["limit"] > 0 else NO_LIMIT)

    async def _send(self, path: str, action: str, sent: dict[str, str], written: list[str]) -> None:
        answer = await self.page.request.post(action, form={**sent}, fail_on_status_code=False)
        content = await answer.text()
        outcome = BROKEN if answer.status >= SERVER_FAILED else REFUSED if answer.status >= 400 else TAKEN
        for name in written:
            self.fields[f"{OF_ONE.sub('*', action)} {name}"].add(outcome)
        if outcome is BROKEN:
            self.faults.append(f"{answer.status} for {action}, sent from {path}: {content[:200]}")
        grown = await self.page.evaluate(PARSED, content)
        self.faults += [f"{one} grew in the answer of {action}" for one in grown]


def _chosen(form: dict[str, Any]) -> dict[str, str]:
    """Return what a form sends besides text: the first of whatever is to be chosen and was not."""
    sent: dict[str, str] = dict(form["sent"])
    for one in form["fields"]:
        if one["kind"] in ("radio", "select-one") and not sent.get(one["name"]) and one["choices"]:
            sent[one["name"]] = one["choices"][0]
    if form["button"]:
        sent[form["button"][0]] = form["button"][1]
    return sent
