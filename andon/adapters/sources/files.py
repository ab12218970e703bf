"""Evidence from files and logs below folders that settings name: rotated and packed ones too."""

from __future__ import annotations

import asyncio
import errno
import gzip
import json
import os
import zlib
from collections.abc import AsyncIterator, Generator, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime, timedelta
from threading import Event
from typing import BinaryIO, Final, cast

from andon.adapters.options import Option
from andon.adapters.sources.folders import FoundFile, TooManyError, find, opened
from andon.adapters.sources.kinds import ANY, SourceKind, SourceMeans
from andon.adapters.sources.log_lines import MOST_LINE, WHOLE, time_of, within
from andon.domain.errands import EvidenceQuery
from andon.domain.errors import InvalidInputError, SourceError
from andon.domain.evidence import Gap, GapReason
from andon.domain.source_times import zone_of
from andon.domain.system import SourceEntry
from andon.domain.values import sha256
from andon.ports import Captured

PART_BYTES: Final = 8 * 1024 * 1024
OPTIONS: Final = {
    "folder": Option("name of a folder in the settings under `sources.folders`", needed=True),
    "paths": Option(
        "patterns below it, comma between them, as `app.log*,old/**/*.gz`; links are not followed",
        needed=True,
    ),
    "form": Option(
        "where a line has its time: `iso` or `epoch` (at its start), `clf` (in brackets), `json.FIELD`; "
        "`whole` (default): files changed in the window, as they are"
    ),
    "zone": Option("IANA zone of times that name none; without it they are refused"),
    "content_type": Option("type of the files; `text/plain` unless said otherwise"),
}
GZIP: Final = b"\x1f\x8b"


@dataclass(frozen=True, slots=True)
class _Part:
    content: bytes
    at: datetime | None


