"""A door on fresh databases, and a real Temporal server to open incidents in."""

from __future__ import annotations

import asyncio
import os
import socket
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest
import yaml
from fastapi import FastAPI
from temporalio.client import Client, RPCError
from temporalio.contrib.pydantic import pydantic_data_converter
from temporalio.worker import Worker

from andon.adapters.store.texts import SealedTexts
from andon.adapters.store.vault import AesVault
from andon.config import (
    DatabaseSettings,
    IntakeSettings,
    KeySettings,
    ListenSettings,
    PolicySettings,
    Settings,
    TemporalSettings,
)
from andon.domain.directory import Role
from andon.door.app import create_app
from andon.register.detections import Detections
from andon.register.engine import Databases, open_databases
from andon.register.incidents import Incidents
from andon.register.keys import WrappedKeys
from andon.register.switches import Switches
from andon.register.texts import Texts
from tests.api.server import bearer, free_socket, running, write_tokens
from tests.door.incident import IncidentWorkflow

SEARCH_ATTRIBUTES = (
    "AndonSeverity=Keyword",
    "AndonStage=Keyword",
    "AndonSystem=Keyword",
    "AndonClassification=Keyword",
    "AndonExercise=Bool",
    "AndonNextDeadline=Datetime",
)
SYSTEM = {
    "id": "refund_desk",
    "name": "Refund desk",
    "tier": "medium",
    "owner": "business_owner-1",
    "levers": [
        {"verb": "pause_system"},
        {"verb": "disable_tool", "target": "issue_refund"},
        {"verb": "route_to_review"},
        {"verb": "rate_limit", "normal": 600},
    ],
}
PROBE_TOKEN = "andon_probe_secret"


class TemporalServer:
    """The dev server on a port and a database file of its own; it can be stopped and started again."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        with free_socket() as held:
            self._port = held.getsockname()[1]
        self.address = f"127.0.0.1:{self._port}"
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        named = [part for one in SEARCH_ATTRIBUTES for part in ("--search-attribute", one)]
        flags = {
            "history.transferProcessorMaxPollRPS": "2000",
            "history.timerProcessorMaxPollRPS": "2000",
            "matching.numTaskqueueReadPartitions": "1",
            "matching.numTaskqueueWritePartitions": "1",
        }
        tuned = [
            part for key, value in flags.items() for part in ("--dynamic-config-value", f"{key}={value}")
        ]
        self._process = subprocess.Popen(
            [
                *(str(Path(sys.executable).with_name("temporal")), "server", "start-dev", "--headless"),
                *("--ip", "127.0.0.1", "--port", str(self._port), "--log-level", "error"),
                *("--db-filename", str(self._folder / "temporal.db")),
                *("--sqlite-pragma", "journal_mode=wal", "--namespace", "andon", *named, *tuned),
            ],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            env={"PATH": os.defpath, "HOME": str(self._folder)},
        )

    def stop(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.wait(timeout=20)
            self._process = None

    async def client(self) -> Client:
        """Return a client once the server answers."""
        async with asyncio.timeout(30):
            while True:
                try:
                    client = await Client.connect(
                        self.address, namespace="andon", data_converter=pydantic_data_converter
                    )
                    await client.count_workflows("AndonSystem = 'none'")
                except (RuntimeError, RPCError):
                    # It starts: refused, then without its namespace or attributes, then ready.
                    await asyncio.sleep(0.1)
                else:
                    return client


@pytest.fixture(scope="session")
def temporal(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TemporalServer]:
    server = TemporalServer(tmp_path_factory.mktemp("temporal"))
    server.start()
    yield server
    server.stop()


@pytest.fixture(scope="session")
async def worker(temporal: TemporalServer) -> AsyncIterator[Client]:
    """A stand-in for the incident's workflow, on the queue the door starts it on."""
    client = await temporal.client()
    async with Worker(client, task_queue="andon", workflows=[IncidentWorkflow], build_id="stand-in"):
        yield client


@pytest.fixture
def nowhere() -> str:
    """An address at which nobody listens."""
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        return f"127.0.0.1:{held.getsockname()[1]}"


