"""What reports brought becomes evidence with its provenance; what can't be had becomes a named gap."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from andon.adapters.sources.uploads import PART_BYTES, UploadsSource
from andon.adapters.store.texts import SealedTexts
from andon.adapters.store.uploads import UploadFolder
from andon.adapters.store.vault import AesVault
from andon.domain.detection import Channel, Outcome
from andon.domain.errands import EvidenceQuery
from andon.domain.evidence import EvidenceRow, Gap, GapReason
from andon.domain.offered import Offered, Received
from andon.ports import Captured
from andon.register.detections import Detection, Detections
from andon.register.engine import Databases
from andon.register.keys import WrappedKeys
from andon.register.texts import Texts
from andon.register.uploads import Uploads
from tests.register.cases import INCIDENT, NOW

ROWS = (EvidenceRow(id="logs", kinds=("application_log",)), EvidenceRow(id="outputs", kinds=("output",)))
QUERY = EvidenceQuery(incident=INCIDENT, system="refund_desk", since=NOW - timedelta(hours=1), until=NOW)
SENDER = "source:monitor"


@dataclass
class Shelf:
    """Uploads, reports and the source between them."""

    detections: Detections
    uploads: Uploads
    folder: UploadFolder
    texts: SealedTexts
    source: UploadsSource

    def upload(self, number: int, content: bytes, sender: str = SENDER) -> str:
        name = f"UPL-{number:022d}"
        incoming = self.folder.begin(name)
        incoming.write(content)
        digest = incoming.commit()
        received = Received(
            upload=name,
            source=sender,
            received_at=NOW,
            sha256=digest,
            size_bytes=len(content),
            content_type="text/plain",
        )
        self.uploads.put(received, self.folder.wrap(name, incoming.key))
        return name

    async def report(self, number: int, *offered: Offered, incident: str | None = INCIDENT) -> str:
        receipt = f"DET-{number:016d}"
        text = json.dumps([one.model_dump(mode="json", exclude_none=True) for one in offered])
        sealed = await self.texts.seal(INCIDENT, "evidence", text)
        self.detections.record(
            Detection(
                id=receipt,
                incident=incident,
                system="refund_desk",
                outcome=Outcome.OPENED,
                channel=Channel.MONITORING,
                source=SENDER,
                received_at=NOW,
                detected_at=NOW,
                evidence=sealed,
            )
        )
        self.uploads.offer(receipt, offered, NOW)
        return receipt

    async def collected(self) -> tuple[list[Captured], list[Gap]]:
        found = [one async for one in self.source.collect(QUERY)]
        return [one for one in found if isinstance(one, Captured)], [
            one for one in found if isinstance(one, Gap)
        ]


@pytest.fixture
def shelf(databases: Databases, tmp_path: Path) -> Shelf:
    (tmp_path / "master").write_bytes(b"m" * 32)
    detections, uploads = Detections(databases.register), Uploads(databases.register)
    folder = UploadFolder(tmp_path, tmp_path / "master")
    vault = AesVault(tmp_path / "master", WrappedKeys(databases.register))
    texts = SealedTexts(vault, Texts(databases.register))
    source = UploadsSource(detections, uploads, folder, texts, ROWS)
    return Shelf(detections, uploads, folder, texts, source)


def log(upload: str, **more: Any) -> Offered:
    return Offered(kind="application_log", upload=upload, **more)


def records(items: Sequence[Captured]) -> list[dict[str, Any]]:
    return [json.loads(one.content) for one in items if one.kind == "upload_record"]


async def test_an_upload_is_evidence_with_who_when_and_both_digests(shelf: Shelf) -> None:
    upload = shelf.upload(1, b"the log")
    right = hashlib.sha256(b"the log").hexdigest()
    receipt = await shelf.report(1, log(upload, sha256=right, name="a.log"), log(upload, sha256="0" * 64))
    items, gaps = await shelf.collected()
    assert gaps == []
    (content,) = [one for one in items if one.kind == "application_log"]
    assert (content.content, content.content_type, content.name) == (
        b"the log",
        "text/plain",
        f"{upload}/0001",
    )
    first, second = records(items)
    assert (first["as_claimed"], first["sha256_found"], first["sha256_claimed"]) == (True, right, right)
    assert (first["detection"], first["uploaded_by"], first["name"]) == (receipt, SENDER, "a.log")
    assert (second["as_claimed"], second["sha256_found"]) == (False, right)


async def test_a_large_upload_comes_in_parts_that_fit_in_memory(shelf: Shelf) -> None:
    content = bytes(range(256)) * (PART_BYTES * 5 // 2 // 256)
    await shelf.report(1, log(shelf.upload(1, content)))
    items, _ = await shelf.collected()
    parts = [one for one in items if one.kind == "application_log"]
    assert [one.name[-4:] for one in parts] == ["0001", "0002", "0003"]
    assert b"".join(one.content for one in parts) == content
    assert records(items)[0]["parts"] == 3


async def test_an_address_is_noted_and_never_fetched(shelf: Shelf) -> None:
    await shelf.report(1, Offered(kind="output", url="http://127.0.0.1:1/x?a=<b>", name="reply"))
    (item,), gaps = await shelf.collected()
    assert item.kind == "evidence_reference"
    assert json.loads(item.content)["url"] == "http://127.0.0.1:1/x?a=<b>"
    assert json.loads(item.content)["fetched"] is False
    assert gaps == []


async def test_what_can_not_be_had_is_a_gap_of_its_row_with_the_reason(shelf: Shelf) -> None:
    others = shelf.upload(1, b"x", sender="source:somebody-else")
    await shelf.report(1, log(others), Offered(kind="output", upload="UPL-" + "9" * 22))
    items, gaps = await shelf.collected()
    assert items == []
    assert {(gap.row, gap.reason) for gap in gaps} == {
        ("logs", GapReason.DENIED),
        ("outputs", GapReason.EMPTY),
    }


async def test_what_expired_or_was_altered_is_told_apart(shelf: Shelf, tmp_path: Path) -> None:
    gone, altered = shelf.upload(1, b"x"), shelf.upload(2, b"y")
    shelf.uploads.drop_old(NOW + timedelta(days=8), unclaimed=timedelta(days=7), claimed=timedelta(days=90))
    renewed = shelf.upload(3, b"z")
    path = tmp_path / "uploads" / renewed
    path.write_bytes(path.read_bytes()[:-1] + b"!")
    await shelf.report(1, log(gone), Offered(kind="output", upload=renewed))
    items, gaps = await shelf.collected()
    assert items == []
    assert {(gap.row, gap.reason) for gap in gaps} == {
        ("logs", GapReason.RETENTION),
        ("outputs", GapReason.REFUSED),
    }
    assert shelf.uploads.get(altered) is not None


async def test_what_reports_of_other_incidents_brought_stays_there(shelf: Shelf) -> None:
    await shelf.report(1, log(shelf.upload(1, b"x")), incident="INC-20260302-other1")
    assert await shelf.collected() == ([], [])


async def test_a_repeat_gives_the_same_items(shelf: Shelf) -> None:
    await shelf.report(1, log(shelf.upload(1, b"x")), Offered(kind="output", url="https://a.example/x"))
    assert await shelf.collected() == await shelf.collected()
