"""Making checkpoints of the log over all incidents, and having others vouch for them."""

from __future__ import annotations

from typing import Protocol

from temporalio import activity

from activities.final import final_errors
from andon.domain.checkpoint import Made


class LogBook(Protocol):
    """The log, where it is kept."""

    async def make(self) -> Made:
        """Take in what is new, and sign; a repeat changes nothing.

        Raises:
            StoreConflictError: another checkpoint of this size stands in locked storage. Final.
            LedgerBrokenError: the log no longer begins with what was signed before.
        """

    async def stamp(self, size: int) -> None:
        """Have a checkpoint stamped; what keeps it from being is kept instead."""

    async def witness(self, size: int) -> None:
        """Have a checkpoint witnessed; what keeps it from being is kept instead."""


class CheckpointActivities:
    """Signs what the log is."""

    def __init__(self, book: LogBook) -> None:
        self._book = book

    @activity.defn(name="checkpoint.make")
    async def make(self) -> Made:
        """Make one checkpoint.

        Raises:
            ApplicationError: `StoreConflictError`: the log is forked. Not retryable.
        """
        with final_errors():
            return await self._book.make()

    @activity.defn(name="checkpoint.stamp")
    async def stamp(self, size: int) -> None:
        """Have a checkpoint stamped."""
        await self._book.stamp(size)

    @activity.defn(name="checkpoint.witness")
    async def witness(self, size: int) -> None:
        """Have a checkpoint witnessed."""
        await self._book.witness(size)
