"""The flight recorder beside bare reading of what it takes, in one run: `python -m tests.bench.recorder`."""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import sys
import tempfile
import time
from pathlib import Path

import httpx
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from andon.config import DatabaseSettings, RecorderSettings, Settings
from andon.domain.directory import Role
from andon.domain.trace_tree import trace_tree
from andon.recorder.app import create_app
from andon.register.engine import open_databases
from andon.register.traces import Traces
from tests.api.server import bearer, running, write_tokens

SPANS_A_REQUEST = 250
MESSAGE = json.dumps([{"role": "user", "parts": [{"type": "text", "content": "a refund, please " * 60}]}])


def batch(number: int) -> bytes:
    """Return one request whose spans are of a size that applications send."""
    made = ExportTraceServiceRequest()
    resource = made.resource_spans.add()
    resource.resource.attributes.add(key="service.name").value.string_value = "refund_desk"
    spans = resource.scope_spans.add().spans
    for place in range(SPANS_A_REQUEST):
        span = spans.add(
            trace_id=(number * SPANS_A_REQUEST + place // 10 + 1).to_bytes(16, "big"),
            span_id=(place + 1).to_bytes(8, "big"),
            parent_span_id=b"" if place % 10 == 0 else (place - place % 10 + 1).to_bytes(8, "big"),
            name="chat",
            start_time_unix_nano=1_790_000_000_000_000_000 + place,
            end_time_unix_nano=1_790_000_000_100_000_000 + place,
        )
        for key, text in {
            "gen_ai.operation.name": "chat",
            "gen_ai.request.model": "desk-1",
            "gen_ai.input.messages": MESSAGE,
            "gen_ai.response.id": f"resp-{number}-{place}",
        }.items():
            span.attributes.add(key=key).value.string_value = text
    return made.SerializeToString()


async def taken(url: str, batches: list[bytes]) -> float:
    """Send all, two requests at a time, and return the seconds it took."""
    headers = {**bearer(Role.DETECTOR), "Content-Type": "application/x-protobuf"}
    slots = asyncio.Semaphore(2)
    async with httpx.AsyncClient(base_url=url, headers=headers, timeout=120, trust_env=False) as client:

        async def send(body: bytes) -> None:
            async with slots:
                (await client.post("/v1/traces", content=body)).raise_for_status()

        began = time.perf_counter()
        await asyncio.gather(*map(send, batches))
        return time.perf_counter() - began


async def measured(folder: Path, requests: int) -> str:
    """Return the figures in words."""
    write_tokens(folder)
    databases = DatabaseSettings(
        switches_url=f"sqlite:///{folder}/switches.db",
        register_url=f"sqlite:///{folder}/register.db",
        recorder_url=f"sqlite:///{folder}/recorder.db",
    )
    settings = Settings(
        data_dir=folder, databases=databases, recorder=RecorderSettings(body_bytes=64 * 1024 * 1024)
    )
    batches = [batch(number) for number in range(requests)]
    size, count = sum(map(len, batches)) / 1e6, requests * SPANS_A_REQUEST
    async with running(create_app(settings)) as url:
        seconds = await taken(url, batches)
    began = time.perf_counter()
    for body in batches:
        ExportTraceServiceRequest.FromString(body)
    floor = time.perf_counter() - began
    kept = Traces(open_databases(databases).recorder)
    trace = f"{1:032x}"
    began = time.perf_counter()
    steps = len(trace_tree(trace, kept.of([trace])).steps)
    tree = time.perf_counter() - began
    return (
        f"{count} spans, {size:.0f} MB: {size / seconds:.1f} MB/s, {count / seconds:.0f} spans/s; "
        f"bare reading {size / floor:.0f} MB/s; a tree of {steps} steps in {tree * 1000:.1f} ms; "
        f"load {os.getloadavg()[0]:.1f}"
    )


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--requests", type=int, default=40, help=f"of {SPANS_A_REQUEST} spans each")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        print(asyncio.run(measured(Path(folder), given.requests)))
    return 0


if __name__ == "__main__":
    sys.exit(main())
