"""Signed notes and checkpoints: what the log says of itself, in the formats of C2SP.

A note (https://c2sp.org/signed-note) is a text and lines of signatures under it. A checkpoint
(https://c2sp.org/tlog-checkpoint) is a note whose text names a log, its size and its root. A witness
signs with its time (https://c2sp.org/tlog-cosignature). Only Ed25519 is taken.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
from collections.abc import Iterable
from typing import Final

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from pydantic import Field

from andon.domain.errors import InvalidInputError, SignatureError
from andon.domain.values import Frozen

MOST_BYTES: Final = 64 * 1024
MOST_SIGNATURES: Final = 100
LOG: Final = 0x01
"""Signature type of Ed25519 over the text: the log's own."""
WITNESS: Final = 0x04
"""Signature type of a timestamped Ed25519 cosignature."""

_MARK: Final = "\N{EM DASH} "
_COSIGNED: Final = b"cosignature/v1\ntime %d\n"
_SIZE: Final = re.compile(r"^(0|[1-9][0-9]{0,18})\Z")
_NAME: Final = re.compile(r"^[^\s+\x00-\x1f\x7f]{1,255}\Z")
_KEY_BYTES: Final = 32
_KEY_ID_BYTES: Final = 4
_LENGTHS: Final = {LOG: 64, WITNESS: 72}


class NoteKey(Frozen):
    """The public key of a log or a witness, by the name it signs under."""

    name: str
    kind: int = LOG
    public: bytes = Field(min_length=_KEY_BYTES, max_length=_KEY_BYTES)

    @property
    def id(self) -> bytes:
        """The four bytes by which a signature line tells whose it is; not unique on purpose of others."""
        named = self.name.encode() + b"\n" + bytes([self.kind]) + self.public
        return hashlib.sha256(named).digest()[:_KEY_ID_BYTES]

    def text(self) -> str:
        """Return the key as trust files and other tools write it: `name+id+base64`."""
        return f"{self.name}+{self.id.hex()}+{_to_base64(bytes([self.kind]) + self.public)}"


class NoteSignature(Frozen):
    """One line under a note."""

    name: str
    key_id: bytes
    signature: bytes

    def line(self) -> str:
        """Return the line, with its end."""
        return f"{_MARK}{self.name} {_to_base64(self.key_id + self.signature)}\n"


class Note(Frozen):
    """A text and its signatures; nothing is known to hold until `signed_by` or `cosigned_by` says so."""

    body: str
    signatures: tuple[NoteSignature, ...] = ()

    def text(self) -> str:
        """Return the note as it is stored and sent."""
        return self.body + "\n" + "".join(one.line() for one in self.signatures)

    def with_lines(self, added: Iterable[NoteSignature]) -> Note:
        """Return the note with more signatures, none of them twice."""
        lines = dict.fromkeys((*self.signatures, *added))
        return Note(body=self.body, signatures=tuple(lines))


class Checkpoint(Frozen):
    """What a log was at one moment."""

    origin: str
    size: int = Field(ge=0)
    root: bytes = Field(min_length=32, max_length=32)
    extensions: tuple[str, ...] = ()

    def body(self) -> str:
        """Return the text that is signed."""
        lines = (self.origin, str(self.size), _to_base64(self.root), *self.extensions)
        return "".join(f"{line}\n" for line in lines)


def key_from(text: str) -> NoteKey:
    """Read a key written as `name+id+base64`.

    Raises:
        InvalidInputError: it is not one, or its id belongs to another key.
    """
    name, _, rest = text.partition("+")
    stated, _, encoded = rest.partition("+")
    raw = _from_base64(encoded, "key")
    if not _NAME.match(name) or len(raw) != _KEY_BYTES + 1 or raw[0] not in _LENGTHS:
        raise InvalidInputError("not a key of a log or witness: use name+id+base64, with an Ed25519 key")
    key = NoteKey(name=name, kind=raw[0], public=raw[1:])
    if key.id.hex() != stated:
        raise InvalidInputError(f"the key of {name} has the id {key.id.hex()}, not {stated[:16]}")
    return key


def key_of(name: str, seed: bytes, kind: int = LOG) -> NoteKey:
    """Return the public key grown from a seed, under a name.

    Raises:
        InvalidInputError: the name holds spaces, a plus or control characters.
    """
    if not _NAME.match(name):
        raise InvalidInputError(f"{name!r} can't be the name of a key: no spaces, no plus")
    public = Ed25519PrivateKey.from_private_bytes(seed).public_key().public_bytes_raw()
    return NoteKey(name=name, kind=kind, public=public)


def sign_note(body: str, name: str, seed: bytes) -> Note:
    """Return a note with the log's signature; the same text gives the same bytes."""
    _check_body(body)
    key = key_of(name, seed)
    signature = Ed25519PrivateKey.from_private_bytes(seed).sign(body.encode())
    return Note(body=body, signatures=(NoteSignature(name=name, key_id=key.id, signature=signature),))


