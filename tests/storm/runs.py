"""Two runs on a whole stack: one that kills its parts while detections come in, and one storm."""

from __future__ import annotations

import asyncio
import json
import os
import random
import signal
import sqlite3
import time
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import httpx

from tests.bench.stack import Stack
from tests.storm.checker import Verdict, check
from tests.storm.sender import Log, mixed, send_all, surge

PARTS: Final = ("door", "worker-andon", "temporal", "console")
QUIET_WITHIN: Final = 600.0


@dataclass
class Report:
    """What a run came to."""

    verdict: Verdict
    figures: dict[str, float | int] = field(default_factory=dict)
    wrong: list[str] = field(default_factory=list)

    @property
    def holds(self) -> bool:
        """Whether everything is as it should be."""
        return self.verdict.holds and not self.wrong

    def __str__(self) -> str:
        lines = [f"{name:44} {value:>8g}" for name, value in self.figures.items()]
        return "\n".join([*lines, str(self.verdict), *(f"WRONG: {one}" for one in self.wrong)])


async def endured(stack: Stack, *, count: int, systems: int, kills: Sequence[str], within: float) -> Report:
    """Send a mix while parts are killed one after the other; then everything is held against the log."""
    path = stack.root / "acknowledged.jsonl"
    began = time.monotonic()
    with Log(path) as log:
        sending = asyncio.create_task(
            send_all(stack.door, stack.tokens, mixed(count, systems, 1), log, at_once=32, within=within)
        )
        killed = await _kill_between(stack, kills, sending, path, count)
        await sending
    sent = time.monotonic() - began
    await _quiet(stack)
    report = Report(check(path, _register(stack), stack.settings["temporal"]["address"]))
    report.figures = {
        "parts killed": killed,
        "seconds until all were acknowledged": round(sent, 1),
        "acknowledged a second": round(count / sent, 1),
        "seconds until nothing waited": round(time.monotonic() - began, 1),
        "sent again": sum(tries > 1 for tries in log.tries.elements()),
    }
    if report.verdict.counts["acknowledged"] != count:
        report.wrong.append("not every detection was acknowledged")
    return report


async def stormed(stack: Stack, *, count: int, systems: int, seconds: float, within: float) -> Report:
    """Let a storm come, and say when each AI system was contained."""
    path = stack.root / "acknowledged.jsonl"
    began = time.monotonic()
    with Log(path) as log:
        planned = surge(count, systems, seconds, 7)
        await send_all(stack.door, stack.tokens, planned, log, at_once=64, within=within)
    sent = time.monotonic() - began
    await _quiet(stack)
    report = Report(check(path, _register(stack), stack.settings["temporal"]["address"]))
    late = _proofs(_register(stack), path)
    report.figures = {
        "seconds until all were acknowledged": round(sent, 1),
        "seconds until nothing waited": round(time.monotonic() - began, 1),
        "AI systems contained and proven": len(late),
        "slowest proof after the last detection, s": round(max(late.values(), default=0), 1),
        "slowest proof after the first detection, s": round(_slowest(_register(stack)), 1),
    }
    if report.verdict.counts["incidents"] > systems + 1:
        report.wrong.append(f"{report.verdict.counts['incidents']} incidents of {systems} AI systems")
    if len(late) < systems:
        report.wrong.append(f"only {len(late)} of {systems} AI systems were contained")
    if any(one > 60 for one in late.values()):
        report.wrong.append("an AI system was not proven contained within 60 s of its last detection")
    return report


async def _kill_between(
    stack: Stack, kills: Sequence[str], sending: asyncio.Task[None], log: Path, count: int
) -> int:
    """Kill one part after the other, spread over what is sent."""
    chance = random.Random(3)  # noqa: S311 - the same kills every time
    killed = 0
    for number, name in enumerate(kills, 1):
        goal = count * number / (len(kills) + 1) + chance.uniform(0, 3)
        while not sending.done() and _lines(log) < goal:
            await asyncio.sleep(0.05)
        if sending.done():
            break
        os.kill(_parts(stack)[name], signal.SIGKILL)
        killed += 1
    return killed


async def _quiet(stack: Stack) -> None:
    """Wait until nothing waits at the door any more."""
    headers = {"Authorization": f"Bearer {stack.tokens['responder']}"}
    async with (
        asyncio.timeout(QUIET_WITHIN),
        httpx.AsyncClient(base_url=stack.door, timeout=15, trust_env=False) as http,
    ):
        while True:
            try:
                answer = await http.get("/v1/intake/backlog", headers=headers)
            except httpx.TransportError:
                await asyncio.sleep(0.5)
                continue
            if answer.status_code == 200 and _nothing_waits(answer.json()):
                return
            await asyncio.sleep(0.5)


def _nothing_waits(told: dict[str, Any]) -> bool:
    waits = [told["spool"]["detections"], told["untold"]["detections"], told["register_away"]]
    waits += [told["waiting_to_be_written"], told["waiting_to_be_started"]]
    waits += [one["unstarted"] + one["unproven"] for one in told["bands"]]
    return bool(told["bands"]) and not any(waits)


def _proofs(register: Path, log: Path) -> dict[str, float]:
    """Return for each AI system the seconds from its last detection to the proof, 0 if that came before."""
    last: dict[str, float] = {}
    for line in log.read_text().splitlines():
        noted = json.loads(line)
        last[noted["system"]] = max(last.get(noted["system"], 0.0), noted["at"])
    return {system: max(0.0, at - last[system]) for system, _, at in _contained(register) if system in last}


def _slowest(register: Path) -> float:
    return max((at - opened for _, opened, at in _contained(register)), default=0.0)


def _contained(register: Path) -> list[tuple[str, float, float]]:
    """Return AI system, opening and proof of each incident whose containment is proven."""
    with closing(sqlite3.connect(f"file:{register}?mode=ro", uri=True)) as database:
        rows = database.execute("SELECT system, opened_at, view FROM incidents WHERE view IS NOT NULL")
        found = []
        for system, opened, view in rows:
            at = json.loads(view)["contained_at"]
            if at is not None:
                began = datetime.fromisoformat(opened).replace(tzinfo=UTC).timestamp()
                found.append((system, began, datetime.fromisoformat(at).timestamp()))
    return found


def _parts(stack: Stack) -> dict[str, int]:
    listed = json.loads((stack.root / "data" / "run" / "parts.json").read_text())["parts"]
    return {name: part["pid"] for name, part in listed.items()}


def _register(stack: Stack) -> Path:
    return stack.root / "data" / "register.db"


def _lines(path: Path) -> int:
    return path.read_bytes().count(b"\n") if path.exists() else 0
