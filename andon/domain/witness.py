"""What a witness of the log is asked, and what it answers (https://c2sp.org/tlog-witness).

A witness remembers the newest checkpoint it saw of each log, and signs another one only if that
extends it: a log that forks or is rolled back gets no signature.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Sequence
from enum import IntEnum
from typing import Final

from pydantic import Field

from andon.domain.errors import InvalidInputError, SignatureError
from andon.domain.merkle import EMPTY, is_extended
from andon.domain.note import Checkpoint, Note, NoteKey, read_checkpoint, read_note, signed_by
from andon.domain.values import Frozen

MOST_HASHES: Final = 63
HASH_BYTES: Final = 32
_OLD: Final = re.compile(r"^old (0|[1-9][0-9]{0,18})\Z")


class Verdict(IntEnum):
    """What a witness makes of a checkpoint, as the HTTP status it answers with."""

    TAKEN = 200
    MALFORMED = 400
    UNSIGNED = 403
    UNKNOWN = 404
    OUTDATED = 409
    FORKED = 422


class Offer(Frozen):
    """A checkpoint offered to a witness, with the proof that it extends the one at size `old`."""

    old: int = Field(ge=0)
    proof: tuple[bytes, ...]
    note: Note

    def text(self) -> str:
        """Return it as it is sent."""
        lines = "".join(f"{base64.b64encode(one).decode()}\n" for one in self.proof)
        return f"old {self.old}\n{lines}\n{self.note.text()}"


def read_offer(raw: bytes) -> Offer:
    """Read what was sent to a witness.

    Raises:
        InvalidInputError: it is no offer.
    """
    head, found, rest = raw.partition(b"\n\n")
    try:
        first, *lines = head.decode("ascii").split("\n")
        proof = tuple(base64.b64decode(line, validate=True) for line in lines)
    except (UnicodeDecodeError, binascii.Error, ValueError) as error:
        raise InvalidInputError("an offer begins with the old size and a proof in base64") from error
    old = _OLD.match(first)
    if not found or old is None or len(proof) > MOST_HASHES or any(len(one) != HASH_BYTES for one in proof):
        raise InvalidInputError("an offer begins with the old size and a proof in base64")
    return Offer(old=int(old[1]), proof=proof, note=read_note(rest))


def judge(offer: Offer, known: Checkpoint | None, log: NoteKey) -> Verdict:
    """Return what a witness makes of an offer.

    Args:
        offer: what was sent; it is about this log.
        known: the newest checkpoint of the log that this witness has signed; None: none yet.
        log: the log's key, from the witness's own settings.
    """
    try:
        offered = read_checkpoint(offer.note)
        if not signed_by(offer.note, log):
            return Verdict.UNSIGNED
    except InvalidInputError:
        return Verdict.MALFORMED
    except SignatureError:
        return Verdict.UNSIGNED
    if offered.origin != log.name:
        return Verdict.UNKNOWN
    if offer.old > offered.size:
        return Verdict.MALFORMED
    size, root = (known.size, known.root) if known else (0, EMPTY)
    if offer.old != size:
        return Verdict.OUTDATED
    if not is_extended(size, root, offered.size, offered.root, offer.proof):
        return Verdict.FORKED
    return Verdict.TAKEN


def proof_from(old: int, proof: Sequence[bytes], note: Note) -> Offer:
    """Return the offer of a note to a witness that knows the log at size `old`."""
    return Offer(old=old, proof=tuple(proof) if old else (), note=note)
