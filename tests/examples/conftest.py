"""A refund desk, its model server and the services around it, each a real process or server."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import ExitStack, closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

from examples.refund_desk.processes import running
from examples.refund_desk.releases import SHIPPED
from tests.examples.services import LEVER_TOKEN, TOKEN, Door, Flags, Traces, serving


@pytest.fixture(scope="session")
def model_url() -> Iterator[str]:
    with running("model_server") as model:
        yield model.url()


@pytest.fixture
def flags() -> Iterator[Flags]:
    service = Flags()
    service.allow_everything()
    yield service
    service.released.set()


@pytest.fixture
def traces() -> Traces:
    return Traces()


@pytest.fixture
def door() -> Door:
    return Door()


@dataclass
class Desk:
    """A running refund desk as its customers and its operators see it."""

    url: str
    folder: Path
    http: httpx.Client

    @property
    def token_file(self) -> Path:
        return self.folder / "token"

    @property
    def refunds_file(self) -> Path:
        return self.folder / "data" / "refunds.db"

    def send(self, ticket_id: str, text: str, account_id: str = "ACC-1001") -> dict[str, Any]:
        ticket = {"ticket_id": ticket_id, "account_id": account_id, "text": text}
        answer = self.http.post("/tickets", json=ticket)
        assert answer.status_code == 200, answer.text
        reply: dict[str, Any] = answer.json()
        return reply

    def deploy(self, body: dict[str, Any]) -> httpx.Response:
        return self.http.post("/admin/deploy", json=body, headers={"Authorization": f"Bearer {TOKEN}"})

    def publish(self, index: str) -> None:
        headers = {"Authorization": f"Bearer {TOKEN}"}
        assert self.http.post("/admin/index", json={"index": index}, headers=headers).status_code == 200

    def rows(self, table: str) -> list[dict[str, Any]]:
        with closing(sqlite3.connect(self.refunds_file)) as db:
            db.row_factory = sqlite3.Row
            return [dict(row) for row in db.execute(f"SELECT * FROM {table} ORDER BY id")]  # noqa: S608


@pytest.fixture
def desk(tmp_path: Path, model_url: str, flags: Flags, traces: Traces) -> Iterator[Desk]:
    """A desk in production form on release v1.0."""
    (tmp_path / "token").write_text(TOKEN + "\n")
    (tmp_path / "lever_token").write_text(LEVER_TOKEN + "\n")
    shutil.copyfile(SHIPPED / "v1.0.json", tmp_path / "release.json")
    with ExitStack() as stack:
        ofrep = stack.enter_context(serving(flags.answer))
        otlp = stack.enter_context(serving(traces.answer))
        names = {
            "--data": tmp_path / "data",
            "--release": tmp_path / "release.json",
            "--token-file": tmp_path / "token",
            "--lever-token-file": tmp_path / "lever_token",
            "--model-url": model_url,
            "--ofrep": ofrep,
            "--otlp": otlp,
        }
        arguments = [str(word) for pair in names.items() for word in pair]
        url = stack.enter_context(running("server", *arguments)).url()
        http = stack.enter_context(httpx.Client(base_url=url, timeout=20))
        yield Desk(url, tmp_path, http)
