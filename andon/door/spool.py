"""Where the door writes what it takes while the register can't: one line each on disk before it is answered.

Space is set aside ahead, so that a full disk does not end it at once. A line that was cut off by a
crash was never acknowledged, and is passed over.
"""

from __future__ import annotations

import asyncio
import base64
import fcntl
import hashlib
import hmac
import logging
import os
import secrets
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from andon.domain.errors import AndonError, InvalidInputError

logger = logging.getLogger(__name__)

LABEL: Final = b"andon/spool/1"
SEGMENT_BYTES: Final = 8 * 1024 * 1024
NONCE_BYTES: Final = 12
SUFFIX: Final = ".spool"
LOCK: Final = "lock"


class SpoolFullError(AndonError):
    """The disk takes nothing more; what was to be kept is not kept."""


@dataclass(frozen=True, slots=True, order=True)
class Place:
    """Where a line stands: places follow the order in which lines were kept."""

    segment: int
    offset: int


class Spool:
    """Segments of encrypted lines in a folder, the oldest first; one process writes."""

    def __init__(self, folder: Path, master: bytes, *, segment_bytes: int = SEGMENT_BYTES) -> None:
        self._folder = folder
        self._cipher = AESGCM(hmac.digest(master, LABEL, hashlib.sha256))
        self._segment_bytes = segment_bytes
        # Of its own: threads that wait for a locked register must not hold up what stands in for it.
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="spool")
        self._waiting: list[tuple[bytes, asyncio.Future[Place]]] = []
        self._writing: asyncio.Task[None] | None = None
        self._file: int | None = None
        self._lock: int | None = None
        self._segment = 0
        self._offset = 0
        self._damaged: set[int] = set()
        self._live: Counter[int] = Counter()

    def open(self) -> list[tuple[Place, bytes]]:
        """Make the folder ready and return what is kept, in order; new lines go to a segment of their own.

        A line that can't be read keeps nobody out: its segment is set aside, once the others are settled.

        Raises:
            InvalidInputError: another door uses the folder.
        """
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._claim()
        numbers = self._numbers()
        kept = [line for number in numbers for line in self._lines(number)]
        self._live = Counter(place.segment for place, _ in kept)
        for number in set(numbers) - set(self._live):
            self._forget(number)
        with suppress(OSError):  # it is tried again with the first line
            self._begin()
        return kept

    async def keep(self, content: bytes) -> Place:
        """Return once `content` is on disk; what comes in together shares one wait for the disk.

        Raises:
            SpoolFullError: it is not.
        """
        written: asyncio.Future[Place] = asyncio.get_running_loop().create_future()
        self._waiting.append((content, written))
        if self._writing is None or self._writing.done():
            self._writing = asyncio.create_task(self._write_all())
        return await written

    async def settle(self, place: Place) -> None:
        """Note that a line has found its place elsewhere; a segment goes with its last."""
        await asyncio.get_running_loop().run_in_executor(self._thread, self._settled, place.segment)

    def close(self) -> None:
        """End the thread; what is kept stays."""
        self._thread.shutdown(wait=True)
        self._end()
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None

    def _claim(self) -> None:
        self._lock = os.open(self._folder / LOCK, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise InvalidInputError(f"{self._folder}: another door keeps its spool here") from error

    async def _write_all(self) -> None:
        loop = asyncio.get_running_loop()
        while self._waiting:
            batch, self._waiting = self._waiting, []
            try:
                places = await loop.run_in_executor(self._thread, self._write, [one for one, _ in batch])
            except OSError as error:
                refused = SpoolFullError(f"the spool takes nothing: {error.strerror}")
                for _, written in batch:
                    if not written.done():
                        written.set_exception(refused)
                continue
            for place, (_, written) in zip(places, batch, strict=True):
                if not written.done():
                    written.set_result(place)

    def _write(self, contents: list[bytes]) -> list[Place]:
        try:
            places = [self._put(content) for content in contents]
            assert self._file is not None  # noqa: S101 - `_put` opened it
            os.fdatasync(self._file)
        except OSError:
            self._end()  # it may end in half a line: the next one begins a segment
            raise
        self._live.update(place.segment for place in places)
        return places

    def _put(self, content: bytes) -> Place:
        if self._file is None or self._offset >= self._segment_bytes:
            if self._file is not None:
                os.fdatasync(self._file)
            self._end()
            self._begin()
        assert self._file is not None  # noqa: S101 - `_begin` opened it
        place = Place(self._segment, self._offset)
        line = self._sealed(place, content)
        while line:
            done = os.pwrite(self._file, line, self._offset)
            self._offset += done
            line = line[done:]
        return place

    def _begin(self) -> None:
        self._segment = max(self._numbers(), default=self._segment) + 1
        path = self._path(self._segment)
        opened = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        try:
            os.posix_fallocate(opened, 0, self._segment_bytes)
            os.fsync(opened)
            self._settle()
        except OSError:
            os.close(opened)
            path.unlink(missing_ok=True)
            raise
        self._file, self._offset = opened, 0

    def _end(self) -> None:
        if self._file is not None:
            os.close(self._file)
            self._file = None

    def _settle(self) -> None:
        folder = os.open(self._folder, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)

    def _settled(self, segment: int) -> None:
        self._live[segment] -= 1
        if self._live[segment]:
            return
        if segment == self._segment:
            self._end()
        self._forget(segment)
        if self._file is None:
            with suppress(OSError):  # it is tried again with the next line
                self._begin()

    def _forget(self, segment: int) -> None:
        path = self._path(segment)
        if segment in self._damaged:
            path.rename(path.with_suffix(".damaged"))
        else:
            path.unlink(missing_ok=True)

    def _sealed(self, place: Place, content: bytes) -> bytes:
        nonce = secrets.token_bytes(NONCE_BYTES)
        return base64.b64encode(nonce + self._cipher.encrypt(nonce, content, _bound(place))) + b"\n"

    def _lines(self, segment: int) -> Iterator[tuple[Place, bytes]]:
        offset = 0
        for line in self._path(segment).read_bytes().split(b"\n")[:-1]:
            place = Place(segment, offset)
            offset += len(line) + 1
            try:
                stored = base64.b64decode(line, validate=True)
                content = self._cipher.decrypt(stored[:NONCE_BYTES], stored[NONCE_BYTES:], _bound(place))
            except (InvalidTag, ValueError):
                self._damaged.add(segment)
                logger.critical("the line at %d of %s can't be read", place.offset, self._path(segment))
            else:
                yield place, content

    def _numbers(self) -> list[int]:
        return sorted(int(path.stem) for path in self._folder.glob(f"*{SUFFIX}") if path.stem.isdigit())

    def _path(self, segment: int) -> Path:
        return self._folder / f"{segment:010d}{SUFFIX}"


def _bound(place: Place) -> bytes:
    return f"{place.segment}/{place.offset}".encode()
