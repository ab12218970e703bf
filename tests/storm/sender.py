"""Detectors and people in a storm: they send until they are told, and note each acknowledgement."""

from __future__ import annotations

import asyncio
import json
import os
import random
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import httpx

QUALITY: Final = {
    "output_fault": "low_quality",
    "impact": "none",
    "exposure": "internal_caught",
    "data_exposed": "no",
    "data_sensitivity": "public",
    "autonomy": "recommends",
    "safety": "none",
    "ongoing": "no",
    "can_continue_safely": "yes",
    "uncertainty": "low",
}
HARM: Final = {"unauthorized_action": "yes", "autonomy": "acts_alone", "uncertainty": "low"}
AGAIN_SECONDS: Final = 0.5
PATIENCE: Final = 15.0


@dataclass(frozen=True)
class Planned:
    """One detection to be sent, when and by whom."""

    body: dict[str, Any]
    role: str
    call: str
    after: float = 0.0


@dataclass
class Log:
    """Where acknowledgements are noted: one JSON object a line, written before the next is sent."""

    path: Path
    tries: Counter[int] = field(default_factory=Counter)
    _file: int = -1

    def __enter__(self) -> Log:
        self._file = os.open(self.path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        return self

    def __exit__(self, *_: object) -> None:
        os.close(self._file)

    def note(self, planned: Planned, answer: dict[str, Any]) -> None:
        """Write one acknowledgement down."""
        noted = {
            "receipt": answer["receipt"],
            "outcome": answer["outcome"],
            "incident": answer["incident"],
            "contained": answer["contained"],
            "system": planned.body["system"],
            "key": planned.body.get("dedupe_key"),
            "at": time.time(),
        }
        os.write(self._file, json.dumps(noted).encode() + b"\n")


def mixed(count: int, systems: int, seed: int, *, doubled: float = 0.3) -> list[Planned]:
    """Return detections as they come day by day: mostly quality, some medium, few high, a part repeated."""
    chance = random.Random(seed)  # noqa: S311 - the same mix every time is what is wanted
    planned: list[Planned] = []
    for number in range(count):
        if planned and chance.random() < doubled:
            first = chance.choice(planned)
            planned.append(Planned(first.body, first.role, f"{seed}-call-{number}"))
            continue
        body: dict[str, Any] = {
            "system": f"bot_{chance.randrange(systems)}",
            "channel": chance.choice(("monitoring", "anomaly_detection", "business_metric")),
            "title": f"Alert {number}",
            "dedupe_key": f"{seed}-{number}",
        }
        weight = chance.random()
        if weight < 0.8:
            body["facts"] = QUALITY
        elif weight > 0.95:
            body["facts"] = HARM
        role = "detector"
        if weight > 0.99:
            role, body["channel"] = "responder", "human_review"
        planned.append(Planned(body, role, f"{seed}-call-{number}"))
    return planned


def surge(count: int, systems: int, seconds: float, seed: int) -> list[Planned]:
    """Return the detections of a storm: each AI system again and again, under several keys."""
    chance = random.Random(seed)  # noqa: S311 - the same storm every time is what is wanted
    order = list(range(systems))
    chance.shuffle(order)
    planned = []
    for number in range(count):
        system = order[number] if number < systems else chance.randrange(systems)
        body = {
            "system": f"bot_{system}",
            "channel": "monitoring",
            "title": f"Alert {number}",
            "dedupe_key": f"{seed}-{system}-{chance.randrange(5)}",
            "facts": HARM,
        }
        planned.append(Planned(body, "detector", f"{seed}-call-{number}", after=seconds * number / count))
    return planned


async def send_all(
    door: str, tokens: dict[str, str], planned: Sequence[Planned], log: Log, *, at_once: int, within: float
) -> None:
    """Send everything, at most so many at a time; what isn't acknowledged is sent again.

    Raises:
        TimeoutError: something was not acknowledged in time.
    """
    began = time.monotonic()
    places = asyncio.Semaphore(at_once)
    limits = httpx.Limits(max_connections=at_once, max_keepalive_connections=at_once)
    async with (
        asyncio.timeout(within),
        httpx.AsyncClient(base_url=door, timeout=PATIENCE, limits=limits, trust_env=False) as http,
        asyncio.TaskGroup() as group,
    ):
        for one in planned:
            await asyncio.sleep(max(0.0, began + one.after - time.monotonic()))
            await places.acquire()
            group.create_task(_send(http, tokens, one, log, places))


async def _send(
    http: httpx.AsyncClient, tokens: dict[str, str], one: Planned, log: Log, places: asyncio.Semaphore
) -> None:
    headers = {"Authorization": f"Bearer {tokens[one.role]}", "Idempotency-Key": one.call}
    tries = 0
    try:
        while True:
            tries += 1
            try:
                answer = await http.post("/v1/detections", json=one.body, headers=headers)
            except httpx.TransportError:
                await asyncio.sleep(AGAIN_SECONDS)
                continue
            if answer.status_code == 202:
                log.note(one, answer.json())
                log.tries[tries] += 1
                return
            if answer.status_code < 500 and answer.status_code != 429:
                raise AssertionError(f"{answer.status_code}: {answer.text}")
            await asyncio.sleep(AGAIN_SECONDS)
    finally:
        places.release()
