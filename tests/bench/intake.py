"""What the door takes, how fast incidents open, what many open ones cost: `python -m tests.bench.intake`."""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable, Iterable
from pathlib import Path
from typing import Any, Final

import httpx

from tests.bench.crowd import MODEL, Crowd
from tests.bench.stack import Stack, standing
from tests.bench.subject import Bare, Flags, People, seen_meanwhile, settled, stopped
from tests.storm.sender import HARM, QUALITY

AT_ONCE: Final = 16
ROUNDS: Final = 30
WATCHED: Final = ("door", "worker-andon", "worker-andon-evidence", "temporal", "weed")
PATIENCE: Final = 60.0
ANSWERED: Final = "answered"
MEANWHILE: Final = "meanwhile"
FLOOR: Final = "floor"
KINDS: Final = {
    ANSWERED: "switch seen once the detection is answered",
    MEANWHILE: "switch seen by a client that asks meanwhile",
    FLOOR: "floor: bare update-with-start",
}


def main() -> int:
    """Measure, and print the figures."""
    parser = argparse.ArgumentParser(prog="tests.bench.intake", description=__doc__)
    parser.add_argument(
        "--taken", type=int, default=2000, help="detections to be accepted without an incident"
    )
    parser.add_argument("--opened", type=int, default=100, help="incidents and bare workflows to be opened")
    parser.add_argument(
        "--open",
        type=int,
        default=10_000,
        help="incidents open when the second look is taken (twenty minutes); most wait for a cause",
    )
    chosen = parser.parse_args()
    load = os.getloadavg()[0]
    with tempfile.TemporaryDirectory(prefix="andon-bench-") as folder:
        systems = [MODEL, *(f"{kind}-{number}" for kind in KINDS for number in range(2 * ROUNDS))]
        with standing(Path(folder) / "stack", systems) as stack:
            asyncio.run(_measured(stack, chosen.taken, chosen.opened, chosen.open))
    print(f"load {load:.1f} at the start, {os.getloadavg()[0]:.1f} at the end, {os.cpu_count()} cores")
    return 0


async def _measured(stack: Stack, taken: int, opened: int, open_ones: int) -> None:
    people, flags, bare = People(stack), Flags(stack), await Bare.on(stack)
    _say_memory(stack, "at the start")
    empty = await _looks(people, flags, bare, range(ROUNDS))
    _say_looks("empty", empty)
    async with _door(stack) as http:
        rate = await _rate(taken, lambda number: _detect(http, f"q_{number % 50}", number, QUALITY))
        _say("detections accepted a second (quality issues)", rate)
        rate = await _rate(taken, lambda _: _detect(http, "joined", 0, HARM))
        _say("detections accepted a second (joining one)", rate)
        async with bare.worker():
            floor = await _rate(opened, lambda number: bare.opened(f"rate/{number}"))
        _say("bare update-with-start a second", floor)
        rate = await _rate(opened, lambda number: _detect(http, f"open_{number}", number, HARM, HUMAN))
        _say("incidents opened a second", rate, f"{rate / floor:.2f} of bare")
        _say("seconds until each of them was proven", await _until_quiet(stack))
    _say_memory(stack, f"with {opened} incidents open")
    seconds = await Crowd(stack).stand(max(0, open_ones - opened))
    _say(f"seconds until {open_ones} stood open", seconds)
    await _until_quiet(stack)
    full = await _looks(people, flags, bare, range(ROUNDS, 2 * ROUNDS))
    _say_looks(f"{open_ones} open", full, beside=empty)
    _say_memory(stack, f"with {open_ones} incidents open")


def _say(what: str, figure: float, beside: str = "") -> None:
    print(f"{what:<62}{figure:>9.1f}   {beside}".rstrip(), flush=True)


HUMAN: Final = "human_review"
"""No storm groups what comes through this channel, so each opens an incident."""


def _door(stack: Stack) -> httpx.AsyncClient:
    headers = {"Authorization": f"Bearer {stack.tokens['detector']}"}
    return httpx.AsyncClient(base_url=stack.door, headers=headers, timeout=PATIENCE, trust_env=False)


async def _detect(
    http: httpx.AsyncClient, system: str, number: int, facts: dict[str, Any], channel: str = "monitoring"
) -> None:
    body = {
        "system": system,
        "channel": channel,
        "title": "measured",
        "dedupe_key": f"{system}-{number}",
        "facts": facts,
    }
    (await http.post("/v1/detections", json=body)).raise_for_status()


async def _rate(count: int, one: Callable[[int], Awaitable[object]]) -> float:
    """Return how many a second are done, so many at a time."""
    numbers = iter(range(count))

    async def work() -> None:
        for number in numbers:
            await one(number)

    began = time.perf_counter()
    await asyncio.gather(*(work() for _ in range(AT_ONCE)))
    return count / (time.perf_counter() - began)


async def _looks(people: People, flags: Flags, bare: Bare, numbers: Iterable[int]) -> dict[str, list[float]]:
    """Take each figure in turn, in milliseconds, once the incident before has only people to wait for."""
    taken: dict[str, list[float]] = {kind: [] for kind in KINDS}
    async with bare.worker():
        for number in numbers:
            _, denied, incident = await asyncio.to_thread(stopped, people, flags, f"{ANSWERED}-{number}")
            await settled(people, incident)
            seen, incident = await asyncio.to_thread(seen_meanwhile, people, flags, f"{MEANWHILE}-{number}")
            await settled(people, incident)
            floor = await bare.opened(f"{FLOOR}/{number}")
            await bare.end(f"{FLOOR}/{number}")
            for kind, seconds in zip(KINDS, (denied, seen, floor), strict=True):
                taken[kind].append(seconds * 1000)
    return taken


def _say_looks(
    when: str, taken: dict[str, list[float]], beside: dict[str, list[float]] | None = None
) -> None:
    for kind, words in KINDS.items():
        middle = _middle(taken[kind])
        ratio = f", {middle / _middle(beside[kind]):.2f} of empty" if beside else ""
        _say(f"{words}, {when}, p50 ms", middle, f"longest {max(taken[kind]):.0f}{ratio}")


async def _until_quiet(stack: Stack) -> float:
    """Return the seconds until no incident waits for its workflow or its proof."""
    headers = {"Authorization": f"Bearer {stack.tokens['responder']}"}
    began = time.perf_counter()
    async with httpx.AsyncClient(base_url=stack.door, headers=headers, timeout=15, trust_env=False) as http:
        while True:
            bands = (await http.get("/v1/intake/backlog")).json()["bands"]
            if not any(one["unstarted"] + one["unproven"] for one in bands):
                return time.perf_counter() - began
            await asyncio.sleep(0.25)


def _say_memory(stack: Stack, when: str) -> None:
    """Print the resident memory of the parts, in MiB."""
    listed = json.loads((stack.root / "data" / "run" / "parts.json").read_text())["parts"]
    found = []
    for name in WATCHED:
        status = Path(f"/proc/{listed[name]['pid']}/status").read_text()
        (resident,) = (line for line in status.splitlines() if line.startswith("VmRSS"))
        found.append(f"{name} {int(resident.split()[1]) // 1024}")
    print(f"memory in MiB {when}: " + ", ".join(found), flush=True)


def _middle(values: list[float]) -> float:
    return statistics.median(values)


if __name__ == "__main__":
    sys.exit(main())
