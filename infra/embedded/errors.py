"""What can keep the embedded stack from running.

AndonError
└── StackError           the stack can't start or go on; the message says what to do
    └── FolderInUseError another `andon up` holds the data folder
"""

from __future__ import annotations

from pathlib import Path

from andon.domain.errors import AndonError


class StackError(AndonError):
    """The stack can't start or go on; the message says what to do."""


class FolderInUseError(StackError):
    """Another `andon up` holds the data folder."""

    def __init__(self, folder: Path, holder: str) -> None:
        self.folder = folder
        self.holder = holder
        super().__init__(f"{folder} is in use by another `andon up` (pid {holder}); stop that one first")
