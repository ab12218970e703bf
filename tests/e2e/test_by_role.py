"""Each role at its own browser: the pages it may open and the forms it is shown, none with a fault."""

from __future__ import annotations

import re
from typing import Any

import pytest
from playwright.async_api import Browser

from andon.domain.directory import Role
from tests.access.table import OPEN, PAGES
from tests.browser.conftest import browser
from tests.browser.watched import Watched, watched
from tests.e2e.people import People
from tests.screens.tour import kind_of

__all__ = ["browser"]
pytestmark = [pytest.mark.stack, pytest.mark.browser, pytest.mark.timeout(300)]
IN_CI = (Role.REPORTER,)
LATER = tuple(one for one in Role if one not in (*IN_CI, Role.DETECTOR))
FORMS = "() => [...document.forms].map((form) => [form.method.toUpperCase(), new URL(form.action).pathname])"


@pytest.mark.parametrize(
    "role", [*IN_CI, *(pytest.param(one, marks=pytest.mark.long) for one in LATER)], ids=str
)
async def test_a_role_walks_its_pages_and_is_shown_only_what_it_may_do(
    people: People, browser: Browser, report: dict[str, Any], role: Role
) -> None:
    incident = people.contained(report)["incident"]
    ready = people.scene.ready
    async with watched(browser, ready["console"], ready["tokens"][role.value]) as person:
        start = "/" if role is Role.REPORTER else f"/incidents/{incident}"
        seen = {kind_of(path): await looked_at(person, path, role) async for path in person.pages(start)}
        assert person.faults == []
    assert len(seen) >= (3 if role is Role.REPORTER else 15)
    print(f"{role}: {len(seen)} pages, {sum(seen.values())} forms")


async def looked_at(person: Watched, path: str, role: Role) -> int:
    """Hold an open page against axe, and its forms against what the role may send; count the forms."""
    await person.axe()
    forms: list[list[str]] = await person.page.evaluate(FORMS)
    person.faults += [
        f"{role} is shown a form for {method} {action} on {path}"
        for method, action in forms
        if not may(role, method, action)
    ]
    return len(forms)


def may(role: Role, method: str, path: str) -> bool:
    """Whether the one table of who may send what lets a role send this."""
    rows = [row for line, row in PAGES.items() if _matches(line, method, path)]
    return any(role in row.roles for row in rows) or any(_matches(line, method, path) for line in OPEN)


def _matches(line: str, method: str, path: str) -> bool:
    verb, _, route = line.partition(" ")
    return verb == method and re.fullmatch(re.sub(r"\{[^}]+\}", "[^/]+", route), path) is not None