@dataclass
class Door:
    """A running door, and the databases behind it."""

    url: str
    http: httpx.AsyncClient
    databases: Databases
    settings: Settings
    app: FastAPI

    @property
    def switches(self) -> Switches:
        return Switches(self.databases.switches)

    @property
    def incidents(self) -> Incidents:
        return Incidents(self.databases.register)

    @property
    def detections(self) -> Detections:
        return Detections(self.databases.register)

    @property
    def texts(self) -> SealedTexts:
        vault = AesVault(self.settings.keys.master, WrappedKeys(self.databases.register))
        return SealedTexts(vault, Texts(self.databases.register))

    def write_source(self, name: str, **fields: object) -> None:
        """Write a source file and put it in force."""
        assert self.settings.policy.playbooks is not None
        folder = self.settings.policy.playbooks / "sources"
        folder.mkdir(exist_ok=True)
        mapped = {"system": {"fixed": "refund_desk"}, "title": ["title", "payload.summary"]}
        given = fields if fields.get("kind") == "native" else {**mapped, **fields}
        (folder / f"{name}.yaml").write_text(yaml.safe_dump({"id": name, **given}))
        self.app.state.policy.load()

    async def detect(
        self, role: Role = Role.DETECTOR, /, query: str = "", **report: object
    ) -> httpx.Response:
        sent = {"system": "refund_desk", "channel": "monitoring", "title": "It refunds a stranger", **report}
        return await self.http.post(f"/v1/detections{query}", json=sent, headers=bearer(role))

    async def stop(self, role: Role = Role.RESPONDER, /, **request: object) -> httpx.Response:
        sent = {"system": "refund_desk", "reason": "It refunds strangers", **request}
        return await self.http.post("/v1/stop", json=sent, headers=bearer(role))

    async def flag(self, key: str) -> httpx.Response:
        path = f"/ofrep/v1/evaluate/flags/{key}"
        return await self.http.post(path, json={"context": {}}, headers=bearer(Role.DETECTOR))


def write_policy(folder: Path) -> PolicySettings:
    """Write one AI system and one person a role; the playbooks are the shipped ones."""
    systems, playbooks = folder / "systems", folder / "playbooks"
    systems.mkdir()
    playbooks.mkdir()
    (systems / "refund_desk.yaml").write_text(yaml.safe_dump(SYSTEM))
    people = [{"id": f"{role.value}-1", "name": role.value, "roles": [role.value]} for role in Role]
    (folder / "people.yaml").write_text(yaml.safe_dump({"people": people}))
    return PolicySettings(systems=systems, playbooks=playbooks, people=folder / "people.yaml")


def make_settings(folder: Path, temporal: str, port: int, **changes: object) -> Settings:
    keys = folder / "keys"
    keys.mkdir()
    for number, name in enumerate(("master.key", "attestation.key")):
        (keys / name).write_bytes(bytes([number + 1]) * 32)
    write_tokens(folder)
    base: dict[str, object] = {
        "data_dir": folder,
        "temporal": TemporalSettings(address=temporal, namespace="andon"),
        "databases": DatabaseSettings(
            switches_url=f"sqlite:///{folder}/switches.db",
            register_url=f"sqlite:///{folder}/register.db",
            recorder_url=f"sqlite:///{folder}/recorder.db",
        ),
        "door": ListenSettings(port=port, url=f"http://127.0.0.1:{port}"),
        "console": ListenSettings(url="http://localhost:1"),
        "keys": KeySettings(master=keys / "master.key", attestation=keys / "attestation.key"),
        "policy": write_policy(folder),
        "intake": IntakeSettings(stops_per_source_per_hour=20),
        "probe_token": PROBE_TOKEN,
    }
    return Settings.model_validate({**base, **changes})


@asynccontextmanager
async def opened(settings: Settings, listening: socket.socket) -> AsyncIterator[Door]:
    app = create_app(settings)
    databases = open_databases(settings.databases)
    async with (
        running(app, listening) as url,
        httpx.AsyncClient(base_url=url, timeout=30, trust_env=False) as http,
    ):
        yield Door(url, http, databases, settings, app)
    databases.close()


@pytest.fixture
async def door(tmp_path: Path, temporal: TemporalServer, worker: Client) -> AsyncIterator[Door]:
    """A door whose incidents find a workflow."""
    listening = free_socket()
    settings = make_settings(tmp_path, temporal.address, listening.getsockname()[1])
    async with opened(settings, listening) as one:
        yield one


@pytest.fixture(scope="session")
async def busy(
    tmp_path_factory: pytest.TempPathFactory, temporal: TemporalServer, worker: Client
) -> AsyncIterator[Door]:
    """One door for all tests that don't mind what others sent it."""
    listening = free_socket()
    folder = tmp_path_factory.mktemp("door")
    async with opened(make_settings(folder, temporal.address, listening.getsockname()[1]), listening) as one:
        yield one


@pytest.fixture
async def lonely(tmp_path: Path, nowhere: str) -> AsyncIterator[Door]:
    """A door without Temporal."""
    listening = free_socket()
    settings = make_settings(tmp_path, nowhere, listening.getsockname()[1])
    async with opened(settings, listening) as one:
        yield one
