"""The folder uploads lie in, each encrypted under a key of its own that the master key wraps."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import IO, Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from andon.adapters.store.sealed_file import SealedWriter, opened
from andon.domain.errors import SignatureError

FOLDER: Final = "uploads"
KEY_BYTES: Final = 32
NONCE_BYTES: Final = 12
PART: Final = ".part"
"""Ending of a file that is still coming in; one that stays is what a crash left."""


class UploadFolder:
    """Writes, reads and removes the content of uploads; door and evidence worker share the folder."""

    def __init__(self, data_dir: Path, master: Path) -> None:
        self._folder = data_dir / FOLDER
        self._master = master

    def begin(self, upload: str) -> Incoming:
        """Open a fresh upload for writing."""
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        return Incoming(self._folder, upload, os.urandom(KEY_BYTES))

    def wrap(self, upload: str, key: bytes) -> bytes:
        """Return an upload's key as the register keeps it."""
        nonce = os.urandom(NONCE_BYTES)
        return nonce + self._wrapping().encrypt(nonce, key, upload.encode())

    def parts(self, upload: str, wrapped: bytes, size: int) -> Iterator[bytes]:
        """Yield the content in parts of at most about `size` bytes, so that large ones fit in memory.

        Raises:
            FileNotFoundError: it is gone.
            SignatureError: it was altered.
        """
        key = self._unwrap(upload, wrapped)
        with (self._folder / upload).open("rb") as file:
            held = bytearray()
            for chunk in opened(file, key, upload):
                held += chunk
                if len(held) >= size:
                    yield bytes(held)
                    held.clear()
            if held:
                yield bytes(held)

    def remove(self, uploads: Iterable[str]) -> None:
        """Remove the content of uploads that have had their time."""
        for upload in uploads:
            (self._folder / upload).unlink(missing_ok=True)

    def remove_fragments(self, older_than: float) -> None:
        """Remove what was still coming in when a process died, if it is older than a Unix time."""
        for path in self._folder.glob(f"*{PART}"):
            if path.stat().st_mtime < older_than:
                path.unlink(missing_ok=True)

    def _wrapping(self) -> AESGCM:
        master = self._master.read_bytes()
        return AESGCM(
            HKDF(algorithm=SHA256(), length=KEY_BYTES, salt=None, info=b"andon/uploads/1").derive(master)
        )

    def _unwrap(self, upload: str, wrapped: bytes) -> bytes:
        try:
            return self._wrapping().decrypt(wrapped[:NONCE_BYTES], wrapped[NONCE_BYTES:], upload.encode())
        except (InvalidTag, ValueError) as error:
            raise SignatureError(f"the key of upload {upload} was altered or belongs elsewhere") from error


class Incoming:
    """One upload while it comes in; it counts once `commit` has returned."""

    def __init__(self, folder: Path, upload: str, key: bytes) -> None:
        self._path = folder / upload
        self._part = folder / f"{upload}{PART}"
        self._file: IO[bytes] = self._part.open("xb")
        self._writer = SealedWriter(self._file, key, upload)
        self.key = key

    @property
    def size_bytes(self) -> int:
        """How much has come in."""
        return self._writer.size_bytes

    def write(self, content: bytes) -> None:
        """Take more of the content."""
        self._writer.write(content)

    def commit(self) -> str:
        """Bring it to rest on the disk under its name, and return the digest of its content."""
        digest = self._writer.finish()
        self._file.flush()
        os.fsync(self._file.fileno())
        self._file.close()
        self._part.rename(self._path)
        folder = os.open(self._path.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
        return digest

    def discard(self) -> None:
        """Leave nothing of one that did not come in whole; after `commit` this does nothing."""
        self._file.close()
        self._part.unlink(missing_ok=True)
