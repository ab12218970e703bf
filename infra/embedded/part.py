"""What the supervisor needs to know of one part of the stack."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from enum import IntEnum
from pathlib import Path

Say = Callable[[str], None]
"""Tells the person at the terminal what is being waited for."""

Readiness = Callable[[Say], Awaitable[None]]
"""Returns when the part can be used; the supervisor bounds it and cancels it when the part dies."""


class Layer(IntEnum):
    """The order of stopping: the highest goes first."""

    STORES = 0
    SERVERS = 1
    WORKERS = 2


@dataclass(frozen=True)
class Part:
    """One program of the stack: how it is started, and when it counts as ready."""

    name: str
    argv: tuple[str, ...]
    """The program by its full path, then its arguments."""
    environment: Mapping[str, str]
    folder: Path
    """Where the program runs."""
    layer: Layer
    ready: Readiness | None
    """None for a program that does one thing and ends; it is ready when it ended with 0."""
    needs: frozenset[str] = frozenset()
    """Parts that have been ready once before this one starts."""
    before_start: tuple[Path, ...] = field(default=())
    """Files to remove before each start."""
    ready_within: float = 60.0
    """Seconds; a part that takes longer is killed and started again."""
    stop_within: float = 5.0
    """Seconds from SIGTERM to SIGKILL."""
    niceness: int = 0
    """How far it stands back for other parts when processors are short, 0 to 19."""
