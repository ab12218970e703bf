"""From going wrong again to contained and proven, beside as many levers set by hand in the same run.

`python -m tests.bench.relapse`. The demo's desk is put back into service and broken again, so often as asked.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
import tempfile
import time
from collections.abc import Sequence
from contextlib import ExitStack, redirect_stdout
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

from andon.adapters.levers.flag import FlagLever
from andon.adapters.levers.openfeature_probe import OpenFeatureProbe
from andon.config import Settings
from andon.domain.containment import Lever, Order, Verb, flag_key
from andon.domain.directory import Role
from andon.register.engine import open_databases
from andon.register.switches import Switches
from examples.demo.__main__ import Demo
from examples.demo.cast import until
from examples.demo.scenario import PROMPT
from examples.demo.setting import Setting
from tests.bench.stack import read_settings
from tests.bench.tally import Line, against, table

MOST: Final = 20
LOOKS_EVERY: Final = 0.05
WATCHED_EVERY: Final = 2.0
"""Seconds between two looks in the demo; what goes wrong is seen after half of them on the average."""
SPARE: Final = ((Verb.ROUTE_TO_REVIEW, ""), (Verb.BLOCK_SOURCE, "policies"))
"""Flags of the desk that the demo's playbook leaves alone."""


class Again(Demo):
    """The demo up to its restart, and what makes it relapse."""

    def relapse(self, incident: str, before: int) -> tuple[float, list[float]]:
        """Break the desk while it is watched.

        Returns:
            Seconds from the fault until all is proven, and from the order to the proof of each lever.
        """
        self._scenario.breaks(self._desk)
        began = datetime.now(UTC)
        shown = until(lambda: self._contained_again(incident, before), "the relapse")
        orders = [one for one in shown["orders"] if _at(one["ordered_at"]) >= began]
        proofs = [(_at(one["proof"]["at"]) - _at(one["ordered_at"])).total_seconds() for one in orders]
        return (_at(shown["contained_at"]) - began).total_seconds(), proofs

    def mend(self, incident: str) -> None:
        """Name the cause once more, fix it and put it back into service."""
        for one in self._scenario.examined:
            if one.kind == "diagnosis":
                self._cast.answer(incident, one.kind, one.option, one.role, one.reason, *one.findings)
        self.fix(incident)
        self.restart(incident)

    def _contained_again(self, incident: str, before: int) -> dict[str, Any] | None:
        shown: dict[str, Any] = self._cast.incident(incident)
        return shown if shown["relapses"] > before and shown["contained"] else None


def _at(text: str) -> datetime:
    return datetime.fromisoformat(text)


async def raw(settings: Settings, number: int, levers: int) -> float:
    """Return the seconds to set and prove spare flags of the desk side by side, with no workflow."""
    databases = open_databases(settings.databases)
    try:
        lever = FlagLever(
            Switches(databases.switches), OpenFeatureProbe(settings.door.url, settings.probe_token)
        )
        orders = [_order(number, place) for place in range(levers)]
        began = time.perf_counter()
        await asyncio.gather(*(_held(lever, one) for one in orders))
        taken = time.perf_counter() - began
        for one in orders:
            await lever.release(one, f"{one.id}/release")
        return taken
    finally:
        databases.close()


async def _held(lever: FlagLever, order: Order) -> None:
    await lever.apply(order, f"{order.id}/apply", capture_within=timedelta(seconds=2))
    while not (await lever.probe(order)).held:
        await asyncio.sleep(LOOKS_EVERY)


def _order(number: int, place: int) -> Order:
    verb, target = SPARE[place % len(SPARE)]
    name, now = flag_key("refund_desk", verb, target), datetime.now(UTC)
    return Order(
        id=f"INC-00000000-{number:06d}/order/{place + 1}",
        incident=f"INC-00000000-{number:06d}",
        lever=Lever(id=name, adapter="flag", system="refund_desk", verb=verb, target=target),
        authority="bench",
        assignee=Role.OPERATIONS,
        reason="measured",
        contact="bela",
        ordered_at=now,
        expires_at=now + timedelta(hours=1),
    )


def measured(n: int, folder: Path) -> tuple[list[float], list[float], list[float]]:
    """Relapse `n` times; return the seconds whole, of the slowest lever each time, and of the floor."""
    whole: list[float] = []
    slowest: list[float] = []
    floor: list[float] = []
    with ExitStack() as stack, (folder / "demo.log").open("w") as told, redirect_stdout(told):
        demo = Again(folder / "demo", PROMPT, stack)
        demo.start()
        incident = demo.misbehave()
        demo.contained(incident)
        demo.breach(incident)
        demo.examine(incident)
        demo.fix(incident)
        demo.restart(incident)
        settings = Settings(**read_settings(Setting((folder / "demo").resolve()).data))
        for number in range(n):
            taken, proofs = demo.relapse(incident, number)
            whole.append(taken)
            slowest.append(max(proofs))
            floor.append(asyncio.run(raw(settings, number, len(proofs))))
            if number + 1 < n:
                demo.mend(incident)
    return whole, slowest, floor


def lines_of(whole: Sequence[float], slowest: Sequence[float], floor: Sequence[float]) -> list[Line]:
    """Return the figures beside their floor."""
    return [
        against(f"relapse to contained and proven, a look every {WATCHED_EVERY:g} s", whole, floor),
        against("relapse: order to proof, the slowest lever", slowest, floor),
        against("the same number of levers set and proven by hand", floor),
    ]


def main() -> int:
    """Measure, and print the figures; 0 whether or not there is a target."""
    parser = argparse.ArgumentParser(prog="tests.bench.relapse", description=__doc__)
    parser.add_argument("--n", type=int, default=5, choices=range(1, MOST + 1), metavar=f"1-{MOST}")
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="andon-bench-") as folder:
        print(table(lines_of(*measured(chosen.n, Path(folder)))))
    return 0


if __name__ == "__main__":
    sys.exit(main())
