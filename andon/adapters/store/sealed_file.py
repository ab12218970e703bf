"""A file encrypted as it is written, in chunks, under a key of its own.

Each chunk is sealed with AES-256-GCM. The nonce is the chunk's number and whether it is the last, as
in the STREAM construction (Hoang, Reyhanitabar, Rogaway, Vizár 2015): chunks can't be left out, put
in another order, or cut off at the end. A key seals one file only, so no nonce comes twice.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from typing import IO, Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from andon.domain.errors import SignatureError
from andon.domain.values import Sha256Hex

CHUNK_BYTES: Final = 1024 * 1024
TAG_BYTES: Final = 16
_LAST: Final = b"\x01"
_MORE: Final = b"\x00"


class SealedWriter:
    """Encrypts what it is given into a file; `finish` writes the last chunk."""

    def __init__(self, file: IO[bytes], key: bytes, name: str) -> None:
        self._file = file
        self._cipher = AESGCM(key)
        self._name = name.encode()
        self._held = bytearray()
        self._number = 0
        self._digest = hashlib.sha256()
        self.size_bytes = 0

    def write(self, content: bytes) -> None:
        """Take more of the content."""
        self._digest.update(content)
        self.size_bytes += len(content)
        self._held += content
        # A full chunk is held back until more comes: it might be the last.
        while len(self._held) > CHUNK_BYTES:
            self._put(bytes(self._held[:CHUNK_BYTES]), _MORE)
            del self._held[:CHUNK_BYTES]

    def finish(self) -> Sha256Hex:
        """Write what is left and return the digest of the whole content."""
        self._put(bytes(self._held), _LAST)
        self._held.clear()
        return self._digest.hexdigest()

    def _put(self, chunk: bytes, flag: bytes) -> None:
        self._file.write(self._cipher.encrypt(_nonce(self._number, flag), chunk, self._name))
        self._number += 1


def opened(file: IO[bytes], key: bytes, name: str) -> Iterator[bytes]:
    """Yield the content of a sealed file, chunk by chunk.

    Raises:
        SignatureError: it was altered or cut off, or belongs to another name or key.
    """
    cipher, number = AESGCM(key), 0
    sealed = file.read(CHUNK_BYTES + TAG_BYTES)
    while True:
        following = file.read(CHUNK_BYTES + TAG_BYTES)
        try:
            yield cipher.decrypt(_nonce(number, _MORE if following else _LAST), sealed, name.encode())
        except (InvalidTag, ValueError) as error:  # ValueError: too short to hold a tag
            raise SignatureError(f"upload {name} was altered or cut off") from error
        if not following:
            return
        sealed, number = following, number + 1


def _nonce(number: int, flag: bytes) -> bytes:
    return number.to_bytes(11, "big") + flag
