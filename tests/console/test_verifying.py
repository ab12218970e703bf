"""A bundle is uploaded and verified: by a process apart, within bounds, and nothing of it stays."""

from __future__ import annotations

import asyncio
import io
import resource
import zipfile
from collections.abc import AsyncIterator
from contextlib import suppress
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

pytestmark = pytest.mark.timeout(600)

PLACE = "/v1/audit/verifications"
MOST = 4 * 1024 * 1024
ANOTHER_SEED = bytes(reversed(range(32)))
"""So that the bundles of these tests are those of another house."""


@pytest.fixture(scope="session")
async def desk(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Office]:
    """A console with a register and nothing behind it, that takes small bundles."""
    folder = tmp_path_factory.mktemp("verifying")
    office = open_office(folder, "localhost:1")
    bounds = VerifyingSettings(upload_bytes=MOST, waiting=1, folder=folder / "taken")
    office.parts = replace(office.parts, verifying=bounds, attestation_seed=ANOTHER_SEED)
    async with (
        running(create_app(office.parts)) as url,
        httpx.AsyncClient(base_url=url, timeout=300, trust_env=False) as http,
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


@pytest.mark.long
async def test_a_bundle_holds_by_the_trust_file_sent_with_it(desk: Office, zipped: bytes) -> None:
    answer = await sent(desk, zipped, trust=TRUST.model_dump_json().encode(), replay="yes")
    assert answer.status_code == 200, answer.text
    found = answer.json()
    assert (found["holds"], found["trust"], found["known"]) == (True, "uploaded", False)
    assert len(found["steps"]) == 14
    assert left(desk) == []
    assert {one["outcome"] for one in found["steps"]} == {"holds", "not_checked"}


@pytest.mark.long
async def test_by_this_consoles_own_keys_a_bundle_of_another_house_does_not_hold(
    desk: Office, zipped: bytes
) -> None:
    found = (await sent(desk, zipped)).json()
    assert (found["holds"], found["trust"], found["known"]) == (False, "own", False)
    broken = {one["title"] for one in found["steps"] if one["outcome"] == "broken"}
    assert "statements" in broken
    async with signed_in(http_of(desk), Role.AUDITOR) as visitor:
        page = await visitor.get("/audit/verify")
        csrf = page.text.split('name="csrf" value="')[1].split('"')[0]
        files = {"bundle": ("one.zip", zipped, "application/zip")}
        shown = await visitor.post("/audit/verify", data={"csrf": csrf}, files=files)
        assert shown.status_code == 200, shown.text
        for words in ("is broken</h1>", "This console knows no incident by that id", "It detects:"):
            assert words in shown.text
        forged = await visitor.post("/audit/verify", data={"csrf": "no"}, files=files)
        late = await visitor.post("/audit/verify", content=b"", headers={"content-type": "text/plain"})
    assert forged.status_code == 403
    assert late.status_code == 415
    assert left(desk) == []


def bomb() -> bytes:
    """A zip of a few kilobytes that unpacks to a gigabyte."""
    held = io.BytesIO()
    name = "INC-20260301-aaaaaa/data/bundle.json"
    with (
        zipfile.ZipFile(held, "w", zipfile.ZIP_DEFLATED) as made,
        made.open(name, "w", force_zip64=True) as file,
    ):
        for _ in range(1024):
            file.write(bytes(1024 * 1024))
    return held.getvalue()


def many() -> bytes:
    """A zip whose list of files is all it has."""
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w") as made:
        for number in range(5_000):
            made.writestr(f"INC/{number}/\u202e../../etc/passwd", b"")
    return held.getvalue()


async def test_what_is_no_zip_is_refused_before_anything_reads_it(desk: Office) -> None:
    answer = await sent(desk, b"not a zip at all")
    assert answer.status_code == 422, answer.text
    assert "does not begin as a zip does" in answer.json()["detail"]
    assert left(desk) == []


@pytest.mark.long
@pytest.mark.parametrize(
    ("bundle", "status", "words"),
    [
        (b"", 422, "Choose the file"),
        (b"PK\x03\x04" + bytes(100_000), 422, "no bundle"),
        (bytes(MOST + 1), 422, "does not begin as a zip does"),
        (b"PK\x03\x04" + bytes(MOST), 413, "larger than 4 MiB"),
        (bomb(), 422, "bundle.json is not there"),
        (many(), 422, "bundle.json is not there"),
    ],
    ids=("nothing", "rubbish", "zeros", "too large", "bomb", "names"),
)
async def test_what_is_no_bundle_is_refused_in_words_and_leaves_nothing(
    desk: Office, bundle: bytes, status: int, words: str
) -> None:
    answer = await sent(desk, bundle)
    assert answer.status_code == status, answer.text
    assert words in answer.json()["detail"]
    assert str(desk.parts.verifying.folder) not in answer.text
    assert left(desk) == []


@pytest.mark.long
async def test_a_bundle_that_was_cut_off_or_altered_is_told_apart(desk: Office, zipped: bytes) -> None:
    cut = await sent(desk, zipped[: len(zipped) // 2])
    assert (cut.status_code, "neither a folder nor a zip" in cut.json()["detail"]) == (422, True)
    altered = zipped.replace(b'"sequence":3,', b'"sequence":4,', 1)
    found = (await sent(desk, altered, trust=TRUST.model_dump_json().encode())).json()
    package = found["steps"][0]
    assert (found["holds"], package["outcome"]) == (False, "broken")
    assert package["findings"][0]["where"].startswith("data/")


@pytest.mark.long
@pytest.mark.parametrize("trust", [b"[" * 100_000, b'{"attestation": {}}'], ids=("deep", "empty"))
async def test_a_trust_file_that_can_not_be_used_is_named(desk: Office, zipped: bytes, trust: bytes) -> None:
    answer = await sent(desk, zipped, trust=trust)
    assert answer.status_code == 422, answer.text
    assert "trust file" in answer.json()["detail"]


@pytest.mark.long
async def test_a_gigabyte_of_zeros_takes_no_memory_and_the_console_goes_on_answering(desk: Office) -> None:
    chunk, http = bytes(1024 * 1024), http_of(desk)
    boundary = "b" * 20
    head = (
        f'--{boundary}\r\nContent-Disposition: form-data; name="bundle"; filename="z.zip"\r\n\r\n'.encode()
        + b"PK\x03\x04"
    )

    async def zeros() -> AsyncIterator[bytes]:
        yield head
        for _ in range(1024):
            yield chunk

    before = memory()
    headers = {**bearer(Role.AUDITOR), "content-type": f"multipart/form-data; boundary={boundary}"}

    async def send() -> None:
        # Whether the sender reads the answer before the connection ends is up to their client.
        with suppress(httpx.TransportError):
            answer = await http.post(PLACE, headers=headers, content=zeros())
            assert answer.status_code == 413

    sending = asyncio.create_task(send())
    answered = 0
    while not sending.done():
        assert (await http.get("/healthz")).status_code == 200
        answered += 1
    await sending
    assert answered
    assert memory() - before < 100 * 1024 * 1024
    assert left(desk) == []


@pytest.mark.long
async def test_of_one_person_one_at_a_time_is_verified_and_the_queue_has_an_end(
    desk: Office, zipped: bytes
) -> None:
    roles = (Role.AUDITOR, Role.AUDITOR, Role.SECURITY, Role.LEGAL)
    answers = await asyncio.gather(*(sent(desk, zipped, role=role) for role in roles))
    by_role = [(role, answer.status_code) for role, answer in zip(roles, answers, strict=True)]
    assert sorted(code for _, code in by_role) == [200, 200, 409, 503], by_role
    assert sorted(code for role, code in by_role if role is Role.AUDITOR) == [200, 409]
    assert left(desk) == []


@pytest.mark.long
async def test_what_takes_too_long_is_ended_with_all_it_started(
    desk: Office, zipped: bytes, tmp_path: Path
) -> None:
    bounds = desk.parts.verifying.model_copy(update={"time": timedelta(milliseconds=300), "folder": tmp_path})
    hasty = Office.__new__(Office)
    hasty.parts = replace(desk.parts, verifying=bounds)
    async with (
        running(create_app(hasty.parts)) as url,
        httpx.AsyncClient(base_url=url, timeout=60, trust_env=False) as http,
    ):
        hasty.http = http
        answer = await sent(hasty, zipped)
    assert answer.status_code == 504, answer.text
    assert "andon audit verify" in answer.json()["detail"]
    assert list(tmp_path.iterdir()) == []


def http_of(office: Office) -> httpx.AsyncClient:
    assert office.http is not None
    return office.http


def memory() -> int:
    """Return what this process, which the console is part of, holds in memory that it shares with no file."""
    _, resident, shared, *_ = Path("/proc/self/statm").read_text("ascii").split()
    return (int(resident) - int(shared)) * resource.getpagesize()
