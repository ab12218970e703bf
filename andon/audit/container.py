"""The files of a bundle, in a folder or a zip, read without following or unpacking anything.

A zip must hold its files stored, not compressed, in one folder: what it unpacks to is then never
larger than itself.
"""

from __future__ import annotations

import os
import stat
import zipfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Final, Protocol

from andon.audit.layout import MAX_FILES, MAX_TEXT_BYTES, is_safe
from andon.audit.rows import Rows
from andon.domain.errors import InvalidInputError

CHUNK: Final = 1024 * 1024
LINE_AT_MOST: Final = 1024 * 1024
ENCRYPTED: Final = 0x1


class Container(Protocol):
    """Where a bundle's files are."""

    problems: list[tuple[str, str]]
    """What is there and can't be a file of a bundle: its name, and why."""

    @property
    def sizes(self) -> Mapping[str, int]:
        """Every regular file by its name, and how long it is."""

    def open(self, name: str) -> IO[bytes]:
        """Open a file for reading."""


class Folder:
    """A bundle as a folder."""

    def __init__(self, root: Path) -> None:
        self.problems: list[tuple[str, str]] = []
        self.sizes = Rows[int]()
        self._root = str(root)
        self._files = 0
        self.sizes.fill(self._walk(str(root), ""))
        self.problems.sort()

    def open(self, name: str) -> IO[bytes]:
        """Open a file for reading; one that became a link since it was listed is refused."""
        # Not by `Path`, which keeps each name it has ever seen.
        return os.fdopen(os.open(f"{self._root}/{name}", os.O_RDONLY | os.O_NOFOLLOW), "rb")

    def _walk(self, folder: str, inside: str) -> Iterator[tuple[str, int]]:
        with os.scandir(folder) as found:
            for one in found:
                name = f"{inside}{one.name}"
                if one.is_dir(follow_symlinks=False):
                    yield from self._walk(one.path, f"{name}/")
                elif not is_safe(name):
                    self.problems.append((ascii(name), "has a name that no bundle gives"))
                elif not one.is_file(follow_symlinks=False):
                    self.problems.append((name, "is a link or a device, not a file"))
                else:
                    self._files += 1
                    yield name, one.stat(follow_symlinks=False).st_size
                if self._files > MAX_FILES:
                    raise InvalidInputError(f"{self._root} holds more than {MAX_FILES:,} files")


class Archive:
    """A bundle as a zip."""

    def __init__(self, path: Path) -> None:
        self.problems: list[tuple[str, str]] = []
        self.sizes = Rows[int]()
        self._zip = zipfile.ZipFile(path)
        listed = self._zip.infolist()
        if len(listed) > MAX_FILES:
            raise InvalidInputError(f"{path} holds more than {MAX_FILES:,} files")
        self._top = f"{listed[0].filename.split('/')[0]}/" if listed else ""
        self._places = Rows[int]()
        claimed = sum(self._take(place, one) for place, one in enumerate(listed))
        if claimed > path.stat().st_size:
            raise InvalidInputError(f"{path} claims to hold more than it is long")

    def open(self, name: str) -> IO[bytes]:
        """Open a file for reading."""
        return self._zip.open(self._zip.filelist[self._places[name]])

    def _take(self, place: int, one: zipfile.ZipInfo) -> int:
        """List an entry, and return how long the file is that it adds."""
        name = one.filename.removeprefix(self._top)
        problem = self._problem(one, name)
        if problem:
            self.problems.append((ascii(one.filename), problem))
            return 0
        self.sizes.add(name, one.file_size)
        self._places.add(name, place)
        return one.file_size

    def _problem(self, one: zipfile.ZipInfo, name: str) -> str:
        if not one.filename.startswith(self._top) or not is_safe(name):
            return "has a name that no bundle gives"
        if name in self.sizes:
            return "is there twice"
        kind = stat.S_IFMT(one.external_attr >> 16)
        if kind not in (0, stat.S_IFREG):
            return "is a link or a device, not a file"
        if one.flag_bits & ENCRYPTED or one.compress_type != zipfile.ZIP_STORED:
            return "is compressed or encrypted; a bundle's files are stored"
        if one.compress_size != one.file_size:
            return "says two lengths of itself"
        return ""


@contextmanager
def opened(path: Path) -> Iterator[Container]:
    """Open a bundle.

    Raises:
        InvalidInputError: it is neither a folder nor a zip, or can't be read.
    """
    try:
        container: Container = Folder(path) if path.is_dir() else Archive(path)
    except FileNotFoundError as error:
        raise InvalidInputError(f"there is no bundle {path}") from error
    except (OSError, zipfile.BadZipFile, NotImplementedError, UnicodeError) as error:
        raise InvalidInputError(f"{path} is no bundle: neither a folder nor a zip ({error})") from error
    try:
        yield container
    finally:
        if isinstance(container, Archive):
            container._zip.close()  # noqa: SLF001 - of this module


def lines_of(container: Container, name: str) -> Iterator[bytes]:
    """Yield the lines of a file one at a time, each with its end: it may have one for each object.

    Raises:
        InvalidInputError: it is not there, or can't be read.
    """
    if name not in container.sizes:
        raise InvalidInputError(f"{name} is not there")
    try:
        with container.open(name) as file:
            while line := file.readline(LINE_AT_MOST):
                yield line
    except (OSError, zipfile.BadZipFile) as error:
        raise InvalidInputError(f"{name} can't be read: {error}") from error


def text(container: Container, name: str) -> str:
    """Return a file that is read whole.

    Raises:
        InvalidInputError: it is not there, is too long, or is no UTF-8.
    """
    size = container.sizes.get(name)
    if size is None:
        raise InvalidInputError(f"{name} is not there")
    if size > MAX_TEXT_BYTES:
        raise InvalidInputError(f"{name} is longer than {MAX_TEXT_BYTES:,} bytes")
    try:
        with container.open(name) as file:
            return file.read(size).decode()
    except (OSError, zipfile.BadZipFile, UnicodeError) as error:
        raise InvalidInputError(f"{name} can't be read: {error}") from error
