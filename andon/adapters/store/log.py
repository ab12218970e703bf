"""The log over all incidents in locked storage, and then in the register; its checkpoints signed.

Locked storage comes first, and its conditional put decides: whoever comes second, or again after a
crash, takes over what stands there. A checkpoint's bytes follow from the leaves and the key alone, so
that there are never two of one size.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Sequence
from datetime import datetime
from functools import cached_property
from pathlib import Path
from typing import Final, Protocol

from andon.adapters.clock import utc_now
from andon.adapters.store.ledger import LockedObjects
from andon.domain.checkpoint import (
    MARK_EVERY,
    MOST_LEAVES,
    Leaf,
    Made,
    batch_key,
    lines_of,
    note_key,
    origin_of,
    read_lines,
    stamp_key,
    witnessed_key,
)
from andon.domain.errors import (
    AndonError,
    InvalidInputError,
    LedgerBrokenError,
    LeverAwayError,
    SignatureError,
    StoreConflictError,
)
from andon.domain.note import Checkpoint, Note, NoteKey, key_of, read_checkpoint, read_note, sign_note
from andon.domain.signing import public_key_of
from andon.register.checkpoints import CheckpointLog

SEED_BYTES: Final = 32
LINES: Final = "application/jsonl"
NOTE: Final = "text/plain; charset=utf-8"
TOKEN: Final = "application/timestamp-reply"  # noqa: S105 - a media type (RFC 3161 section 3.4)

log = logging.getLogger(__name__)


class Stamps(Protocol):
    """An authority that says when something existed."""

    async def stamp(self, content: bytes) -> bytes:
        """Return its token over `content`, checked."""


class Witness(Protocol):
    """Somebody else who looks that the log only grows."""

    async def cosign(self, note: Note, proof: Callable[[int], Sequence[bytes]]) -> Note:
        """Return the note with the witness's signature, checked.

        Args:
            note: the newest checkpoint.
            proof: gives the proof that it extends the log at a size; called in a thread.
        """


class LockedLog:
    """Adds to the log, signs it, and has it stamped and witnessed."""

    def __init__(
        self,
        store: LockedObjects,
        kept: CheckpointLog,
        key: Path,
        *,
        origin: str = "",
        stamps: Stamps | None = None,
        witness: Witness | None = None,
        now: Callable[[], datetime] = utc_now,
    ) -> None:
        self._store = store
        self._kept = kept
        self._key = key
        self._origin = origin
        self._stamps = stamps
        self._witness = witness
        self._now = now
        self._turn = asyncio.Lock()

    @property
    def key(self) -> NoteKey:
        """The log's public key, by its name."""
        return key_of(self._named, self._seed)

    async def make(self) -> Made:
        """Take in what is new, and sign; a repeat changes nothing.

        Raises:
            StoreConflictError: another checkpoint of this size stands in locked storage. Final.
            LedgerBrokenError: the log no longer begins with what was signed before.
        """
        async with self._turn:
            added = 0
            while True:
                first = await asyncio.to_thread(self._kept.size)
                batch = await asyncio.to_thread(self._next)
                if not batch:
                    break
                held = await self._brought_to_rest(first, batch)
                await asyncio.to_thread(self._kept.append, first, held)
                added += len(held)
                if held == batch and len(batch) < MOST_LEAVES:
                    break
            size = await self._signed()
        return await asyncio.to_thread(self._made, size, added)

    async def stamp(self, size: int) -> None:
        """Have a checkpoint stamped; what keeps it from being is kept instead."""
        if self._stamps is None:
            return
        note = (await asyncio.to_thread(self._kept.note_of, size)).note
        try:
            token = await self._stamps.stamp(note.encode())
        except AndonError as error:
            await asyncio.to_thread(self._kept.stamped, size, None, _problem(error), self._now())
            log.warning("checkpoint %d has no time stamp: %s", size, error)
            return
        held = await self._first_of(stamp_key(size), token, TOKEN)
        await asyncio.to_thread(self._kept.stamped, size, held, None, self._now())

    async def witness(self, size: int) -> None:
        """Have a checkpoint witnessed; what keeps it from being is kept instead."""
        if self._witness is None:
            return
        note = read_note((await asyncio.to_thread(self._kept.note_of, size)).note)
        try:
            seen = await self._witness.cosign(note, lambda old: self._kept.consistency(old, size))
        except AndonError as error:
            await asyncio.to_thread(self._kept.witnessed, size, None, _problem(error), self._now())
            log.warning("checkpoint %d was not witnessed: %s", size, error)
            return
        held = await self._first_of(witnessed_key(size), seen.text().encode(), NOTE)
        await asyncio.to_thread(self._kept.witnessed, size, held.decode(), None, self._now())

    @cached_property
    def _seed(self) -> bytes:
        try:
            seed = self._key.read_bytes()
        except OSError as error:
            raise InvalidInputError(f"the key of the log can't be read: {self._key}") from error
        if len(seed) != SEED_BYTES:
            raise InvalidInputError(f"the key of the log must hold {SEED_BYTES} bytes: {self._key}")
        return seed

    @property
    def _named(self) -> str:
        return self._origin or origin_of(public_key_of(self._seed))

    def _next(self) -> tuple[Leaf, ...]:
        """Return the ends of chains that are new, or the time if nothing was added for long."""
        at = self._now()
        ends = self._kept.fresh(MOST_LEAVES)
        if ends:
            return tuple(
                Leaf(at=at, incident=one.incident, chain=one.chain, length=one.length, digest=one.digest)
                for one in ends
            )
        newest = self._kept.newest_leaf()
        return (Leaf(at=at),) if newest is None or at - newest.at >= MARK_EVERY else ()

    async def _brought_to_rest(self, first: int, batch: tuple[Leaf, ...]) -> tuple[Leaf, ...]:
        """Store a batch, and return the one that stands there: an earlier attempt may have been first."""
        content = await self._first_of(batch_key(first), lines_of(batch), LINES)
        return read_lines(content)

    async def _first_of(self, key: str, content: bytes, content_type: str) -> bytes:
        try:
            await self._store.keep(key, content, content_type=content_type)
        except StoreConflictError:
            return await self._store.get(key)
        return content

    async def _signed(self) -> int:
        """Sign the log as it stands, locked storage first, and return its size."""
        size, root = await asyncio.to_thread(self._grown)
        body = Checkpoint(origin=self._named, size=size, root=root).body()
        text = sign_note(body, self._named, self._seed).text()
        await self._store.keep(note_key(size), text.encode(), content_type=NOTE)
        await asyncio.to_thread(self._kept.keep, size, text, self.key.text(), self._now())
        return size

    def _grown(self) -> tuple[int, bytes]:
        """Return size and root of the log, which begins with what was signed before."""
        size = self._kept.size()
        for before in self._kept.newest():
            known = read_checkpoint(read_note(before.note))
            if known.size > size or self._kept.root(known.size) != known.root:
                raise LedgerBrokenError(known.size, "the log does not begin with what was signed before")
        return size, self._kept.root(size)

    def _made(self, size: int, added: int) -> Made:
        kept = self._kept.note_of(size)
        return Made(
            size=size,
            added=added,
            stamp=self._stamps is not None and kept.stamp is None,
            witness=self._witness is not None and kept.witnessed is None,
        )


def _problem(error: AndonError) -> str:
    """Return in a word why there is no stamp or no witness."""
    if isinstance(error, LeverAwayError):
        return "away"
    return "refused" if isinstance(error, SignatureError) else "unusable"
