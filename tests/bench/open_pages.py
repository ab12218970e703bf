"""What 200 open pages cost those who stop AI systems: `python -m tests.bench.open_pages`.

Detection to switch and order to proven, with no page open and with many, in turn, on one running stack.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from tests.bench.stack import Stack, standing
from tests.bench.subject import Flags, People, settled, stopped
from tests.bench.tally import Line, against, machine, table

PAUSE: Final = 0.5
WARM_UP: Final = 3
ENDED_WITHIN: Final = 30.0
MOST_P50: Final = 1.25
ROLES: Final = ("responder", "incident_lead", "security", "operations", "engineer", "legal")


@dataclass
class Taken:
    """Seconds of one state: with pages open, or without."""

    switched: list[float] = field(default_factory=list)
    proven: list[float] = field(default_factory=list)
    memory: list[int] = field(default_factory=list)
    busy: float = 0.0
    lasted: float = 0.0


@dataclass
class Bench:
    """One stack, and who acts on it."""

    stack: Stack
    people: People
    flags: Flags
    console: int
    systems: Iterator[str]

    async def turns(self, taken: Taken, count: int) -> None:
        """Stop so many AI systems, one after the other."""
        began, busy = time.monotonic(), cpu_seconds(self.console)
        for _ in range(count):
            await asyncio.sleep(PAUSE)
            system = next(self.systems)
            _, switched, incident = await asyncio.to_thread(stopped, self.people, self.flags, system)
            await settled(self.people, incident)
            shown = await asyncio.to_thread(self.people.incident, incident)
            taken.switched.append(switched)
            taken.proven += [_proven_after(one) for one in shown["orders"]]
        taken.memory.append(resident_bytes(self.console))
        taken.busy += cpu_seconds(self.console) - busy
        taken.lasted += time.monotonic() - began


def _proven_after(order: dict[str, Any]) -> float:
    ordered, proven = (datetime.fromisoformat(one) for one in (order["ordered_at"], order["proof"]["at"]))
    return (proven - ordered).total_seconds()


@contextmanager
def readers(stack: Stack, pages: int) -> Iterator[list[dict[str, float]]]:
    """Keep pages open in a process of their own for the length of a block; gives what they did, after it."""
    words = (sys.executable, "-m", "tests.bench.readers", stack.console, "--pages", str(pages))
    running = subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert running.stdin is not None
    assert running.stdout is not None
    told: list[dict[str, float]] = []
    try:
        running.stdin.write("\n".join(stack.tokens[role] for role in ROLES))
        running.stdin.close()
        if running.stdout.readline().strip() != "live":
            raise RuntimeError("the pages could not be opened")
        yield told
        running.send_signal(signal.SIGTERM)
        told.append(json.loads(running.stdout.readline()))
        running.wait(ENDED_WITHIN)
    finally:
        running.kill()
        running.wait()
        running.stdout.close()


def console_of(root: Path) -> int:
    """Return the process id of the console of the stack in a folder."""
    for process in Path("/proc").glob("[0-9]*"):
        try:
            words = (process / "cmdline").read_bytes().split(b"\0")
            mine = str(root).encode() in (process / "environ").read_bytes()
        except OSError:
            continue  # it has ended, or is somebody else's
        if mine and b"console" in words:
            return int(process.name)
    raise RuntimeError("the stack has no console")


def resident_bytes(process: int) -> int:
    """Return how much memory a process holds."""
    pages = int(Path(f"/proc/{process}/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE")


def cpu_seconds(process: int) -> float:
    """Return how long a process has kept a processor busy."""
    fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


async def measured(bench: Bench, *, pages: int, rounds: int, each: int) -> tuple[Taken, Taken, list[Any]]:
    """Take turns without pages and with them."""
    without, beside, told = Taken(), Taken(), []
    await bench.turns(Taken(), WARM_UP)
    for _ in range(rounds):
        await bench.turns(without, each)
        with readers(bench.stack, pages) as did:
            await bench.turns(beside, each)
        told += did
    return without, beside, told


def lines_of(without: Taken, beside: Taken, pages: int) -> list[Line]:
    """Return the figures with open pages beside those without."""
    name = f"{pages} pages open, floor: none"
    return [
        against(f"detection to switch, {name}", beside.switched, without.switched, most_p50=MOST_P50),
        against(f"order to proven, {name}", beside.proven, without.proven, most_p50=MOST_P50),
    ]


def main() -> int:
    """Measure, and print the figures; 0 whether or not the targets are met."""
    parser = argparse.ArgumentParser(prog="tests.bench.open_pages", description=__doc__)
    parser.add_argument("--pages", type=int, default=200)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--each", type=int, default=10, help="AI systems stopped in each half of a round")
    chosen = parser.parse_args()
    began = os.getloadavg()[0]
    names = [f"page-{number}" for number in range(WARM_UP + 2 * chosen.rounds * chosen.each)]
    with tempfile.TemporaryDirectory(prefix="andon-bench-") as folder:
        root = Path(folder) / "stack"
        with standing(root, names) as stack:
            bench = Bench(stack, People(stack), Flags(stack), console_of(root), iter(names))
            taken = measured(bench, pages=chosen.pages, rounds=chosen.rounds, each=chosen.each)
            without, beside, told = asyncio.run(taken)
    print(table(lines_of(without, beside, chosen.pages)))
    for word, one in (("without", without), ("with", beside)):
        share = one.busy / one.lasted
        print(f"console {word}: {max(one.memory) / 2**20:.0f} MiB, {share:.0%} of one processor")
    for one in told:
        print(
            f"pages: told {one['told']:.0f} times, fetched {one['fetched']:.0f} times, "
            f"{one['bytes'] / 2**20:.1f} MiB; what was told was shown after {one['late_p50']:.1f} s (p50), "
            f"{one['late_most']:.1f} s at most; the readers took {one['cpu_seconds']:.0f} s of processor"
        )
    print(f"load {began:.1f} at the start, {os.getloadavg()[0]:.1f} at the end, {machine()['cores']} cores")
    return 0


if __name__ == "__main__":
    sys.exit(main())
