"""What is told of the log over all incidents: its newest checkpoint, and who vouches for it."""

from __future__ import annotations

from datetime import datetime, timedelta

from pydantic import Field

from andon.config import CheckpointSettings
from andon.domain.note import read_checkpoint, read_note
from andon.domain.values import Frozen, Instant, Sha256Hex
from andon.register.checkpoints import Kept


class LogShown(Frozen):
    """The newest checkpoint. Keep its note: a later one must have grown from it."""

    origin: str
    size: int = Field(description="leaves of the log")
    root: Sha256Hex
    note: str = Field(description="C2SP signed note; with the witness's signature if there is one")
    key: str = Field(description="the log's public key, as the server has it; compare it with your own copy")
    made_at: Instant
    checked_at: Instant = Field(description="when it was last found to be the whole log")
    overdue: bool = Field(description="nothing was signed for longer than the settings allow")
    stamped_at: Instant | None = Field(description="when a time stamp was last asked for")
    stamped: bool
    stamp_problem: str | None
    witnessed_at: Instant | None = Field(description="when the witness was last asked")
    witnessed: bool
    witness_problem: str | None
    witness_key: str = Field(description="the public key of the witness that the settings name; empty: none")


def overdue_since(kept: Kept, now: datetime, after: timedelta) -> datetime | None:
    """Return since when nothing was signed, if that is longer than allowed."""
    return kept.checked_at if now - kept.checked_at > after else None


def log_shown(kept: Kept, now: datetime, settings: CheckpointSettings) -> LogShown:
    """Return what is told of a checkpoint."""
    checkpoint = read_checkpoint(read_note(kept.note))
    return LogShown(
        origin=checkpoint.origin,
        size=checkpoint.size,
        root=checkpoint.root.hex(),
        note=kept.witnessed or kept.note,
        key=kept.key,
        made_at=kept.made_at,
        checked_at=kept.checked_at,
        overdue=overdue_since(kept, now, settings.overdue) is not None,
        stamped_at=kept.stamped_at,
        stamped=kept.stamp is not None,
        stamp_problem=kept.stamp_problem,
        witnessed_at=kept.witnessed_at,
        witnessed=kept.witnessed is not None,
        witness_problem=kept.witness_problem,
        witness_key=settings.witness_key,
    )