class FilesSource:
    """Reads files in the order of their paths, in parts, each of which it can go on behind."""

    version = "1"

    def __init__(self, entry: SourceEntry, means: SourceMeans) -> None:
        self.name = entry.id
        self.supplies = frozenset(entry.supplies)
        self._kind = entry.supplies[0]
        self._options = entry.options
        self._form = entry.options.get("form", WHOLE)
        self._zone = zone_of(entry.options.get("zone", ""))
        self._folder = means.named(entry, "folder", means.settings.folders, "folders")

    async def collect(self, query: EvidenceQuery) -> AsyncIterator[Captured | Gap]:
        """Yield the parts of every file that fits."""
        async for part in self.collect_after(query, ""):
            yield part

    async def collect_after(self, query: EvidenceQuery, cursor: str) -> AsyncIterator[Captured | Gap]:
        """Go on behind a part of a file."""
        path, parts = json.loads(cursor) if cursor else ("", 0)
        stopped, loop = Event(), asyncio.get_running_loop()
        reading = self._read(query, path, parts, stopped)
        # One thread: what is closed while a read still goes on is closed after it.
        with ThreadPoolExecutor(1, thread_name_prefix="files") as thread:
            try:
                while (one := await loop.run_in_executor(thread, next, reading, None)) is not None:
                    yield one
            finally:
                stopped.set()
                await loop.run_in_executor(thread, reading.close)

    def _read(
        self, query: EvidenceQuery, path: str, parts: int, stopped: Event
    ) -> Generator[Captured, None, None]:
        """Read every file that can be read; what went wrong with one is told after the others."""
        failed: SourceError | None = None
        for file in self._found(query):
            if file.path < path:
                continue
            try:
                yield from self._parts(file, query, parts if file.path == path else 0, stopped)
            except (OSError, EOFError, zlib.error, InvalidInputError) as error:
                failed = self._named(error)
        if failed is not None:
            raise failed

    def _found(self, query: EvidenceQuery) -> list[FoundFile]:
        try:
            return self._files(query)
        except TooManyError as error:
            raise SourceError(self.name, GapReason.LATE, "more files than are looked at") from error
        except OSError as error:
            raise self._named(error) from error

    def _named(self, error: Exception) -> SourceError:
        """Give what went wrong its reason; names of files are not told."""
        if isinstance(error, InvalidInputError):
            return SourceError(self.name, GapReason.REFUSED, str(error))
        if isinstance(error, (gzip.BadGzipFile, EOFError, zlib.error)):
            return SourceError(self.name, GapReason.REFUSED, "a packed file is broken")
        if isinstance(error, PermissionError):
            return SourceError(self.name, GapReason.DENIED, "a file may not be read")
        if isinstance(error, OSError) and error.errno == errno.ELOOP:
            return SourceError(self.name, GapReason.DENIED, "a link stands where a file was")
        detail = os.strerror(error.errno) if isinstance(error, OSError) and error.errno else "can't be read"
        return SourceError(self.name, GapReason.UNREACHABLE, detail)

    def _files(self, query: EvidenceQuery) -> list[FoundFile]:
        """Return the files that may hold something of the window: those changed since it began."""
        patterns = tuple(one.strip() for one in self._options["paths"].split(","))
        found = [one for one in find(self._folder, patterns) if one.changed >= query.since]
        if self._form == WHOLE:
            # A file may well be written to again between the window's end and now.
            return [one for one in found if one.changed <= query.until + timedelta(minutes=1)]
        return found

    def _parts(self, file: FoundFile, query: EvidenceQuery, done: int, stopped: Event) -> Iterator[Captured]:
        with opened(self._folder, file.path) as handle, os.fdopen(handle, "rb", closefd=False) as raw:
            packed = raw.read(2) == GZIP and self._form != WHOLE
            raw.seek(0)
            content = cast("BinaryIO", gzip.GzipFile(fileobj=raw)) if packed else raw
            for number, part in enumerate(self._cut(content, query, stopped), start=1):
                if number > done:
                    yield self._captured(file, number, part)

    def _cut(self, content: BinaryIO, query: EvidenceQuery, stopped: Event) -> Iterator[_Part]:
        if self._form == WHOLE:
            while chunk := content.read(PART_BYTES):
                yield _Part(chunk, None)
            return
        kept, first = bytearray(), None
        lines = iter(lambda: b"" if stopped.is_set() else content.readline(MOST_LINE), b"")
        for line, at in within(lines, time_of(self._form, self._zone), query.since, query.until):
            if kept and len(kept) + len(line) > PART_BYTES:
                yield _Part(bytes(kept), first)
                kept, first = bytearray(), None
            first = first or at
            kept += line
        if kept:
            yield _Part(bytes(kept), first)

    def _captured(self, file: FoundFile, number: int, part: _Part) -> Captured:
        return Captured(
            kind=self._kind,
            content=part.content,
            content_type=self._options.get("content_type", "text/plain"),
            # Names of files may be personal data; an item's name stands in the manifest, in clear.
            name=f"{sha256(file.path.encode())[:16]}/{number:04d}",
            source_at=part.at or file.changed,
            origin=f"{self._options['folder']}: {file.path}, {file.size} bytes, {file.changed.isoformat()}",
            cursor=json.dumps([file.path, number]),
        )


def check(entry: SourceEntry) -> None:
    """Refuse options that can't be used."""
    check_paths(entry, entry.options["paths"])
    zone = zone_of(entry.options.get("zone", ""))
    form = entry.options.get("form", WHOLE)
    if form != WHOLE:
        time_of(form, zone)


def check_paths(entry: SourceEntry, paths: str) -> None:
    """Refuse patterns that lead out of the folder, or to nothing.

    Raises:
        InvalidInputError: the message names the first.
    """
    for pattern in (one.strip() for one in paths.split(",")):
        if not pattern or pattern.startswith("/") or ".." in pattern.split("/"):
            raise InvalidInputError(f"source {entry.id}: the pattern {pattern!r} is not below the folder")


KIND: Final = SourceKind(
    name="files", version="1", options=OPTIONS, supplies=ANY, build=FilesSource, check=check
)
