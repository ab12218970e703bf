"""Many open pages in one process: each does what `static/live.js` does, as far as the console can tell.

`python -m tests.bench.readers CONSOLE` reads tokens, one a line, from its input, says `live` once every page
is, and what the pages did when it is told to end.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import random
import re
import resource
import signal
import sys
import time
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Final

import httpx

PLACES: Final = ("/", "/", "/incidents", "/systems")
"""What the pages show, in turn: all of them change with every incident, which is the worst case."""
A_BROWSER: Final = 4
"""Pages of one browser, and so of one session."""
LEAST_SECONDS: Final = 0.25
PATIENCE: Final = 60.0
SHOWN: Final = re.compile(r'data-live="([^"]*)"')


@dataclass
class Tally:
    """What all pages did."""

    told: int = 0
    fetched: int = 0
    bytes: int = 0
    late: list[float] = field(default_factory=list)
    """Seconds from hearing of a change to showing it."""


@dataclass
class OpenPage:
    """One open page."""

    http: httpx.AsyncClient
    path: str
    tally: Tally
    live: asyncio.Event = field(default_factory=asyncio.Event)
    shown: str = ""
    wanted: str = ""
    spread: float = 0.0
    fetched_at: float = -1e9
    heard: asyncio.Event = field(default_factory=asyncio.Event)

    async def stay(self) -> None:
        """Open the page, and keep it right for ever."""
        self.shown = self.wanted = await self._fetch({})
        async with asyncio.TaskGroup() as work:
            work.create_task(self._listen())
            work.create_task(self._keep_right())

    async def _listen(self) -> None:
        while True:
            asked = {"of": self.path, "since": self.shown}
            with suppress(httpx.TransportError):
                async with self.http.stream("GET", "/live", params=asked, timeout=PATIENCE) as answer:
                    answer.raise_for_status()
                    await self._hear(answer)
            await asyncio.sleep(random.uniform(1, 3))  # noqa: S311 - spreads

    async def _hear(self, answer: httpx.Response) -> None:
        identity = name = ""
        async for line in answer.aiter_lines():
            key, _, value = line.partition(": ")
            if key == "id":
                identity = value
            elif key == "event":
                name = value
            elif key == "data":
                self._take(name, identity, json.loads(value))
                identity = name = ""

    def _take(self, name: str, identity: str, said: dict[str, float]) -> None:
        self.live.set()
        self.spread = said.get("spread", 0) / 1000
        if name == "changed":
            self.tally.told += 1
            self.wanted = identity
            self.heard.set()

    async def _keep_right(self) -> None:
        while True:
            await self.heard.wait()
            self.heard.clear()
            if self.wanted == self.shown:
                continue
            began = time.monotonic()
            rest = self.fetched_at + max(LEAST_SECONDS, self.spread) - began
            await asyncio.sleep(max(random.random() * self.spread, rest, 0))  # noqa: S311 - spreads
            told = self.wanted
            self.shown = await self._fetch({"Andon-Live": "1"})
            self.fetched_at = time.monotonic()
            self.tally.late.append(self.fetched_at - began)
            if self.wanted == told:
                self.wanted = self.shown
            else:
                self.heard.set()

    async def _fetch(self, headers: dict[str, str]) -> str:
        answer = await self.http.get(self.path, headers=headers)
        answer.raise_for_status()
        self.tally.fetched += 1
        self.tally.bytes += len(answer.content)
        found = SHOWN.search(answer.text)
        assert found, f"{self.path} does not live"
        return found[1]


async def opened(console: str, tokens: list[str], count: int, tally: Tally) -> list[OpenPage]:
    """Sign in as often as it takes browsers, and return their pages."""
    pages: list[OpenPage] = []
    for number in range(-(-count // A_BROWSER)):
        limits = httpx.Limits(max_connections=2 * A_BROWSER)
        http = httpx.AsyncClient(base_url=console, timeout=PATIENCE, limits=limits, trust_env=False)
        answer = await http.post("/sign-in", data={"token": tokens[number % len(tokens)]})
        if answer.status_code != httpx.codes.SEE_OTHER:
            raise RuntimeError(f"nobody could sign in: {answer.status_code}")
        pages += [OpenPage(http, path, tally) for path in PLACES]
    return pages[:count]


async def stay(console: str, tokens: list[str], count: int) -> Tally:
    """Keep so many pages open until the process is told to end."""
    tally, end = Tally(), asyncio.Event()
    for one in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(one, end.set)
    pages = await opened(console, tokens, count, tally)
    staying = [asyncio.create_task(page.stay()) for page in pages]
    try:
        for page in pages:
            await asyncio.wait_for(page.live.wait(), PATIENCE)
        tally.told = tally.fetched = tally.bytes = 0
        print("live", flush=True)
        await end.wait()
        failed = [task for task in staying if task.done()]
        for task in failed:
            task.result()
    finally:
        for task in staying:
            task.cancel()
        await asyncio.gather(*staying, return_exceptions=True)
        for page in pages:
            await page.http.aclose()
    return tally


def main() -> int:
    """Open pages, and say in the end what they did."""
    parser = argparse.ArgumentParser(prog="tests.bench.readers", description=__doc__)
    parser.add_argument("console", help="URL of the console")
    parser.add_argument("--pages", type=int, default=200)
    chosen = parser.parse_args()
    tokens = sys.stdin.read().split()
    tally = asyncio.run(stay(chosen.console, tokens, chosen.pages))
    used = resource.getrusage(resource.RUSAGE_SELF)
    late = sorted(tally.late)
    said = {
        "told": tally.told,
        "fetched": tally.fetched,
        "bytes": tally.bytes,
        "late_p50": late[len(late) // 2] if late else 0.0,
        "late_most": late[-1] if late else 0.0,
        "cpu_seconds": used.ru_utime + used.ru_stime,
    }
    print(json.dumps(said), flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