def cosign(note: Note, name: str, seed: bytes, at: int) -> NoteSignature:
    """Return a witness's signature over a note: at `at` (Unix seconds) it saw no other of this log."""
    key = key_of(name, seed, WITNESS)
    signature = Ed25519PrivateKey.from_private_bytes(seed).sign(_COSIGNED % at + note.body.encode())
    return NoteSignature(name=name, key_id=key.id, signature=at.to_bytes(8, "big") + signature)


def signed_by(note: Note, key: NoteKey) -> bool:
    """Whether a log's signature is there.

    Raises:
        SignatureError: a line under its name and id is there and does not hold.
    """
    lines = _lines_of(note, key)
    for line in lines:
        _verify(key, line.signature, note.body.encode())
    return bool(lines)


def cosigned_by(note: Note, key: NoteKey) -> int | None:
    """Return when a witness signed, in Unix seconds; None: it did not. Of several the latest counts.

    Raises:
        SignatureError: a line under its name and id is there and does not hold.
    """
    times: list[int] = []
    for line in _lines_of(note, key):
        at = int.from_bytes(line.signature[:8], "big")
        _verify(key, line.signature[8:], _COSIGNED % at + note.body.encode())
        times.append(at)
    return max(times, default=None)


def read_note(text: str | bytes) -> Note:
    """Read a note; every deviation from the format is refused.

    Raises:
        InvalidInputError: it is none.
    """
    raw = text.encode("utf-8", "surrogatepass") if isinstance(text, str) else text
    if len(raw) > MOST_BYTES:
        raise InvalidInputError(f"a note has at most {MOST_BYTES} bytes")
    try:
        plain = raw.decode()
    except UnicodeDecodeError as error:
        raise InvalidInputError("a note is UTF-8") from error
    body, found, lines = plain.rpartition("\n\n")
    if not found:
        raise InvalidInputError("a note has a blank line before its signatures")
    body += "\n"
    _check_body(body)
    return Note(body=body, signatures=read_signatures(lines))


def read_signatures(text: str) -> tuple[NoteSignature, ...]:
    """Read the lines under a note; a line that is there twice counts once.

    Raises:
        InvalidInputError: there is none, there are too many, or one is malformed.
    """
    if not text.endswith("\n"):
        raise InvalidInputError("a note ends with a line of a signature")
    lines = text[:-1].split("\n")
    if len(lines) > MOST_SIGNATURES:
        raise InvalidInputError(f"a note has at most {MOST_SIGNATURES} signatures")
    return tuple(dict.fromkeys(_signature(line) for line in lines))


def read_checkpoint(note: Note) -> Checkpoint:
    """Read what a note says of a log; its signatures are not looked at.

    Raises:
        InvalidInputError: it is no checkpoint.
    """
    origin, *rest = note.body[:-1].split("\n")
    if len(rest) < 2 or not origin or not _SIZE.match(rest[0]) or "" in rest:
        raise InvalidInputError("a checkpoint names its log, a size and a root, a line each")
    root = _from_base64(rest[1], "root")
    if len(root) != hashlib.sha256().digest_size:
        raise InvalidInputError("the root of a checkpoint is a SHA-256")
    return Checkpoint(origin=origin, size=int(rest[0]), root=root, extensions=tuple(rest[2:]))


def _signature(line: str) -> NoteSignature:
    name, found, encoded = line.removeprefix(_MARK).partition(" ")
    if not line.startswith(_MARK) or not found or not _NAME.match(name):
        raise InvalidInputError("a line of a signature is a dash, a name and base64")
    raw = _from_base64(encoded, "signature")
    if len(raw) <= _KEY_ID_BYTES:
        raise InvalidInputError("a signature has a key id of four bytes, and then itself")
    return NoteSignature(name=name, key_id=raw[:_KEY_ID_BYTES], signature=raw[_KEY_ID_BYTES:])


def _lines_of(note: Note, key: NoteKey) -> list[NoteSignature]:
    lines = [one for one in note.signatures if (one.name, one.key_id) == (key.name, key.id)]
    for line in lines:
        if len(line.signature) != _LENGTHS[key.kind]:
            raise SignatureError(f"the signature of {key.name} has the wrong length")
    return lines


def _verify(key: NoteKey, signature: bytes, signed: bytes) -> None:
    try:
        Ed25519PublicKey.from_public_bytes(key.public).verify(signature, signed)
    except (InvalidSignature, ValueError) as error:
        raise SignatureError(f"the note was altered, or {key.name} did not sign it") from error


def _check_body(body: str) -> None:
    if not body.endswith("\n") or body == "\n" or any(ord(one) < ord(" ") and one != "\n" for one in body):
        raise InvalidInputError("the text of a note has lines, each with its end, and no control characters")


def _to_base64(raw: bytes) -> str:
    return base64.b64encode(raw).decode()


def _from_base64(text: str, what: str) -> bytes:
    try:
        raw = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError) as error:
        raise InvalidInputError(f"the {what} is not base64") from error
    # Two spellings of one value would make two notes of it.
    if _to_base64(raw) != text:
        raise InvalidInputError(f"the {what} is not written as base64 is")
    return raw
