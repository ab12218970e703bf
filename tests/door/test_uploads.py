"""Evidence is uploaded before a report names it: bounded, encrypted, and dropped when nobody claims it."""

from __future__ import annotations

import hashlib
import json
import os
import socket
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from andon.adapters.store.uploads import UploadFolder
from andon.config import IntakeSettings
from andon.domain.directory import Role
from andon.domain.errors import SignatureError
from andon.domain.offered import Offered
from andon.door.uploads import CLAIMED, UNCLAIMED, UploadDesk
from andon.register.uploads import Uploads
from tests.api.server import bearer, free_socket
from tests.door.conftest import Door, make_settings, opened

HARM = {"unauthorized_action": "yes", "autonomy": "acts_alone", "uncertainty": "low"}
SMALL = IntakeSettings(
    upload_bytes=4_000, upload_bytes_per_source_per_hour=6_000, upload_bytes_kept=10_000, body_bytes=2_000
)


def kept(door: Door) -> Uploads:
    return Uploads(door.databases.register)


def folder(door: Door) -> UploadFolder:
    return UploadFolder(door.settings.data_dir, door.settings.keys.master)


def content_of(door: Door, upload: str) -> bytes:
    found = kept(door).get(upload)
    assert found is not None
    assert found.wrapped is not None
    return b"".join(folder(door).parts(upload, found.wrapped, 1024))


async def send(door: Door, content: Any, role: Role = Role.DETECTOR, kind: str = "text/plain") -> Any:
    headers = {**bearer(role), "content-type": kind}
    return await door.http.post("/v1/uploads", content=content, headers=headers)


@asynccontextmanager
async def small(tmp_path: Path, nowhere: str) -> AsyncIterator[Door]:
    listening: socket.socket = free_socket()
    port = listening.getsockname()[1]
    async with opened(make_settings(tmp_path, nowhere, port, intake=SMALL), listening) as one:
        yield one


async def test_an_upload_is_answered_with_its_digest_and_lies_encrypted(lonely: Door) -> None:
    content = b"card 4111 1111 1111 1111 " * 200_000
    answer = await send(lonely, content, kind="text/csv; charset=utf-8")
    assert answer.status_code == 201
    told = answer.json()
    assert told["sha256"] == hashlib.sha256(content).hexdigest()
    assert told["size"] == len(content)
    found = kept(lonely).get(told["upload"])
    assert found is not None
    assert (found.received.content_type, found.received.source) == ("text/csv", "source:detector-1")
    (path,) = (lonely.settings.data_dir / "uploads").iterdir()
    assert b"4111" not in path.read_bytes()
    assert content_of(lonely, told["upload"]) == content


async def test_an_upload_without_a_known_length_is_taken_as_it_comes(lonely: Door) -> None:
    async def pieces() -> AsyncIterator[bytes]:
        for number in range(300):
            yield bytes([number % 256]) * 10_000

    told = (await send(lonely, pieces())).json()
    assert told["size"] == 3_000_000
    assert len(content_of(lonely, told["upload"])) == 3_000_000


async def test_an_upload_above_its_limit_is_refused_and_leaves_nothing(tmp_path: Path, nowhere: str) -> None:
    async def endless() -> AsyncIterator[bytes]:
        for _ in range(100):
            yield b"x" * 1_000

    async with small(tmp_path, nowhere) as door:
        told = await send(door, b"x" * 4_001)
        streamed = await send(door, endless())
        assert [told.status_code, streamed.status_code] == [413, 413]
        assert "url" in told.json()["detail"]
        assert list((tmp_path / "uploads").glob("*")) == []
        assert kept(door).bytes_kept() == 0


async def test_what_a_source_uploads_in_an_hour_and_all_of_them_together_is_bounded(
    tmp_path: Path, nowhere: str
) -> None:
    async with small(tmp_path, nowhere) as door:
        codes = [(await send(door, b"x" * 3_000)).status_code for _ in range(3)]
        assert codes == [201, 201, 429]
        assert (await send(door, b"x" * 2_500, Role.REPORTER)).status_code == 201
        assert (await send(door, b"x" * 2_500, Role.REPORTER)).status_code == 507


@pytest.mark.parametrize("role", [Role.AUDITOR, Role.CUSTODIAN])
async def test_who_may_not_report_may_not_upload(lonely: Door, role: Role) -> None:
    assert (await send(lonely, b"x", role)).status_code == 403


async def test_an_upload_that_can_not_be_kept_is_never_acknowledged(lonely: Door) -> None:
    (lonely.settings.data_dir / "uploads").write_text("in the way of the folder")
    answer = await send(lonely, b"x")
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "30")
    assert kept(lonely).bytes_kept() == 0


async def test_an_empty_upload_is_refused(lonely: Door) -> None:
    assert (await send(lonely, b"")).json()["type"].endswith("empty-upload")


async def test_a_report_too_large_to_take_is_told_where_to_upload(lonely: Door) -> None:
    answer = await lonely.detect(description="x" * 300_000)
    assert answer.status_code == 413
    assert f"POST {lonely.settings.door.url}/v1/uploads" in answer.json()["detail"]


