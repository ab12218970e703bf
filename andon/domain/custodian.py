"""What one round of the custodian's work came to."""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from andon.domain.values import Carried

CUSTODY: Final = "custody"
"""Id of the workflow in which the custodian goes round for ever."""


class CustodyRound(Carried):
    """How often the custodian goes round, and for how long one activity does."""

    every: timedelta


class CustodyDone(Carried):
    """What was brought about; all counts."""

    locked: int = 0
    holds: int = 0
    erased: int = 0
    expired: int = 0
    deleted: int = 0
    extended: int = 0
    failed: tuple[str, ...] = ()
    """Parts of the work that could not be done, by name; the next round tries again."""
