"""Real parts for the adapters: databases, an S3 store with locks, and an OFREP server."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError
from pydantic import SecretStr

from andon.config import DatabaseSettings, StoreSettings
from andon.register.engine import Databases, open_databases
from andon.register.migrate import migrate
from andon.register.switches import Switches
from infra.embedded.weed import MEMORY

SECONDS_TO_START = 60
TOKEN = "probe-token"
WEED_PORTS = (
    "s3.port",
    "s3.port.grpc",
    "master.port",
    "master.port.grpc",
    "volume.port",
    "volume.port.grpc",
    "filer.port",
    "filer.port.grpc",
    "admin.port",
    "admin.port.grpc",
    "metricsPort",
)


@pytest.fixture
def databases(tmp_path: Path) -> Iterator[Databases]:
    settings = DatabaseSettings(
        switches_url=f"sqlite:///{tmp_path}/switches.db",
        register_url=f"sqlite:///{tmp_path}/register.db",
        recorder_url=f"sqlite:///{tmp_path}/recorder.db",
    )
    migrate(settings)
    opened = open_databases(settings)
    yield opened
    opened.close()


def free_ports(count: int) -> list[int]:
    """Ports below the range from which the system takes ports for outgoing connections."""
    start = 20000 + (os.getpid() * 37) % 9000
    found: list[int] = []
    for port in range(start, 32000):
        with socket.socket() as probe, suppress(OSError):
            probe.bind(("127.0.0.1", port))
            found.append(port)
        if len(found) == count:
            return found
    raise RuntimeError("no free ports")


def _bucket_made(settings: StoreSettings, process: subprocess.Popen[bytes]) -> None:
    client = boto3.client(
        "s3",
        endpoint_url=settings.endpoint,
        region_name=settings.region,
        aws_access_key_id=settings.access_key,
        aws_secret_access_key=settings.secret_key.get_secret_value(),
        config=Config(
            s3={"addressing_style": "path"},
            retries={"total_max_attempts": 1},
            connect_timeout=2,
            read_timeout=5,
        ),
    )
    end = time.monotonic() + SECONDS_TO_START
    while True:
        try:
            client.create_bucket(Bucket=settings.bucket, ObjectLockEnabledForBucket=True)
            client.put_object(Bucket=settings.bucket, Key="ready", Body=b"ready")
        except client.exceptions.BucketAlreadyOwnedByYou:
            continue
        except (BotoCoreError, ClientError):
            if time.monotonic() > end or process.poll() is not None:
                raise
            time.sleep(0.1)
        else:
            client.close()
            return


@pytest.fixture(scope="session")
def s3_settings(tmp_path_factory: pytest.TempPathFactory) -> Iterator[StoreSettings]:
    """A SeaweedFS of its own with a bucket that locks."""
    folder = tmp_path_factory.mktemp("weed")
    ports = free_ports(len(WEED_PORTS))
    settings = StoreSettings(
        endpoint=f"http://127.0.0.1:{ports[0]}",
        bucket="evidence",
        access_key="engine",
        secret_key=SecretStr("engine-secret"),
    )
    identity = {
        "name": "engine",
        "credentials": [{"accessKey": "engine", "secretKey": "engine-secret"}],
        "actions": ["Admin"],
    }
    (folder / "s3.json").write_text(json.dumps({"identities": [identity]}))
    (folder / "objects").mkdir()
    options = {
        "dir": str(folder / "objects"),
        "ip": "127.0.0.1",
        "ip.bind": "127.0.0.1",
        "master.telemetry": "false",
        "admin.ui": "false",
        "webdav": "false",
        "s3.config": str(folder / "s3.json"),
        "s3.port.iceberg": "0",
        "s3.port.lance": "0",
        "s3.localSocket": "s3.sock",
        "filer.localSocket": "filer.sock",
        **{name: str(port) for name, port in zip(WEED_PORTS, ports, strict=True)},
    }
    weed = Path(sys.executable).with_name("weed")
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(
            [weed, "mini", *(f"-{name}={value}" for name, value in options.items())],
            cwd=folder,
            stdout=log,
            stderr=subprocess.STDOUT,
            env={"HOME": str(folder), "PATH": "/usr/bin:/bin", "GOMEMLIMIT": MEMORY},
        )
        try:
            _bucket_made(settings, process)
            yield settings
        finally:
            process.kill()
            process.wait(timeout=30)


class OfrepServer:
    """A small OFREP server over a switch store; it can be told to misbehave."""

    def __init__(self, switches: Switches) -> None:
        self.normal: dict[str, bool | int] = {}
        self.answers: dict[str, tuple[int, dict[str, object]]] = {}
        self.tokens: list[str] = []
        outer = self

        class Request(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                sent = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                outer.tokens.append(self.headers.get("Authorization", ""))
                context = sent.get("context", {})
                status, body = outer.answered(self.path.rsplit("/", 1)[1], switches, context)
                content = json.dumps(body).encode()
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

            def log_message(self, *_: object) -> None:
                """Say nothing."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Request)
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01}).start()

    def answered(
        self, key: str, switches: Switches, context: dict[str, object]
    ) -> tuple[int, dict[str, object]]:
        if key in self.answers:
            return self.answers[key]
        if key not in self.normal:
            return 404, {"key": key, "errorCode": "FLAG_NOT_FOUND", "errorDetails": key}
        answer = switches.answer(key, self.normal[key], context)
        metadata = {"incident": answer.holds[0].incident} if answer.holds else {}
        return 200, {
            "key": key,
            "value": answer.value,
            "reason": answer.reason,
            "variant": "normal",
            "metadata": metadata,
        }

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()


@pytest.fixture
def ofrep(databases: Databases) -> Iterator[OfrepServer]:
    server = OfrepServer(Switches(databases.switches))
    yield server
    server.close()
