"""Writing a bundle: a folder that can be gone on with, and from it a zip with fixed order and times.

The same incident gives the same bytes, but for the date in `bag-info.txt` and the list that covers
it. Objects come in pieces and are never held whole.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import zipfile
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from andon.audit.layout import BAGIT, DECLARATION, INFO, PAYLOAD, STORE, TAG_FILES, TAGS, is_known
from andon.domain.errors import InvalidInputError
from andon.domain.values import IncidentId, Sha256Hex

CHUNK: Final = 1024 * 1024
EPOCH: Final = (1980, 1, 1, 0, 0, 0)
"""The earliest time that a zip can say."""
PART: Final = ".part"
"""Ending of a bundle that is not finished; a repeat goes on with it."""


class Staging:
    """The folder a bundle is put together in; what lies there from an earlier try is used."""

    def __init__(self, target: Path) -> None:
        self.target = target
        self.folder = target.with_name(target.name + PART)
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._expected: set[str] = set()
        self._digests: dict[str, Sha256Hex] = {}

    def put(self, name: str, content: bytes) -> None:
        """Put a file that is held whole."""
        path = self._path(name)
        path.write_bytes(content)
        self._digests[name] = hashlib.sha256(content).hexdigest()

    def stream(self, key: str, chunks: Iterable[bytes]) -> Sha256Hex:
        """Put an object of locked storage, piece by piece, and return the digest of what was put."""
        path = self._path(STORE + key)
        part = path.with_name(path.name + PART)
        digest = hashlib.sha256()
        with part.open("wb") as file:
            for chunk in chunks:
                digest.update(chunk)
                file.write(chunk)
        part.rename(path)
        self._digests[STORE + key] = digest.hexdigest()
        return digest.hexdigest()

    def kept(self, key: str) -> Sha256Hex | None:
        """Return the digest of an object that lies there from an earlier try; None: fetch it."""
        name = STORE + key
        path = self.folder / name
        if not path.is_file():
            return None
        with path.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
        self._expected.add(name)
        self._digests[name] = digest
        return digest

    def finish(self, incident: IncidentId, at: datetime, *, agent: str) -> Path:
        """Write the lists, and put the bundle under its name: a zip if that ends so, else a folder."""
        self._remove_others()
        sizes = [(self.folder / name).stat().st_size for name in self._digests]
        info = {
            "Source-Organization": "Andon",
            "Bag-Software-Agent": agent,
            "Bagging-Date": at.astimezone(UTC).date().isoformat(),
            "Bagging-Time": at.astimezone(UTC).isoformat(timespec="seconds"),
            "External-Identifier": incident,
            "Payload-Oxum": f"{sum(sizes)}.{len(sizes)}",
        }
        bag(self.folder, self._digests, info)
        if self.target.suffix == ".zip":
            archived(self.folder, self.target, incident)
            shutil.rmtree(self.folder)
        else:
            self.folder.rename(self.target)
        return self.target

    def _path(self, name: str) -> Path:
        if not is_known(name):
            raise InvalidInputError(f"a bundle has no place for {name}")
        path = self.folder / name
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._expected.add(name)
        return path

    def _remove_others(self) -> None:
        """Remove what an earlier try left and this one does not name."""
        for path in self.folder.rglob("*"):
            if path.is_file() and str(path.relative_to(self.folder)) not in self._expected:
                path.unlink()


def bag(folder: Path, digests: Mapping[str, Sha256Hex], info: Mapping[str, str]) -> None:
    """Write the tag files of a bag over a payload (RFC 8493)."""
    tags = {
        DECLARATION: BAGIT,
        INFO: "".join(f"{name}: {value}\n" for name, value in info.items()).encode(),
        PAYLOAD: _list(digests),
    }
    for name, content in tags.items():
        (folder / name).write_bytes(content)
    listed = {name: hashlib.sha256(tags[name]).hexdigest() for name in TAG_FILES}
    (folder / TAGS).write_bytes(_list(listed))


def archived(folder: Path, target: Path, top: str) -> None:
    """Write a folder as a zip: stored, in the order of names, with one time for all."""
    part = target.with_name(target.name + ".zipping")
    names = sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())
    with zipfile.ZipFile(part, "w", zipfile.ZIP_STORED) as archive:
        for name in names:
            entry = zipfile.ZipInfo(f"{top}/{name}", EPOCH)
            entry.external_attr = 0o100600 << 16
            with (folder / name).open("rb") as source, archive.open(entry, "w", force_zip64=True) as sink:
                shutil.copyfileobj(source, sink, CHUNK)
    part.chmod(0o600)
    os.replace(part, target)  # noqa: PTH105 - in one step, over nothing or a broken try


def _list(digests: Mapping[str, Sha256Hex]) -> bytes:
    return "".join(f"{digest}  {name}\n" for name, digest in sorted(digests.items())).encode()
