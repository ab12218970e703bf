"""Andon's own processes as parts of the stack: door, recorder, console, workers."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Mapping

import httpx

from andon.adapters.store.identities import BY_PART
from andon.config import SETTINGS_FILE_VARIABLE
from infra.embedded.credentials import S3Identity
from infra.embedded.folder import DataFolder
from infra.embedded.part import Layer, Part, Readiness, Say
from infra.embedded.secrets_of_parts import environment_of

PAUSE = 0.05
HEALTH_WITHIN = 2.0

MIGRATE = "migrate"
QUEUES = ("andon", "andon-evidence", "andon-evaluation", "andon-custody")
SERVER_NEEDS: Mapping[str, frozenset[str]] = {
    # The door and the recorder depend on neither Temporal nor the evidence store.
    "door": frozenset({MIGRATE}),
    "recorder": frozenset({MIGRATE}),
    "console": frozenset({MIGRATE}),
}
STANDS_BACK = 5
"""On one machine, a page or a suite can wait for a containment, and never the other way round."""
STANDING_BACK = frozenset({"console", "worker-andon-evaluation"})


def python_parts(
    folder: DataFolder,
    ports: Mapping[str, int],
    inherited: Mapping[str, str],
    identities: Mapping[str, S3Identity],
) -> tuple[Part, ...]:
    """Return migrations, servers and workers; `inherited` is the environment they get.

    Each gets the identity of the object store and the secrets that are meant for it, and no other.
    """
    settings = {SETTINGS_FILE_VARIABLE: str(folder.settings), "PYTHONUNBUFFERED": "1"}

    def part(name: str, *command: str, layer: Layer, ready: Readiness | None, needs: frozenset[str]) -> Part:
        return Part(
            name=name,
            # -P: a folder named `workflows` where the person stands must not be imported.
            argv=(sys.executable, "-P", "-m", "andon.cli.main", *command),
            environment={**environment_of(name, inherited), **settings, **_identity(name, identities)},
            folder=folder.root,
            layer=layer,
            ready=ready,
            needs=needs,
            before_start=(folder.worker_ready(name),) if layer is Layer.WORKERS else (),
            stop_within=10 if layer is Layer.WORKERS else 5,
            niceness=STANDS_BACK if name in STANDING_BACK else 0,
        )

    migrate = part(MIGRATE, "migrate", layer=Layer.STORES, ready=None, needs=frozenset())
    servers = [
        part(name, name, layer=Layer.SERVERS, ready=_healthy(ports[name]), needs=needs)
        for name, needs in SERVER_NEEDS.items()
    ]
    workers = [
        part(
            f"worker-{queue}",
            *("worker", "--queue", queue),
            layer=Layer.WORKERS,
            ready=_polls(folder, f"worker-{queue}"),
            needs=frozenset({MIGRATE, "temporal", "weed"}),
        )
        for queue in QUEUES
    ]
    return migrate, *servers, *workers


def _identity(part: str, identities: Mapping[str, S3Identity]) -> dict[str, str]:
    meant = BY_PART.get(part)
    keys = identities[meant.name] if meant else None
    return {
        "ANDON_STORE__ACCESS_KEY": keys.access_key if keys else "",
        "ANDON_STORE__SECRET_KEY": keys.secret_key if keys else "",
    }


def _healthy(port: int) -> Readiness:
    url = f"http://localhost:{port}/healthz"

    async def ready(say: Say) -> None:
        say(url)
        async with httpx.AsyncClient(timeout=HEALTH_WITHIN, trust_env=False) as client:
            while not await _answers(client, url):  # noqa: ASYNC110 - another process answers
                await asyncio.sleep(PAUSE)

    return ready


async def _answers(client: httpx.AsyncClient, url: str) -> bool:
    try:
        return (await client.get(url)).status_code == httpx.codes.OK
    except httpx.TransportError:
        return False


def _polls(folder: DataFolder, name: str) -> Readiness:
    async def ready(say: Say) -> None:
        say("it to poll its queue")
        while not folder.worker_ready(name).exists():  # noqa: ASYNC110 - another process writes it
            await asyncio.sleep(PAUSE)

    return ready
