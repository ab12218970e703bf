"""Files below a folder that settings name: found and opened without ever following a link out of it."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Final

MOST_ENTRIES: Final = 100_000
"""Entries looked at below one folder."""


@dataclass(frozen=True, slots=True, order=True)
class FoundFile:
    """A plain file, by its path below the folder."""

    path: str
    size: int
    changed: datetime


class TooManyError(Exception):
    """There is more below the folder than is looked at."""


def find(folder: Path, patterns: tuple[str, ...]) -> list[FoundFile]:
    """Return the plain files whose path fits one of the patterns, by path; links are passed over.

    Raises:
        OSError: the folder can't be read.
        TooManyError: it holds more than `MOST_ENTRIES`.
    """
    found: list[FoundFile] = []
    for seen, (path, entry) in enumerate(_walk(folder, "")):
        if seen >= MOST_ENTRIES:
            raise TooManyError
        if any(_fits(path, pattern) for pattern in patterns) and entry.is_file(follow_symlinks=False):
            told = entry.stat(follow_symlinks=False)
            found.append(FoundFile(path, told.st_size, datetime.fromtimestamp(told.st_mtime, UTC)))
    return sorted(found)


def _walk(folder: Path, below: str) -> Iterator[tuple[str, os.DirEntry[str]]]:
    with os.scandir(folder / below) as entries:
        for entry in entries:
            path = f"{below}/{entry.name}" if below else entry.name
            if entry.is_dir(follow_symlinks=False):
                yield from _walk(folder, path)
            else:
                yield path, entry


def _fits(path: str, pattern: str) -> bool:
    """Whether a path fits, step by step: a `*` never spans folders, `**` any number of them."""
    return _steps_fit(path.split("/"), pattern.split("/"))


def _steps_fit(steps: list[str], wanted: list[str]) -> bool:
    if not wanted:
        return not steps
    if wanted[0] == "**":
        return any(_steps_fit(steps[taken:], wanted[1:]) for taken in range(len(steps) + 1))
    return bool(steps) and fnmatchcase(steps[0], wanted[0]) and _steps_fit(steps[1:], wanted[1:])


@contextmanager
def opened(folder: Path, path: str) -> Iterator[int]:
    """Open a plain file below a folder for reading, each step without following a link.

    Raises:
        OSError: it is gone, may not be read, or a link stands on the way.
    """
    at = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)  # an admin's own, which may be a link
    try:
        *steps, name = path.split("/")
        for step in steps:
            at, before = (
                os.open(step, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=at),
                at,
            )
            os.close(before)
        # Without O_NONBLOCK a pipe put in its place would hold us up for ever.
        file = os.open(name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC, dir_fd=at)
    finally:
        os.close(at)
    try:
        if not stat.S_ISREG(os.fstat(file).st_mode):
            raise PermissionError(f"{path} is no plain file")
        yield file
    finally:
        os.close(file)
