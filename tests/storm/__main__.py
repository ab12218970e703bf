"""The full runs: `python -m tests.storm endure|surge`; `make storm` does both."""

from __future__ import annotations

import argparse
import asyncio
import os
import sys
import tempfile
import time
from pathlib import Path

from tests.bench.stack import standing
from tests.storm.runs import PARTS, Report, endured, stormed

WITHIN = 3600.0


def main() -> int:
    """Run, and print what was counted; 1 if anything is lost, doubled, made up or too late."""
    parser = argparse.ArgumentParser(prog="tests.storm", description=__doc__)
    parser.add_argument("run", nargs="*", choices=("endure", "surge"), help="which; both, if none is named")
    parser.add_argument("--count", type=int, help="detections; 10,000 to endure, 4,000 in the surge")
    parser.add_argument("--systems", type=int, help="AI systems; 100 to endure, 300 in the surge")
    parser.add_argument("--seconds", type=float, default=300.0, help="how long the surge lasts")
    chosen = parser.parse_args()
    held = True
    for name in chosen.run or ("endure", "surge"):
        began, load = time.monotonic(), os.getloadavg()[0]
        report = _run(name, chosen)
        print(f"== {name}\n{report}")
        took = time.monotonic() - began
        print(f"{took:.0f} s in all; load {load:.1f} at the start, {os.getloadavg()[0]:.1f} at the end\n")
        held = held and report.holds
    return 0 if held else 1


def _run(name: str, chosen: argparse.Namespace) -> Report:
    with (
        tempfile.TemporaryDirectory(prefix="andon-storm-") as folder,
        standing(Path(folder) / "stack", []) as stack,
    ):
        if name == "endure":
            count, systems = chosen.count or 10_000, chosen.systems or 100
            return asyncio.run(endured(stack, count=count, systems=systems, kills=PARTS * 3, within=WITHIN))
        count, systems = chosen.count or 4_000, chosen.systems or 300
        return asyncio.run(
            stormed(stack, count=count, systems=systems, seconds=chosen.seconds, within=WITHIN)
        )


if __name__ == "__main__":
    sys.exit(main())
