"""Speed beside its floor, in one run on the embedded stack: `python -m tests.bench`."""

from __future__ import annotations

import argparse
import asyncio
import os
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path

from tests.bench.loop import events_of_the_demo
from tests.bench.stack import Stack, standing
from tests.bench.subject import Bare, Flags, People, let_go, seen_meanwhile, settled, stopped
from tests.bench.tally import Line, against, machine, record, table

PAUSE = 0.3
WARM_UP = 5
MOST_EVENTS = 250


@dataclass
class Taken:
    """Seconds, by what was measured."""

    answered: list[float] = field(default_factory=list)
    denied: list[float] = field(default_factory=list)
    meanwhile: list[float] = field(default_factory=list)
    let_go: list[float] = field(default_factory=list)
    floor: list[float] = field(default_factory=list)
    update: list[float] = field(default_factory=list)
    read: list[float] = field(default_factory=list)
    hot: list[float] = field(default_factory=list)
    hot_floor: list[float] = field(default_factory=list)


@dataclass
class Round:
    """One turn of every measurement, on AI systems of its own."""

    people: People
    flags: Flags
    bare: Bare
    taken: Taken

    async def isolated(self, name: str, *, release: bool) -> None:
        """Take each figure once, with a pause before each."""
        taken = self.taken
        await asyncio.sleep(PAUSE)
        answered, denied, incident = await asyncio.to_thread(
            stopped, self.people, self.flags, f"after-{name}"
        )
        taken.answered.append(answered)
        taken.denied.append(denied)
        await asyncio.sleep(PAUSE)
        taken.floor.append(await self.bare.opened(f"floor/{name}"))
        await asyncio.sleep(PAUSE)
        taken.update.append(await self.bare.updated(f"floor/{name}"))
        taken.read.append(await asyncio.to_thread(self._read, f"while-{name}"))
        await self.bare.end(f"floor/{name}")
        await asyncio.sleep(PAUSE)
        seen, _ = await asyncio.to_thread(seen_meanwhile, self.people, self.flags, f"while-{name}")
        taken.meanwhile.append(seen)
        if release:
            await settled(self.people, incident)
            await asyncio.sleep(PAUSE)
            taken.let_go.append(
                await asyncio.to_thread(let_go, self.people, self.flags, incident, f"after-{name}")
            )

    async def hot(self, name: str) -> None:
        """Stop one more system and open one more bare workflow, with no pause."""
        _, denied, _ = await asyncio.to_thread(stopped, self.people, self.flags, f"hot-{name}")
        self.taken.hot.append(denied)
        self.taken.hot_floor.append(await self.bare.opened(f"hot/{name}"))
        await self.bare.end(f"hot/{name}")

    def _read(self, system: str) -> float:
        began = time.perf_counter()
        self.flags.allowed(system)
        return time.perf_counter() - began


async def measured(stack: Stack, n: int) -> Taken:
    """Take everything `n` times; releases, which take longer, a quarter as often."""
    turn = Round(People(stack), Flags(stack), await Bare.on(stack), Taken())
    async with turn.bare.worker():
        for number in range(WARM_UP):
            await turn.isolated(f"w{number}", release=True)
        turn.taken = Taken()
        for number in range(n):
            await turn.isolated(str(number), release=number % 4 == 0)
            if sys.stderr.isatty():
                print(f"\r{number + 1} of {n}", end="", file=sys.stderr)
        for number in range(n):
            await turn.hot(str(number))
    return turn.taken


def lines_of(taken: Taken) -> list[Line]:
    """Return the figures beside their floors."""
    together = [update + read for update, read in zip(taken.update, taken.read, strict=True)]
    return [
        against("detection to switch, when answered", taken.denied, taken.floor, most_p50=2, most_p99=4),
        against(
            "detection to switch, asking meanwhile", taken.meanwhile, taken.floor, most_p50=2, most_p99=4
        ),
        against("detection to switch, in a hot loop", taken.hot, taken.hot_floor),
        against("detection to answer", taken.answered, taken.floor),
        against("answer to switch (stand-down)", taken.let_go, together, most_p50=3),
        against("bare update-with-start to local activity", taken.floor),
        against("bare update round trip", taken.update),
        against("one flag read over OFREP", taken.read),
    ]


def counted(own: int, children: int) -> list[Line]:
    """Return the lengths of the demo's histories."""
    return [
        Line(
            "history events, detection to close",
            1,
            own,
            target=f"<= {MOST_EVENTS}",
            met=own <= MOST_EVENTS,
        ),
        Line("history events of its children", 1, children),
    ]


def systems_for(n: int) -> list[str]:
    """Return the AI systems that `n` rounds stop."""
    numbers = [*(f"w{number}" for number in range(WARM_UP)), *map(str, range(n))]
    return [f"{kind}-{number}" for kind in ("after", "while", "hot") for number in numbers]


def main() -> int:
    """Measure, and print the figures; 0 whether or not the targets are met."""
    parser = argparse.ArgumentParser(prog="tests.bench", description=__doc__)
    parser.add_argument("--n", type=int, default=200, help="how often each figure is taken")
    parser.add_argument("--no-demo", action="store_true", help="leave out the history of the demo's incident")
    parser.add_argument("--record", action="store_true", help="write docs/figures.json and docs/figures.md")
    chosen = parser.parse_args()
    began = os.getloadavg()[0]
    with tempfile.TemporaryDirectory(prefix="andon-bench-") as name:
        folder = Path(name)
        with standing(folder / "stack", systems_for(chosen.n)) as stack:
            lines = lines_of(asyncio.run(measured(stack, chosen.n)))
        if not chosen.no_demo:
            lines += counted(*asyncio.run(events_of_the_demo(folder / "demo")))
    facts = {**machine(), "load": [began, os.getloadavg()[0]]}
    print(table(lines))
    print(f"load {began:.1f} at the start, {facts['load'][1]:.1f} at the end, {facts['cores']} cores")
    if chosen.record:
        record(lines, facts)
    return 0


if __name__ == "__main__":
    sys.exit(main())
