"""What each OpenFeature client does when a door fails: the table of docs/reference/clients.md, made anew."""

from __future__ import annotations

import asyncio
from contextlib import ExitStack
from pathlib import Path
from typing import Final

import pytest

from tests.client.clients import PATIENCE_SECONDS, POLL_MILLISECONDS, Asked, InNode, all_clients
from tests.client.doubles import Double, Way, door

PAGE: Final = Path(__file__).parents[2] / "docs" / "reference" / "clients.md"
BEGIN, END = "<!-- failures -->\n", "<!-- /failures -->"
FAILURES: Final = {
    "does not listen": None,
    "hangs": Way.HANGS,
    "breaks off": Way.BREAKS_OFF,
    "401": Way.UNAUTHORIZED,
    "429, `Retry-After: 1`": Way.BUSY,
    "500": Way.BROKEN,
    "no JSON": Way.NO_JSON,
    "no `value`": Way.NO_VALUE,
}
WORDS: Final = {
    (False, False): "denied",
    (False, True): "the default in code",
    (True, True): "the last answer, for ever",
}
SILENT: Final = f"no answer within {PATIENCE_SECONDS} s"
BACK_WITHIN: Final = 4.0
pytestmark = [pytest.mark.long, pytest.mark.timeout(400)]


async def cell(client: Asked) -> str:
    """Say what an application gets, whatever its default in code is, and when."""
    try:
        denied, allowed = await client.look(fallback=False), await client.look(fallback=True)
    except TimeoutError:
        return SILENT
    assert isinstance(denied.value, bool)
    assert isinstance(allowed.value, bool)
    slowest = max(denied.seconds, allowed.seconds)
    # 429 is met once and waited out after that: what matters is that the answer does not change.
    return WORDS[denied.value, allowed.value] + (f", after {slowest:.0f} s" if slowest > 1.5 else "")


async def back(client: Asked) -> bool:
    """Whether the client reads the door again within moments of its being well."""
    try:
        async with asyncio.timeout(BACK_WITHIN):
            while (await client.look(fallback=True)).value is not False:
                await asyncio.sleep(0.1)
    except TimeoutError:
        return False
    return True


async def row(way: Way | None, packages: Path) -> dict[str, str]:
    """Let one door fail in one way; each client read it before, and reads it afterwards."""
    double = Double()
    with ExitStack() as running:
        standing = running.enter_context(ExitStack())
        standing.enter_context(door(double))
        async with all_clients(double.url, "t", packages, POLL_MILLISECONDS) as clients:
            for client in clients.values():
                assert (await client.look(fallback=False)).value is True
            if way is None:
                standing.close()
            else:
                double.way = way
            await looked_again(double, clients, way)
            names = list(clients)
            cells = dict(
                zip(names, await asyncio.gather(*(cell(one) for one in clients.values())), strict=True)
            )
            double.way, double.value = Way.WELL, False
            if way is None:
                running.enter_context(door(double, int(double.url.rsplit(":", 1)[1])))
            # An answer that hangs is not let go: the clock of each client counts.
            asked = [name for name in names if cells[name] != SILENT]
            seen = await asyncio.gather(*(back(clients[name]) for name in asked))
            late = {name for name, again in zip(asked, seen, strict=True) if not again}
            return {
                name: f"{told}; not back within {BACK_WITHIN:.0f} s" if name in late else told
                for name, told in cells.items()
            }


async def looked_again(double: Double, clients: dict[str, Asked], way: Way | None) -> None:
    """Wait until the web client, which looks by the clock, has met the failure."""
    asked = double.asked
    async with asyncio.timeout(10):
        if way is None:
            web = clients["Web"]
            assert isinstance(web, InNode)
            await web.client.event("stale")
            return
        while double.asked < asked + 1:
            await asyncio.sleep(0.02)


def table(rows: dict[str, dict[str, str]]) -> str:
    names = list(next(iter(rows.values())))
    lines = [f"| the door | {' | '.join(names)} |", "|---|" + "---|" * len(names)]
    lines += [f"| {name} | {' | '.join(cells[one] for one in names)} |" for name, cells in rows.items()]
    return "\n".join(lines) + "\n"


async def test_the_page_says_what_each_client_does_when_its_door_fails(
    node_packages: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = {name: await row(way, node_packages) for name, way in FAILURES.items()}
    made = table(rows)
    with capsys.disabled():
        print(f"\n{made}")
    text = PAGE.read_text()
    assert made == text.partition(BEGIN)[2].partition(END)[0]
    assert all(cells["Andon's, Python"] == "denied" for cells in rows.values())
