"""The ports to people: the directory, and notices."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from andon.domain.directory import Role, Standing
from andon.domain.notice import Code, Notice, Recipients, Target
from andon.domain.values import Instant, PersonId


class DirectoryReader(Protocol):
    """The directory as it was at a moment."""

    async def standing(self, person: PersonId, at: Instant) -> Standing:
        """Return what the directory in force at `at` says of `person`."""


class Outbox(Protocol):
    """Takes notices that are to be sent."""

    async def post(self, notices: Sequence[Notice]) -> None:
        """See to it that each is sent; whom it has reached after an earlier posting is left in peace."""


class Notifier(Protocol):
    """Tells people, through their own channels, and keeps what became of it."""

    async def recipients(self, notice: Notice) -> Recipients:
        """Return whom to tell, by the directory now in force; who has no channel finds it in the outbox.

        Raises:
            NotFoundError: there is no directory yet.
        """

    async def tell(self, notice: Notice, target: Target) -> Code:
        """Try one channel of one person within a bounded time, and keep what became of it.

        At least once, always with the same message id; whoever has been reached before is left in peace.
        """

    async def conclude(self, notice: Notice, missing: tuple[Role, ...]) -> None:
        """Keep for which roles nobody can be reached; none, once that has been put right."""
