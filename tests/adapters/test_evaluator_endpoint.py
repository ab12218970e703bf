"""A suite behind an HTTP endpoint: asked until it is over, and mistrusted."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any, Final

import pytest

from andon.config import TrialSettings
from andon.domain.gate import EvaluationResult
from andon.register.engine import Databases
from tests.adapters.suites import VERSIONS, WITHIN, Bench, suite
from tests.register.cases import INCIDENT


@dataclass
class Endpoint:
    """An endpoint that runs suites: what it is to answer, and what it was asked."""

    answers: list[tuple[int, dict[str, str] | Any]]
    asked: list[bytes] = field(default_factory=list)
    port: int = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/runs"

    async def answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        length = next(
            (
                int(one.split(b":")[1])
                for one in head.lower().split(b"\r\n")
                if one.startswith(b"content-length")
            ),
            0,
        )
        self.asked.append(head + await reader.readexactly(length))
        status, body = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        text = json.dumps(body).encode()
        writer.write(
            b"HTTP/1.1 %d x\r\nconnection: close\r\ncontent-length: %d\r\n\r\n%b" % (status, len(text), text)
        )
        await writer.drain()
        writer.close()


@asynccontextmanager
async def endpoint(*answers: tuple[int, Any]) -> AsyncIterator[Endpoint]:
    found = Endpoint(list(answers))
    server = await asyncio.start_server(found.answer, "127.0.0.1", 0)
    async with server:
        found.port = server.sockets[0].getsockname()[1]
        yield found


RESULT: Final = {
    "suite": "desk",
    "status": "success",
    "versions": VERSIONS,
    "total": 1,
    "cases": [{"id": INCIDENT, "incident": INCIDENT, "passed": True}],
}


async def at(
    found: Endpoint, tmp_path: Path, databases: Databases, within: timedelta = WITHIN
) -> tuple[EvaluationResult, Bench]:
    settings = TrialSettings.model_validate(
        {"private_hosts": (f"127.0.0.1:{found.port}",), "secrets": {"runner": "s3cret"}}
    )
    bench = Bench(tmp_path, databases, settings)
    await bench.kept_trace('["hi"]')
    bench.registered(suite("http", options={"url": found.url, "secret": "runner"}))
    return await bench.result(within), bench


async def test_an_endpoint_is_asked_until_its_run_is_over(tmp_path: Path, databases: Databases) -> None:
    running = (202, {"status_url": "/runs/1", "done": 1, "total": 2})
    async with endpoint(running, (200, RESULT)) as found:
        result, bench = await at(found, tmp_path, databases)
    assert (result.problem, result.completed, result.incident_case) == ("", True, True)
    assert found.asked[0].startswith(b"POST /runs ")
    assert found.asked[1].startswith(b"GET /runs/1 ")
    assert b"authorization: bearer s3cret" in found.asked[0].lower()
    assert json.loads(found.asked[0].partition(b"\r\n\r\n")[2])["cases"][0]["incident"] == INCIDENT
    assert "1 of 2 cases" in bench.progress
    assert result.confinement is not None
    assert result.confinement.network == "not_possible: it runs elsewhere"


@pytest.mark.long
@pytest.mark.parametrize(
    ("answers", "problem"),
    [
        ([(500, {})], "not_started"),
        ([(302, {})], "not_started"),
        ([(202, {"status_url": "https://example.org/steal"})], "not_started"),
        ([(200, {"status": "success"})], "garbled"),
        ([(202, {"status_url": "/runs/1"}), (404, {})], "no_result"),
    ],
    ids=["error", "redirect", "elsewhere", "garbled", "lost"],
)
async def test_an_endpoint_that_misbehaves_gives_no_result_and_says_why(
    tmp_path: Path, databases: Databases, answers: list[tuple[int, Any]], problem: str
) -> None:
    async with endpoint(*answers) as found:
        result, _ = await at(found, tmp_path, databases)
    assert (result.problem, result.completed) == (problem, False)


@pytest.mark.long
async def test_an_endpoint_that_never_ends_runs_into_its_time(tmp_path: Path, databases: Databases) -> None:
    async with endpoint((202, {"status_url": "/runs/1"})) as found:
        result, _ = await at(found, tmp_path, databases, timedelta(seconds=3))
    assert result.problem == "timeout"
