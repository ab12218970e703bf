"""The canary itself: it sings on pages that escape nothing, or its silence would say nothing."""

from __future__ import annotations

from collections.abc import AsyncIterator

import jinja2
import pytest
from playwright.async_api import Browser, Page, Route

from tests.hostile.canary import GROWN_HERE, PARSED, Canary, Listener
from tests.hostile.payloads import own, public

pytestmark = pytest.mark.browser
LEAVES = "http-equiv=refresh"
"""With this a page is left before anybody can look at it."""
OURS = "http://console.example"
EACH = f"pages => pages.filter((page) => ({PARSED})(page).length).length"
TEMPLATE = """<!doctype html><title>{{ text }}</title><main><h1>{{ text }}</h1>
<input value="{{ text }}"><textarea>{{ text }}</textarea><a title="{{ text }}" href="/">x</a></main>"""


@pytest.fixture
async def watched_page(browser: Browser) -> AsyncIterator[tuple[Page, Canary]]:
    canary = Canary(frozenset({OURS}))
    context = await browser.new_context(bypass_csp=True)
    await canary.watch(context)
    yield await context.new_page(), canary
    await context.close()


def page_of(text: str, *, escaped: bool) -> str:
    """Return a page with the text in every place that templates have for it."""
    return jinja2.Environment(autoescape=escaped).from_string(TEMPLATE).render(text=text)  # noqa: S701 - the control


async def shown(page: Page, text: str, *, escaped: bool) -> list[str]:
    """Show such a page, and return what grew on it."""
    written = page_of(text, escaped=escaped)

    async def answer(route: Route) -> None:
        await route.fulfill(body=written, content_type="text/html; charset=utf-8")

    await page.route(f"{OURS}/**", answer)
    await page.goto(f"{OURS}/", wait_until="load")
    grown: list[str] = await page.evaluate(GROWN_HERE)
    await page.unroute(f"{OURS}/**")
    return grown


async def test_the_canary_sings_where_nothing_is_escaped(
    watched_page: tuple[Page, Canary], listener: Listener
) -> None:
    page, canary = watched_page
    silent = []
    for text in own(listener.address)["script"]:
        if LEAVES in text:
            continue
        before = len(canary.sang)
        grown = await shown(page, text, escaped=False)
        if not grown and len(canary.sang) == before:
            silent.append(text)
    assert any(one.startswith("script ran") for one in canary.sang)
    assert any(one.startswith(f"asked {listener.address}") for one in canary.sang)
    # What is escaped twice, or is an address that nobody follows, is text in this place.
    assert len(silent) <= 2, silent


async def test_the_canary_is_silent_where_all_is_escaped(
    watched_page: tuple[Page, Canary], listener: Listener
) -> None:
    page, canary = watched_page
    for text in own(listener.address)["script"]:
        assert await shown(page, text, escaped=True) == []
    assert canary.sang == []
    assert listener.asked == []


async def test_the_public_list_grows_into_pages_that_escape_nothing(
    watched_page: tuple[Page, Canary],
) -> None:
    page, _ = watched_page
    await page.goto("about:blank")
    grown = {
        escaped: await page.evaluate(EACH, [page_of(text, escaped=escaped) for text in public()])
        for escaped in (False, True)
    }
    assert grown[False] > 100
    assert grown[True] == 0
