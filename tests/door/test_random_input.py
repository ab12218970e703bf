"""Random input at every endpoint of the door that takes something: no 5xx, and no lost acknowledgement."""

from __future__ import annotations

import asyncio
import json
import re
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any, Final

import hypothesis
import hypothesis.errors
import pytest
import requests
import schemathesis
from schemathesis import GenerationMode

from andon.domain.directory import Role
from tests.api.server import bearer
from tests.door.conftest import Door, TemporalServer
from tests.storm.checker import check

pytestmark = [
    pytest.mark.stack,
    pytest.mark.timeout(600),
    # Of the library that makes the input, and of what it stands on.
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
]

EXAMPLES: Final = 30
SECONDS: Final = 20
RECEIPT: Final = re.compile(r"DET-[A-Za-z0-9_-]{16}")
STOPS: Final = frozenset({"/v1/stop"})


class Tries:
    """Sends random calls and notes what was acknowledged."""

    def __init__(self, door: Door, log: Path) -> None:
        self._door = door
        self._log = log
        self.answers: Counter[tuple[str, int]] = Counter()

    def run(self) -> None:
        described = requests.get(
            f"{self._door.url}/v1/openapi.json", headers=bearer(Role.ADMIN), timeout=30
        ).json()
        for operation in self._operations(described):
            for mode in GenerationMode:
                self._try(operation, mode)

    @staticmethod
    def _operations(described: dict[str, Any]) -> Iterator[schemathesis.APIOperation[Any, Any, Any, Any]]:
        for found in schemathesis.openapi.from_dict(described).get_all_operations():
            operation = found.ok()  # type: ignore[union-attr] # what the door describes is valid
            if operation.method.upper() in {"POST", "PUT"} and not operation.path.startswith("/ofrep"):
                yield operation

    def _try(self, operation: schemathesis.APIOperation[Any, Any, Any, Any], mode: GenerationMode) -> None:
        role = Role.RESPONDER if operation.path in STOPS or "{" in operation.path else Role.DETECTOR

        @hypothesis.settings(
            max_examples=EXAMPLES,
            deadline=None,
            database=None,
            derandomize=True,
            suppress_health_check=list(hypothesis.HealthCheck),
        )
        @hypothesis.given(case=operation.as_strategy(generation_mode=mode))
        def send(case: schemathesis.Case[Any]) -> None:
            answer = case.call(base_url=self._door.url, headers=bearer(role), timeout=SECONDS)
            self.answers[operation.label, answer.status_code] += 1
            assert answer.status_code < 500, answer.text
            if answer.status_code < 300:
                self._note(answer.text)

        # Some of what is described takes nothing that could be wrong.
        with suppress(hypothesis.errors.Unsatisfiable):
            send()

    def _note(self, text: str) -> None:
        with self._log.open("a") as log:
            for receipt in RECEIPT.findall(text):
                noted = {"receipt": receipt, "outcome": "taken", "system": "", "key": None}
                log.write(json.dumps(noted) + "\n")


async def test_no_random_input_breaks_the_door_and_nothing_acknowledged_is_lost(
    door: Door, temporal: TemporalServer, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    log = tmp_path / "acknowledged.jsonl"
    log.touch()
    tries = Tries(door, log)
    await asyncio.to_thread(tries.run)

    async with asyncio.timeout(60):
        while door.incidents.waiting():
            await asyncio.sleep(0.2)
    verdict = check(log, tmp_path / "register.db", None)
    with capsys.disabled():
        for (label, status), count in sorted(tries.answers.items()):
            print(f"{label:44} {status} {count:>6}")
        print(verdict)
    assert verdict.holds, str(verdict)
    assert verdict.counts["acknowledged"] > 0
    assert {label for label, _ in tries.answers} >= {"POST /v1/detections", "POST /v1/stop"}
