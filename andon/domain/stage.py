"""The stages of the loop: where an incident stands, who owns that, and by when it is to be done."""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum
from typing import Final, Literal

from pydantic import Field

from andon.domain.directory import Role
from andon.domain.values import Carried, Instant


class Stage(StrEnum):
    """The eleven stages of the loop, and the end."""

    DETECT = "detect"
    TRIAGE_CLASSIFY = "triage_classify"
    CONTAIN = "contain"
    PRESERVE_EVIDENCE = "preserve_evidence"
    ASSESS_IMPACT = "assess_impact"
    COMMUNICATE = "communicate"
    INVESTIGATE = "investigate"
    CORRECT_REMEDIATE = "correct_remediate"
    VALIDATE_RESTART = "validate_restart"
    MONITOR = "monitor"
    LEARN_CLOSE = "learn_close"
    CLOSED = "closed"


ROUND: Final = frozenset({Stage.INVESTIGATE, Stage.CORRECT_REMEDIATE, Stage.VALIDATE_RESTART, Stage.MONITOR})
"""Gone through again after a relapse, or when a restart is refused; the others once."""


class StageRecord(Carried):
    """One stage of one incident: when it began and ended, who owns it, and until when it may take."""

    stage: Stage
    began_at: Instant
    ended_at: Instant | None = None
    owner: Role | None = None
    due: Instant | None = None
    overdue: bool = Field(False, description="it was not done when it was due; that is on record")

    @property
    def state(self) -> Literal["running", "overdue", "done", "done_late"]:
        """How it stands against its clock."""
        if self.ended_at is None:
            return "overdue" if self.overdue else "running"
        return "done_late" if self.overdue else "done"


def left_behind(stage: Stage, before: Iterable[StageRecord], *, caught_up: bool) -> bool:
    """Whether a course that is taken up again only passes a stage, since it was done with before.

    Args:
        stage: where the course comes to.
        before: the stages on record when it was taken up.
        caught_up: whether it has come to the stage of a round in which it was left.
    """
    known = tuple(before)
    running = {one.stage for one in known if one.ended_at is None}
    if stage in running or stage not in {one.stage for one in known}:
        return False
    return stage not in ROUND or (not caught_up and bool(running & ROUND))
