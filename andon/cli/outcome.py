"""How a command ends: the exit codes, and the one error that commands raise for people to read."""

from __future__ import annotations

from enum import IntEnum


class Exit(IntEnum):
    """Exit codes that scripts can rely on."""

    OK = 0
    NEGATIVE = 1
    BAD_INPUT = 2
    UNREACHABLE = 3
    NOT_ALLOWED = 4
    INTERRUPTED = 130


class CommandError(Exception):
    """What went wrong, in words for the person at the terminal."""

    def __init__(self, message: str, code: Exit) -> None:
        self.message = message
        self.code = code
        super().__init__(message)
