"""Taking evidence in before a report names it: bounded, encrypted while it comes in, kept for a while."""

from __future__ import annotations

import asyncio
import logging
import secrets
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Final

from sqlalchemy.exc import SQLAlchemyError

from andon.adapters.store.uploads import Incoming, UploadFolder
from andon.api.bodies import drain
from andon.api.problems import ProblemError
from andon.config import IntakeSettings
from andon.domain.offered import Received
from andon.domain.values import Frozen, Instant, Sha256Hex
from andon.register.uploads import Uploads

logger = logging.getLogger(__name__)

UNCLAIMED: Final = timedelta(days=7)
"""How long an upload waits for a report that names it."""
CLAIMED: Final = timedelta(days=90)
"""How long one waits for its incident to take it in: a quality issue may be promoted late."""
WINDOW: Final = timedelta(hours=1)
AT_ONCE: Final = 8
"""Uploads that come in side by side; more wait outside."""
WITHIN: Final = timedelta(minutes=10)
"""How long one may take."""
SWEEP_EVERY_SECONDS: Final = 600.0


class Taken(Frozen):
    """What the sender of an upload is answered."""

    upload: str
    sha256: Sha256Hex
    size: int
    expires_at: Instant


class UploadDesk:
    """Uploads, from the request to the disk, and from there to where they are dropped."""

    def __init__(self, folder: UploadFolder, uploads: Uploads, limits: IntakeSettings) -> None:
        self._folder = folder
        self._uploads = uploads
        self._limits = limits
        self._slots = asyncio.Semaphore(AT_ONCE)

    async def take(
        self, content: AsyncIterator[bytes], source: str, content_type: str, announced: int | None
    ) -> Taken:
        """Take one upload; it is at rest when this returns.

        Args:
            content: the body, as it comes in.
            source: who sends it: `person:<id>` or `source:<id>`.
            content_type: as sent.
            announced: its length in bytes, if the sender said.

        Raises:
            ProblemError: it is too large, too much, too slow, or empty.
        """
        try:
            return await self._taken(content, source, content_type, announced)
        except ProblemError:
            await drain(content)
            raise
        except (SQLAlchemyError, OSError) as error:
            logger.exception("an upload could not be kept")
            await drain(content)
            raise ProblemError(
                503,
                "uploads-away",
                "Uploads can't be kept just now. Report without it, and send it again later.",
                headers={"Retry-After": "30"},
            ) from error

    async def _taken(
        self, content: AsyncIterator[bytes], source: str, content_type: str, announced: int | None
    ) -> Taken:
        if self._slots.locked():
            raise ProblemError(
                429, "too-many-uploads", "Too many uploads come in at once. Try again.", headers=_RETRY
            )
        async with self._slots:
            most = await self._room(source, announced or 0)
            upload = f"UPL-{secrets.token_urlsafe(16)}"
            incoming = await asyncio.to_thread(self._folder.begin, upload)
            try:
                await self._read(content, incoming, most)
                digest = await asyncio.to_thread(incoming.commit)
            finally:
                await asyncio.to_thread(incoming.discard)
            received = Received(
                upload=upload,
                source=source,
                received_at=datetime.now(UTC),
                sha256=digest,
                size_bytes=incoming.size_bytes,
                content_type=content_type,
            )
            await asyncio.to_thread(self._uploads.put, received, self._folder.wrap(upload, incoming.key))
        return Taken(
            upload=upload,
            sha256=digest,
            size=received.size_bytes,
            expires_at=received.received_at + UNCLAIMED,
        )

    async def keep_sweeping(self) -> None:
        """Drop what has had its time, every ten minutes, for ever."""
        while True:
            try:
                await asyncio.to_thread(self.sweep, datetime.now(UTC))
            except Exception:  # a full disk or a locked register must not end the sweeping
                logger.exception("uploads could not be swept")
            await asyncio.sleep(SWEEP_EVERY_SECONDS)

    def sweep(self, now: datetime) -> None:
        """Drop what has had its time: first the key, then the content, then what a crash left."""
        gone = self._uploads.drop_old(now, unclaimed=UNCLAIMED, claimed=CLAIMED)
        self._folder.remove(gone)
        self._folder.remove_fragments((now - timedelta(days=1)).timestamp())

    async def _read(self, content: AsyncIterator[bytes], incoming: Incoming, most: int) -> None:
        try:
            async with asyncio.timeout(WITHIN.total_seconds()):
                async for part in content:
                    if incoming.size_bytes + len(part) > most:
                        raise _too_much(most, self._limits.upload_bytes)
                    await asyncio.to_thread(incoming.write, part)
        except TimeoutError as error:
            raise ProblemError(408, "upload-too-slow", "The upload took longer than 10 minutes.") from error
        if incoming.size_bytes == 0:
            raise ProblemError(400, "empty-upload", "The body is empty; send the file as the body.")

    async def _room(self, source: str, announced: int) -> int:
        """Return how much may come in now; refuse at once what was announced to be more."""
        since = datetime.now(UTC) - WINDOW
        used = await asyncio.to_thread(self._uploads.bytes_of, source, since)
        kept = await asyncio.to_thread(self._uploads.bytes_kept)
        limits = self._limits
        if kept + max(announced, 1) > limits.upload_bytes_kept:
            raise ProblemError(
                507,
                "uploads-full",
                "There is no room for more uploads until older ones are taken in or have expired. "
                "Report without it, and name the place where it lies as url.",
            )
        rooms = (
            limits.upload_bytes,
            limits.upload_bytes_per_source_per_hour - used,
            limits.upload_bytes_kept - kept,
        )
        most = max(min(rooms), 0)
        if announced > most or most == 0:
            raise _too_much(most, limits.upload_bytes)
        return most


_RETRY: Final = {"Retry-After": "5"}


def _too_much(most: int, largest: int) -> ProblemError:
    close = {"Connection": "close"}
    if most >= largest:
        return ProblemError(
            413,
            "upload-too-large",
            f"The upload is larger than {largest} bytes. Keep it where it lies and name that place as url.",
            headers=close,
        )
    return ProblemError(
        429,
        "uploads-limited",
        f"This source has {most} bytes of uploads left in this hour. Try again later.",
        headers={"Retry-After": "600", **close},
    )
