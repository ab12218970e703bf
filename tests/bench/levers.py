"""How long it takes to prove 1, 5 and 20 levers side by side, in one run: `python -m tests.bench.levers`."""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from tests.bench.stack import standing
from tests.bench.subject import PATIENCE, People
from tests.bench.tally import Line, against, table

WIDTHS: Final = (1, 5, 20)
MOST_RATIO: Final = {5: 2.0, 20: 5.0}
"""Side by side, twenty take no twenty times as long; they share two cores and one file of switches."""
WARM_UP: Final = 2
LOOKS_EVERY: Final = 0.05
PAUSE: Final = 0.3


def systems_for(n: int) -> dict[str, Mapping[str, Any]]:
    """Return the AI systems of a run, by name: those with more than one lever have tools to switch off."""
    found: dict[str, Mapping[str, Any]] = {}
    for width in WIDTHS:
        tools = [{"verb": "disable_tool", "target": f"tool_{number}"} for number in range(width - 1)]
        levers = [{"verb": "pause_system"}, *tools]
        own = {"levers": levers, **({"playbook": "tool_agent"} if tools else {})}
        found |= {f"wide-{width}-{number}": own for number in range(n + WARM_UP)}
    return found


def proven(people: People, system: str, levers: int) -> float:
    """Return the seconds from a detection to the last proof, as the incident's record has it."""
    began = datetime.now(UTC)
    incident = people.detect(system)
    end = time.monotonic() + PATIENCE
    while not (shown := people.incident(incident))["contained"]:
        if time.monotonic() > end:
            raise RuntimeError(f"{system} was not contained in {PATIENCE:.0f} s")
        time.sleep(LOOKS_EVERY)
    if len(shown["orders"]) != levers:
        raise RuntimeError(f"{system}: {len(shown['orders'])} orders instead of {levers}")
    return (datetime.fromisoformat(shown["contained_at"]) - began).total_seconds()


def measured(n: int) -> dict[int, list[float]]:
    """Take each width `n` times, in turn."""
    taken: dict[int, list[float]] = {width: [] for width in WIDTHS}
    systems = systems_for(n)
    with (
        tempfile.TemporaryDirectory(prefix="andon-bench-") as folder,
        standing(Path(folder) / "stack", tuple(systems), systems) as stack,
    ):
        people = People(stack)
        for number in range(n + WARM_UP):
            for width in WIDTHS:
                time.sleep(PAUSE)
                seconds = proven(people, f"wide-{width}-{number}", width)
                if number >= WARM_UP:
                    taken[width].append(seconds)
    return taken


def lines_of(taken: Mapping[int, list[float]]) -> list[Line]:
    """Return a line for each width beside that of one lever."""
    one, *wider = WIDTHS
    return [
        against(f"detection to proven, {one} lever", taken[one]),
        *(
            against(
                f"detection to proven, {width} levers", taken[width], taken[one], most_p50=MOST_RATIO[width]
            )
            for width in wider
        ),
    ]


def main() -> int:
    """Measure, and print the figures; 0 whether or not the targets are met."""
    parser = argparse.ArgumentParser(prog="tests.bench.levers", description=__doc__)
    parser.add_argument("--n", type=int, default=20, help="how often each figure is taken")
    print(table(lines_of(measured(parser.parse_args().n))))
    return 0


if __name__ == "__main__":
    sys.exit(main())
