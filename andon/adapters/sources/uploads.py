"""Evidence that reports brought: uploads in parts with their provenance, and places that were only named."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from typing import Any, Final, Protocol

from pydantic import TypeAdapter

from andon.adapters.store.uploads import UploadFolder
from andon.domain.errands import EvidenceQuery
from andon.domain.errors import SignatureError
from andon.domain.evidence import EvidenceRow, Gap, GapReason
from andon.domain.offered import Offered, Received
from andon.ports import Captured, SealedText
from andon.register.detections import Detection, Detections
from andon.register.uploads import KeptUpload, Uploads

JSON: Final = "application/json"
PART_BYTES: Final = 8 * 1024 * 1024
"""Larger uploads become several items, so that a snapshot never holds a whole one in memory."""
RECORD: Final = "upload_record"
REFERENCE: Final = "evidence_reference"

_OFFERED: Final = TypeAdapter(tuple[Offered, ...])


class Opener(Protocol):
    """Opens people's words."""

    async def open(self, sealed: SealedText) -> str:
        """Return a text in clear."""


class UploadsSource:
    """Brings what an incident's reports offered into its evidence; an address is noted, never fetched."""

    name = "uploads"
    version = "1"
    supplies: frozenset[str] = frozenset()

    def __init__(
        self,
        detections: Detections,
        uploads: Uploads,
        folder: UploadFolder,
        texts: Opener,
        rows: Sequence[EvidenceRow],
    ) -> None:
        self._detections = detections
        self._uploads = uploads
        self._folder = folder
        self._texts = texts
        self._row_of = {kind: row.id for row in rows for kind in row.kinds}

    async def collect(self, query: EvidenceQuery) -> AsyncIterator[Captured | Gap]:
        """Yield every piece that the incident's reports brought, and a gap for each that can't be had."""
        taken: set[str] = set()
        gaps: dict[str, Gap] = {}
        for receipt in await asyncio.to_thread(self._uploads.offering, query.incident):
            report = await asyncio.to_thread(self._detections.get, receipt)
            for number, offered in enumerate(await self._offered(report), start=1):
                if report is None:
                    continue
                async for found in self._piece(report, number, offered, taken):
                    if isinstance(found, Gap):
                        gaps.setdefault(found.row, found)
                    else:
                        yield found
        for gap in gaps.values():
            yield gap

    async def _offered(self, report: Detection | None) -> tuple[Offered, ...]:
        if report is None or report.evidence is None:
            return ()
        return _OFFERED.validate_json(await self._texts.open(report.evidence))

    async def _piece(
        self, report: Detection, number: int, offered: Offered, taken: set[str]
    ) -> AsyncIterator[Captured | Gap]:
        name = f"{report.id}/{number}"
        if offered.upload is None:
            yield _noted(REFERENCE, name, {**_said(report, offered), "url": offered.url, "fetched": False})
            return
        kept = await asyncio.to_thread(self._uploads.get, offered.upload)
        reason = _missing(kept, report)
        if kept is None or kept.wrapped is None or reason is not None:
            yield self._gap(offered, reason or GapReason.EMPTY)
            return
        parts = 0
        try:
            async for part in _each(self._folder.parts(offered.upload, kept.wrapped, PART_BYTES)):
                parts += 1
                if offered.upload not in taken:
                    yield _part(kept.received, offered, parts, part)
        except (FileNotFoundError, SignatureError) as error:
            gone = isinstance(error, FileNotFoundError)
            yield self._gap(offered, GapReason.RETENTION if gone else GapReason.REFUSED)
            return
        taken.add(offered.upload)
        yield _noted(RECORD, name, {**_said(report, offered), **_found(kept.received, offered, parts)})

    def _gap(self, offered: Offered, reason: GapReason) -> Gap:
        row = self._row_of.get(offered.kind, offered.kind)
        return Gap(row=row, reason=reason, source=self.name, detail="an upload that a report names")


def _missing(kept: KeptUpload | None, report: Detection) -> GapReason | None:
    """Say why an upload can't be taken in; only whoever sent it may bring it to an incident."""
    if kept is None:
        return GapReason.EMPTY
    if kept.received.source != report.source:
        return GapReason.DENIED
    return GapReason.RETENTION if kept.wrapped is None else None


def _said(report: Detection, offered: Offered) -> dict[str, Any]:
    return {
        "detection": report.id,
        "reported_by": report.source,
        "reported_at": report.received_at.isoformat(),
        "kind": offered.kind,
        "name": offered.name,
        "sha256_claimed": offered.sha256,
    }


def _found(received: Received, offered: Offered, parts: int) -> dict[str, Any]:
    return {
        "upload": received.upload,
        "uploaded_by": received.source,
        "uploaded_at": received.received_at.isoformat(),
        "content_type": received.content_type,
        "size_bytes": received.size_bytes,
        "sha256_found": received.sha256,
        "as_claimed": None if offered.sha256 is None else offered.sha256 == received.sha256,
        "parts": parts,
    }


def _part(received: Received, offered: Offered, number: int, content: bytes) -> Captured:
    return Captured(
        kind=offered.kind,
        content=content,
        content_type=received.content_type,
        name=f"{received.upload}/{number:04d}",
        source_at=received.received_at,
    )


def _noted(kind: str, name: str, content: Mapping[str, Any]) -> Captured:
    written = json.dumps(content, ensure_ascii=False, separators=(",", ":"), sort_keys=True).encode()
    return Captured(kind=kind, content=written, content_type=JSON, name=name)


async def _each(parts: Iterator[bytes]) -> AsyncIterator[bytes]:
    """Yield the parts of an upload, reading each in a thread: decrypting megabytes would hold up the loop."""
    while (part := await asyncio.to_thread(next, parts, None)) is not None:
        yield part
