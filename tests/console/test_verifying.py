"""A bundle is uploaded and verified: by a process apart, within bounds, and nothing of it stays."""

from __future__ import annotations

import asyncio
import io
import json
import zipfile
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import httpx
import pytest

from andon.config import VerifyingSettings
from andon.console.app import create_app
from andon.domain.directory import Role
from tests.api.server import bearer, running
from tests.audit.bundled import TRUST, Made
from tests.audit.conftest import environment, made, told
from tests.console.desk import Office, open_office
from tests.console.test_pages import signed_in

__all__ = ["environment", "made", "told"]

PLACE = "/v1/audit/verifications"
MOST = 4 * 1024 * 1024


@pytest.fixture(scope="session")
async def desk(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Office]:
    """A console with a register and nothing behind it, that takes small bundles."""
    folder = tmp_path_factory.mktemp("verifying")
    office = open_office(folder, "localhost:1")
    bounds = VerifyingSettings(upload_bytes=MOST, waiting=1, folder=folder / "taken", time=timedelta(seconds=40))
    office.parts = replace(office.parts, verifying=bounds)
    async with (
        running(create_app(office.parts)) as url,
        httpx.AsyncClient(base_url=url, timeout=60, trust_env=False) as http,
    ):
        office.http = http
        yield office
    office.queries.databases.close()


@pytest.fixture(scope="session")
def zipped(made: Made, tmp_path_factory: pytest.TempPathFactory) -> bytes:
    return made.write(tmp_path_factory.mktemp("zipped") / "one.zip").read_bytes()


async def sent(
    office: Office, bundle: bytes, *, trust: bytes = b"", role: Role = Role.AUDITOR, **fields: str
) -> httpx.Response:
    assert office.http is not None
    files = {"bundle": ("one.zip", bundle, "application/zip")}
    if trust:
        files["trust"] = ("trust.json", trust, "application/json")
    return await office.http.post(PLACE, headers=bearer(role), files=files, data=fields)


def left(office: Office) -> list[Path]:
    folder = office.parts.verifying.folder
    assert folder is not None
    return list(folder.iterdir()) if folder.exists() else []


async def test_a_bundle_holds_by_the_trust_file_sent_with_it(desk: Office, zipped: bytes) -> None:
    answer = await sent(desk, zipped, trust=TRUST.model_dump_json().encode(), replay="yes")
    assert answer.status_code == 200, answer.text
    found = answer.json()
    assert (found["holds"], found["trust"], found["known"]) == (True, "uploaded", False)
    assert len(found["steps"]) == 14
    assert left(desk) == []
    print(found["seconds"], found["unenforced"], [s["outcome"] for s in found["steps"]])
