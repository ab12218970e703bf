"""Pages over a register with 10,000 incidents: `python -m tests.bench.pages`.

500 of them are open, and one has a ledger of 1,000 entries. A console of its own, started as
`andon console` starts it, answers one signed-in lead over a connection that stays open; each page is
taken in turn with the stylesheet, which is the floor. What counts is the time from asking to the last byte.
Nothing is compressed by the console: the weight with gzip is what a proxy before it could send.
"""

from __future__ import annotations

import argparse
import gzip
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import httpx

from andon.domain.directory import Role
from tests import postgres
from tests.api.server import free_socket, token
from tests.bench.filled import Filled, open_filled
from tests.bench.tally import at

INCIDENTS: Final = 10_000
OPEN: Final = 500
ENTRIES: Final = 1_000
TURNS: Final = 60
REPORTS: Final = ("/figures", "/quarterly")
"""Pages that count every incident of a period: they are taken a few times, after the others."""
REPORT_TURNS: Final = 5
WARM_UP: Final = 3
FLOOR: Final = "/static/andon.css"
MOST_P95: Final = 200.0
MOST_BYTES: Final = 150_000
HELD_TO: Final = ("/", "/incidents/INC")
READY_WITHIN: Final = 60.0
LONGEST_TAKE: Final = 120.0


@dataclass
class Taken:
    """One page: seconds, and what came."""

    name: str
    path: str
    seconds: list[float] = field(default_factory=list)
    first: float | None = None
    content: bytes = b""

    @property
    def p95(self) -> float:
        """Milliseconds that 95 of 100 stay under."""
        return at(self.seconds, 0.95)

    @property
    def met(self) -> bool:
        """Whether it is as fast and as light as it has to be."""
        return self.name not in HELD_TO or (self.p95 < MOST_P95 and len(self.content) < MOST_BYTES)


def pages_of(filled: Filled) -> list[Taken]:
    """Return the pages that are measured, the floor first."""
    whole = f"/incidents/{filled.long}"
    return [
        Taken(name, path)
        for name, path in (
            ("the stylesheet", FLOOR),
            ("/", "/"),
            ("/incidents", "/incidents"),
            ("/incidents, what runs out first", "/incidents?first=due"),
            ("/incidents/INC", whole),
            ("its timeline", f"{whole}/timeline"),
            ("a decision", f"{whole}/decisions/{filled.question}"),
            ("/systems", "/systems"),
            ("/quality", "/quality"),
            ("/figures", "/figures"),
            ("/quarterly", "/quarterly"),
        )
    ]


def measured(pages: Sequence[Taken], http: httpx.Client, turns: int) -> None:
    """Take every page so many times, in turn; reports keep the time of their first as well."""
    reports = [page for page in pages if page.name in REPORTS]
    others = [page for page in pages if page.name not in REPORTS]
    for turn in range(WARM_UP + turns):
        for page in others:
            took = _take(page, http)
            if turn >= WARM_UP:
                page.seconds.append(took)
    for page in reports:
        page.first = _take(page, http)
        page.seconds += [_take(page, http) for _ in range(REPORT_TURNS)]


def _take(page: Taken, http: httpx.Client) -> float:
    began = time.perf_counter()
    answer = http.get(page.path)
    took = time.perf_counter() - began
    if answer.status_code != 200:
        raise RuntimeError(f"{page.path}: {answer.status_code}")
    page.content = answer.content
    return took


@contextmanager
def console(filled: Filled, folder: Path) -> Iterator[httpx.Client]:
    """Run a console of its own over a register; give a client that is signed in as a lead."""
    settings = folder / "settings.json"
    settings.write_text(filled.settings.model_dump_json(exclude_defaults=True))
    environment = {name: value for name, value in os.environ.items() if not name.startswith("ANDON_")}
    with (folder / "console.log").open("wb") as log:
        running = subprocess.Popen(
            [sys.executable, "-P", "-m", "andon.cli.main", "console"],
            stdout=log,
            stderr=subprocess.STDOUT,
            env={**environment, "ANDON_SETTINGS": str(settings)},
        )
    try:
        with httpx.Client(
            base_url=filled.settings.console.url, timeout=LONGEST_TAKE, trust_env=False
        ) as http:
            _wait_for(http, running, folder)
            same = {"Sec-Fetch-Site": "same-origin"}
            answer = http.post("/sign-in", data={"token": token(Role.INCIDENT_LEAD)}, headers=same)
            assert answer.status_code == 303, answer.text
            yield http
    finally:
        running.terminate()
        running.wait(READY_WITHIN)


