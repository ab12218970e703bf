"""The ports of a watch: what the signals of an AI system say, and where the last looks are kept."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from andon.domain.values import IncidentId, Slug
from andon.domain.watch import LookKept, WatchSignal


class SignalReader(Protocol):
    """Reads the signals that an AI system's file states."""

    async def stated(self, system: Slug) -> Sequence[WatchSignal]:
        """Return the signals as the file in force states them."""

    async def read(self, system: Slug, name: str) -> float:
        """Return what a signal says now.

        Raises:
            SourceError: it can't be had, and why; its text holds nothing of what was read.
        """


class WatchBook(Protocol):
    """The last looks of every watch, for people."""

    async def keep(self, incident: IncidentId, watch: int, looks: Sequence[LookKept]) -> None:
        """Put these in the place of the looks before them; a repeat changes nothing."""
