"""The policy as its files say it now, for pages and requests that show words, triggers and taxonomies.

What is open is shown by the snapshot it is pinned to; this is what holds for the next report.
"""

from __future__ import annotations

import logging
from pathlib import Path
from threading import Lock
from typing import Final

from andon.bootstrap import load_shelf
from andon.config import PolicySettings
from andon.domain.errors import InvalidInputError
from playbooks import Shelf

logger = logging.getLogger(__name__)

FOLDERS: Final = ("", "taxonomies", "sources")
_Stamp = tuple[tuple[str, int, int], ...]


class PolicyOnShow:
    """Reads the files again when one has changed; while one can't be used, what held before stays."""

    def __init__(self, files: PolicySettings) -> None:
        self._files = files
        self._stamp = self._stamps()
        self._shelf = load_shelf(files)
        self._looking = Lock()

    def shelf(self) -> Shelf:
        """Return the policies and playbooks in force."""
        with self._looking:
            stamp = self._stamps()
            if stamp != self._stamp:
                self._stamp = stamp
                try:
                    self._shelf = load_shelf(self._files)
                except InvalidInputError:
                    logger.exception("changed policy files can't be used: what was in force stays")
            return self._shelf

    def _stamps(self) -> _Stamp:
        folder = self._files.playbooks
        if folder is None:
            return ()
        found = (path for name in FOLDERS for path in sorted((folder / name).glob("*.yaml")))
        return tuple(_stamp(path) for path in found)


def _stamp(path: Path) -> tuple[str, int, int]:
    try:
        stat = path.stat()
    except FileNotFoundError:  # an editor replaces a file by removing it first
        return str(path), 0, 0
    return str(path), stat.st_mtime_ns, stat.st_size