async def test_a_report_names_what_it_uploaded_and_where_the_rest_lies(door: Door) -> None:
    upload = (await send(door, b"the trace")).json()["upload"]
    offered = [
        {"kind": "application_log", "upload": upload, "name": "ms-example.log"},
        {"kind": "output", "url": "https://logs.example/ms-example", "sha256": "a" * 64},
    ]
    told = (await door.detect(facts=HARM, evidence=offered)).json()
    row = door.incidents.get(told["incident"])
    assert row is not None
    assert row.opening is not None
    assert row.opening.plan.sources == ("recorder", "uploads")
    assert "ms-example" not in row.opening.model_dump_json()
    assert kept(door).offering(told["incident"]) == [told["receipt"]]
    for file in door.settings.data_dir.glob("register.db*"):
        assert b"ms-example" not in file.read_bytes()


async def test_a_report_that_brings_nothing_asks_nobody_for_uploads(door: Door) -> None:
    row = door.incidents.get((await door.detect(facts=HARM)).json()["incident"])
    assert row is not None
    assert row.opening is not None
    assert row.opening.plan.sources == ("recorder",)


@pytest.mark.parametrize(
    ("offered", "said"),
    [
        ({"kind": "output"}, "give one of url and upload"),
        ({"kind": "output", "url": "https://a.example", "upload": "UPL-" + "a" * 22}, "give one of"),
        ({"kind": "output", "url": "no address"}, "url"),
        ({"kind": "output", "url": "java\nscript:alert(1)"}, "url"),
        ({"kind": "output", "upload": "../../etc/passwd"}, "upload"),
        ({"kind": "hearsay", "url": "https://a.example"}, "application_log"),
        ({"kind": "output", "url": "https://a.example", "sha256": "short"}, "sha256"),
    ],
)
async def test_evidence_in_another_form_is_refused_and_says_which(
    lonely: Door, offered: dict[str, str], said: str
) -> None:
    answer = await lonely.detect(facts=HARM, evidence=[offered])
    assert answer.status_code == 400
    assert said in answer.json()["detail"]


async def test_more_than_fifty_pieces_are_refused(lonely: Door) -> None:
    offered = [{"kind": "output", "url": f"https://a.example/{number}"} for number in range(51)]
    assert (await lonely.detect(facts=HARM, evidence=offered)).status_code == 400
    assert (await lonely.detect(facts=HARM, evidence=offered[:50])).status_code == 202


async def test_what_nobody_claims_is_dropped_after_seven_days_and_its_key_first(lonely: Door) -> None:
    names = [(await send(lonely, b"x")).json()["upload"] for _ in range(2)]
    now = datetime.now(UTC)
    offer = Offered(kind="output", upload=names[1])
    kept(lonely).offer("DET-a", [offer], now)
    desk: UploadDesk = lonely.app.state.uploads
    desk.sweep(now + UNCLAIMED - timedelta(minutes=1))
    assert content_of(lonely, names[0]) == b"x"
    desk.sweep(now + UNCLAIMED + timedelta(minutes=1))
    gone, claimed = (kept(lonely).get(name) for name in names)
    assert gone is not None
    assert gone.wrapped is None
    assert claimed is not None
    assert claimed.wrapped is not None
    assert sorted(path.name for path in (lonely.settings.data_dir / "uploads").iterdir()) == [names[1]]
    desk.sweep(now + CLAIMED + timedelta(minutes=1))
    assert list((lonely.settings.data_dir / "uploads").iterdir()) == []


async def test_what_a_crash_left_half_is_removed_after_a_day(lonely: Door) -> None:
    desk: UploadDesk = lonely.app.state.uploads
    half = folder(lonely).begin("UPL-" + "a" * 22)
    half.write(b"x")
    (path,) = (lonely.settings.data_dir / "uploads").iterdir()
    desk.sweep(datetime.now(UTC))
    assert path.exists()
    long_ago = (datetime.now(UTC) - timedelta(days=2)).timestamp()
    os.utime(path, (long_ago, long_ago))
    desk.sweep(datetime.now(UTC))
    assert not path.exists()
    half.discard()


def altered(sealed: bytes) -> Iterator[bytes]:
    chunk = 1024 * 1024 + 16
    yield sealed[:-1]
    yield sealed[:chunk]
    yield sealed[chunk : 2 * chunk] + sealed[:chunk] + sealed[2 * chunk :]
    yield sealed[:100] + bytes([sealed[100] ^ 1]) + sealed[101:]
    yield sealed + sealed[-20:]
    yield b""


def test_a_sealed_file_that_was_altered_reordered_or_cut_off_is_not_opened(tmp_path: Path) -> None:
    (tmp_path / "master").write_bytes(b"m" * 32)
    uploads = UploadFolder(tmp_path, tmp_path / "master")
    name = "UPL-" + "a" * 22
    incoming = uploads.begin(name)
    incoming.write(os.urandom(2_500_000))
    incoming.commit()
    wrapped = uploads.wrap(name, incoming.key)
    path = tmp_path / "uploads" / name
    sealed = path.read_bytes()
    for other in altered(sealed):
        path.write_bytes(other)
        with pytest.raises(SignatureError):
            list(uploads.parts(name, wrapped, 1024))
    path.write_bytes(sealed)
    with pytest.raises(SignatureError):
        list(uploads.parts(name, uploads.wrap("UPL-" + "b" * 22, incoming.key), 1024))
    assert len(b"".join(uploads.parts(name, wrapped, 1024))) == 2_500_000


def test_the_list_that_is_sealed_is_plain_json() -> None:
    offered = Offered(kind="output", url="https://a.example", name="Größe")
    assert json.loads(offered.model_dump_json(exclude_none=True)) == {
        "kind": "output",
        "url": "https://a.example",
        "name": "Größe",
    }
