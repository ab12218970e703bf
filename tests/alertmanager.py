"""The real Prometheus Alertmanager, as its Debian package brings it."""

from __future__ import annotations

import asyncio
import os
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml

PROGRAM = Path("/usr/bin/prometheus-alertmanager")
real = pytest.mark.skipif(
    not PROGRAM.exists() and not os.environ.get("CI"),
    reason="no Alertmanager: install it (apt-get install prometheus-alertmanager) to try the real one",
)
"""On tests that run it; in CI, which installs it, they are not skipped but fail."""


class Alertmanager:
    """One that runs."""

    def __init__(self, url: str) -> None:
        self.http = httpx.AsyncClient(base_url=url, timeout=10, trust_env=False)

    async def post(self, *alerts: dict[str, Any]) -> None:
        """Give it alerts, as Prometheus would."""
        answer = await self.http.post("/api/v2/alerts", json=list(alerts))
        answer.raise_for_status()


@asynccontextmanager
async def alertmanager(folder: Path, webhook: str, token: str) -> AsyncIterator[Alertmanager]:
    """Run one that sends all it has to a webhook, group by group, without waiting for more."""
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        port = held.getsockname()[1]
    authorization = {"authorization": {"type": "Bearer", "credentials": token}}
    config = {
        "route": {
            "receiver": "andon",
            "group_by": ["alertname"],
            "group_wait": "200ms",
            "group_interval": "1s",
            "repeat_interval": "1h",
        },
        "receivers": [
            {
                "name": "andon",
                "webhook_configs": [{"url": webhook, "send_resolved": True, "http_config": authorization}],
            }
        ],
    }
    file = folder / "alertmanager.yml"
    file.write_text(yaml.safe_dump(config))
    running = await asyncio.create_subprocess_exec(
        *(str(PROGRAM), f"--config.file={file}", f"--storage.path={folder / 'alertmanager'}"),
        *(f"--web.listen-address=127.0.0.1:{port}", "--cluster.listen-address=", "--log.level=warn"),
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.DEVNULL,
    )
    one = Alertmanager(f"http://127.0.0.1:{port}")
    try:
        await _ready(one.http)
        yield one
    finally:
        await one.http.aclose()
        running.terminate()
        await asyncio.wait_for(running.wait(), timeout=20)


async def _ready(http: httpx.AsyncClient) -> None:
    async with asyncio.timeout(30):
        while True:
            try:
                if (await http.get("/-/ready")).is_success:
                    return
            except httpx.TransportError:
                pass
            await asyncio.sleep(0.05)
