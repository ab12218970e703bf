"""Asking a witness in another trust domain to sign the newest checkpoint (https://c2sp.org/tlog-witness)."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from typing import Final

from andon.adapters.outgoing import Answer, Outgoing
from andon.domain.errors import InvalidInputError, LeverAwayError, SignatureError
from andon.domain.note import (
    WITNESS,
    Note,
    NoteKey,
    NoteSignature,
    cosigned_by,
    read_checkpoint,
    read_signatures,
)
from andon.domain.witness import Verdict, proof_from

NAME: Final = "witness"
_SIZE_DIGITS: Final = 19


class HttpWitness:
    """Offers each checkpoint, from the size at which the witness knows the log."""

    def __init__(self, outgoing: Outgoing, url: str, key: NoteKey) -> None:
        if key.kind != WITNESS:
            raise InvalidInputError(f"{key.name} is the key of a log, not of a witness")
        self._outgoing = outgoing
        self._url = url.rstrip("/") + "/add-checkpoint"
        self._key = key
        self._known = 0

    async def cosign(self, note: Note, proof: Callable[[int], Sequence[bytes]]) -> Note:
        """Return the note with the witness's signature, checked.

        Raises:
            LeverAwayError: the witness does not answer, or not as agreed.
            SignatureError: it refuses this checkpoint, or its signature does not hold.
            InvalidInputError: its URL may not be called.
        """
        answer = await self._offered(note, proof)
        if answer.status == Verdict.OUTDATED:
            self._known = _size_in(answer)
            answer = await self._offered(note, proof)
        if answer.status in (Verdict.FORKED, Verdict.UNSIGNED, Verdict.OUTDATED):
            raise SignatureError(f"{self._key.name} refuses the checkpoint with {answer.status}")
        if answer.status != Verdict.TAKEN:
            raise LeverAwayError(NAME, f"answers with {answer.status}")
        seen = note.with_lines(_lines_in(answer))
        if cosigned_by(seen, self._key) is None:
            raise SignatureError(f"{self._key.name} answered without its signature")
        self._known = read_checkpoint(note).size
        return seen

    async def _offered(self, note: Note, proof: Callable[[int], Sequence[bytes]]) -> Answer:
        size, old = read_checkpoint(note).size, self._known
        if old > size:
            raise SignatureError(f"{self._key.name} has seen this log at {old}, and it is at {size}")
        found = await asyncio.to_thread(proof, old) if 0 < old < size else ()
        body = proof_from(old, found, note).text().encode()
        return await self._outgoing.call(NAME, "POST", self._url, body=body)


def _size_in(answer: Answer) -> int:
    text = answer.body.decode("ascii", "replace").removesuffix("\n")
    if not text.isascii() or not text.isdigit() or len(text) > _SIZE_DIGITS:
        raise LeverAwayError(NAME, "does not say at which size it knows the log")
    return int(text)


def _lines_in(answer: Answer) -> tuple[NoteSignature, ...]:
    try:
        return read_signatures(answer.body.decode())
    except (InvalidInputError, UnicodeDecodeError) as error:
        raise LeverAwayError(NAME, "does not answer with signatures") from error
