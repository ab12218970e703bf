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
from tests.bench.subject import Bare, Flags, People, stopped
from tests.storm.sender import HARM, QUALITY

AT_ONCE: Final = 16
ROUNDS: Final = 30
WATCHED: Final = ("door", "worker-andon", "worker-andon-evidence", "temporal", "weed")
PATIENCE: Final = 60.0


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
        default=200,
        help="incidents open when the second look is taken; all but those opened here wait for a cause",
    )
    chosen = parser.parse_args()
    load = os.getloadavg()[0]
    with tempfile.TemporaryDirectory(prefix="andon-bench-") as folder:
        systems = [MODEL, *(f"look-{number}" for number in range(2 * ROUNDS))]
        with standing(Path(folder) / "stack", systems) as stack:
            asyncio.run(_measured(stack, chosen.taken, chosen.opened, chosen.open))
    print(f"load {load:.1f} at the start, {os.getloadavg()[0]:.1f} at the end, {os.cpu_count()} cores")
    return 0


async def _measured(stack: Stack, taken: int, opened: int, open_ones: int) -> None:
    people, flags, bare = People(stack), Flags(stack), await Bare.on(stack)
    _say_memory(stack, "at the start")
    empty = await _looks(people, flags, range(ROUNDS))
    _say("detection to switch, empty, p50 ms", _middle(empty))
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
    full = await _looks(people, flags, range(ROUNDS, 2 * ROUNDS))
    middle = _middle(full)
    _say(f"detection to switch, {open_ones} open, p50 ms", middle, f"{middle / _middle(empty):.2f} of empty")
    _say_memory(stack, f"with {open_ones} incidents open")


def _say(what: str, figure: float, beside: str = "") -> None:
    print(f"{what:<50}{figure:>9.1f}   {beside}".rstrip(), flush=True)


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


async def _looks(people: People, flags: Flags, numbers: Iterable[int]) -> list[float]:
    taken = []
    for number in numbers:
        _, denied, _ = await asyncio.to_thread(stopped, people, flags, f"look-{number}")
        taken.append(denied * 1000)
        await asyncio.sleep(0.1)
    return taken


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