def _wait_for(http: httpx.Client, running: subprocess.Popen[bytes], folder: Path) -> None:
    end = time.monotonic() + READY_WITHIN
    while True:
        try:
            if http.get("/healthz").status_code == 200:
                return
        except httpx.TransportError:
            pass  # not listening yet
        if running.poll() is not None or time.monotonic() > end:
            raise RuntimeError((folder / "console.log").read_text()[-2000:])
        time.sleep(0.05)


def table(pages: Sequence[Taken]) -> str:
    """Return the figures as lines for a terminal."""
    floor = at(pages[0].seconds, 0.5)
    head = f"{'page':<34} {'p50 ms':>7} {'p95 ms':>7} {'floors':>7} {'KB':>6} {'gzip':>6}  met"
    return "\n".join([head, *(_line(page, floor) for page in pages)])


def _line(page: Taken, floor: float) -> str:
    p50 = at(page.seconds, 0.5)
    kilobytes = [len(one) / 1000 for one in (page.content, gzip.compress(page.content, 6))]
    numbers = f"{p50:7.1f} {page.p95:7.1f} {p50 / floor:7.1f} {kilobytes[0]:6.1f} {kilobytes[1]:6.1f}"
    verdict = ("yes" if page.met else "no") if page.name in HELD_TO else ""
    if page.first is not None:
        verdict = f"the first after its start: {page.first * 1000:.0f} ms"
    return f"{page.name:<34} {numbers}  {verdict}".rstrip()


def run(kind: str, url: str | None, sizes: Mapping[str, int]) -> bool:
    """Fill a register, measure the pages over it, print the figures; return whether they are met."""
    with tempfile.TemporaryDirectory(prefix="andon-pages-") as name:
        folder, held = Path(name), free_socket()
        port = held.getsockname()[1]
        held.close()
        filled = open_filled(folder, port, url)
        began = time.perf_counter()
        filled.make_long(sizes["entries"])
        filled.fill(sizes["incidents"], sizes["open"])
        filled.queries.databases.close()
        print(f"\n{kind}: {sizes['incidents']:,} incidents written in {time.perf_counter() - began:.0f} s")
        with console(filled, folder) as http:
            pages = pages_of(filled)
            measured(pages, http, sizes["turns"])
        print(table(pages), flush=True)
        return all(page.met for page in pages)


def main() -> int:
    """Measure on SQLite, and on PostgreSQL where there is one; 1 if a target is missed."""
    parser = argparse.ArgumentParser(prog="tests.bench.pages", description=__doc__)
    parser.add_argument("--incidents", type=int, default=INCIDENTS)
    parser.add_argument("--open", type=int, default=OPEN)
    parser.add_argument("--entries", type=int, default=ENTRIES, help="of the one incident's ledger")
    parser.add_argument("--turns", type=int, default=TURNS, help="how often each page is taken")
    parser.add_argument("--sqlite-only", action="store_true")
    chosen = parser.parse_args()
    sizes = {name: getattr(chosen, name) for name in ("incidents", "open", "entries", "turns")}
    met = run("SQLite", None, sizes)
    if not chosen.sqlite_only and postgres.program("initdb") and postgres.program("pg_ctl"):
        with ExitStack() as stack:
            place = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="andon-pages-")))
            server = stack.enter_context(postgres.shared_server(place))
            met &= run("PostgreSQL", stack.enter_context(server.database()), sizes)
    print(f"load {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores")
    return int(not met)


if __name__ == "__main__":
    sys.exit(main())
