"""With Temporal away people can still read, and are told what to do about their answer."""

from __future__ import annotations

import dataclasses
import socket
from datetime import timedelta
from pathlib import Path

import httpx

from andon.config import TemporalSettings
from andon.console.app import create_app
from andon.console.delivery import Engine
from andon.domain.directory import Role
from tests.api.server import running
from tests.console.desk import Caller, open_office


async def test_while_temporal_is_away_an_answer_gets_a_503_and_reading_goes_on(tmp_path: Path) -> None:
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        nowhere = f"127.0.0.1:{held.getsockname()[1]}"
        office = open_office(tmp_path, nowhere)
        engine = Engine(TemporalSettings(address=nowhere, namespace="default"), timedelta(seconds=1))
        app = create_app(dataclasses.replace(office.parts, engine=engine))
        opening = await office.allot()
        async with running(app) as url, httpx.AsyncClient(base_url=url, timeout=20, trust_env=False) as http:
            answer = await Caller(http, Role.RESPONDER).answer(opening.incident, "triage-1", "confirm")
            assert answer.status_code == 503
            assert answer.headers["retry-after"] == "2"
            assert "Idempotency-Key" in answer.json()["detail"]
            told = await Caller(http, Role.RESPONDER).get(f"/v1/incidents/{opening.incident}")
            assert told.status_code == 200
            history = await Caller(http, Role.AUDITOR).get(f"/v1/incidents/{opening.incident}/history")
            assert history.status_code == 503
        office.queries.databases.close()
