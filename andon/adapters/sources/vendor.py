"""What a vendor says of its service: the status page, and correspondence kept as files."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Iterable
from datetime import datetime
from typing import Any, Final

from andon.adapters.options import Option
from andon.adapters.places import place_of
from andon.adapters.sources.asking import Asking, Page
from andon.adapters.sources.files import FilesSource, check_paths
from andon.adapters.sources.kinds import SourceKind, SourceMeans
from andon.domain.errands import EvidenceQuery
from andon.domain.errors import InvalidInputError, SourceError
from andon.domain.evidence import Gap, GapReason
from andon.domain.source_times import read_time
from andon.domain.system import SourceEntry
from andon.ports import Captured

JSON: Final = "application/json"
STATUS: Final = "vendor_status"
CORRESPONDENCE: Final = "vendor_correspondence"
OPTIONS: Final = {
    "url": Option(
        "base of a status page with the API of Statuspage (`/api/v2/...json`); needed for `vendor_status`"
    ),
    "folder": Option(
        "name of a folder in the settings under `sources.folders`; needed for `vendor_correspondence`"
    ),
    "paths": Option("patterns below it, comma between them; needed with `folder`"),
    "content_type": Option("type of these files; `text/plain` unless said otherwise"),
}


class VendorSource:
    """Brings the status as it is, and what the vendor said and wrote in the window."""

    version = "1"

    def __init__(self, entry: SourceEntry, means: SourceMeans) -> None:
        self.name = entry.id
        self.supplies = frozenset(entry.supplies)
        self._url = entry.options.get("url", "").rstrip("/")
        self._asking = Asking(entry, means)
        self._letters = FilesSource(_letters_of(entry), means) if CORRESPONDENCE in entry.supplies else None

    async def collect(self, query: EvidenceQuery) -> AsyncIterator[Captured | Gap]:
        """Yield status and letters; one that can't be had does not keep the other away."""
        failed: SourceError | None = None
        if STATUS in self.supplies:
            try:
                summary = await self._asking.get(f"{self._url}/api/v2/summary.json")
                yield self._captured(summary, "summary", self._object(summary))
                incidents = await self._asking.get(f"{self._url}/api/v2/incidents.json")
                told = self._object(incidents)
                told["incidents"] = [one for one in _list(told, "incidents") if _touches(one, query)]
                yield self._captured(incidents, "incidents", told)
            except SourceError as error:
                failed = error
        if self._letters is not None:
            async for letter in self._letters.collect(query):
                yield letter
        if failed is not None:
            raise failed

    def _object(self, page: Page) -> dict[str, Any]:
        found = page.read(self.name)
        if not isinstance(found, dict) or "page" not in found:
            raise SourceError(self.name, GapReason.REFUSED, "not a status page as Statuspage has it")
        return found

    def _captured(self, page: Page, name: str, told: dict[str, Any]) -> Captured:
        return Captured(
            kind=STATUS,
            content=json.dumps(told, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode(),
            content_type=JSON,
            name=name,
            source_at=self._updated(told),
            skew_ms=page.skew_ms,
            origin=page.url,
        )

    def _updated(self, told: dict[str, Any]) -> datetime | None:
        said = told["page"].get("updated_at") if isinstance(told["page"], dict) else None
        try:
            return read_time(said) if isinstance(said, str) else None
        except InvalidInputError as error:
            raise SourceError(self.name, GapReason.REFUSED, f"page.updated_at: {error}") from error


def _letters_of(entry: SourceEntry) -> SourceEntry:
    files = {
        name: entry.options[name] for name in ("folder", "paths", "content_type") if name in entry.options
    }
    return entry.model_copy(update={"supplies": (CORRESPONDENCE,), "options": files})


def _list(told: dict[str, Any], name: str) -> Iterable[Any]:
    found = told.get(name)
    return found if isinstance(found, list) else []


def _touches(incident: Any, query: EvidenceQuery) -> bool:
    """Whether the vendor's incident may have been going on in the window; what can't be told is kept."""
    if not isinstance(incident, dict):
        return True
    try:
        began = read_time(str(incident.get("created_at") or incident.get("started_at")))
        ended = read_time(str(incident["resolved_at"])) if incident.get("resolved_at") else None
    except InvalidInputError:
        return True
    return began <= query.until and (ended is None or ended >= query.since)


def check(entry: SourceEntry) -> None:
    """Refuse options that can't be used, and the lack of those that what it supplies needs."""
    options = entry.options
    needed = [("url",)] if STATUS in entry.supplies else []
    needed += [("folder",), ("paths",)] if CORRESPONDENCE in entry.supplies else []
    for (name,) in needed:
        if not options.get(name):
            raise InvalidInputError(f"source {entry.id}: vendor needs option {name} for what it supplies")
    if options.get("url"):
        place_of(f"{options['url'].rstrip('/')}/api/v2/summary.json")
    if options.get("paths"):
        check_paths(entry, options["paths"])


KIND: Final = SourceKind(
    name="vendor",
    version="1",
    options=OPTIONS,
    supplies=frozenset({STATUS, CORRESPONDENCE}),
    build=VendorSource,
    check=check,
)
