"""Following up on a closed incident: each step brought to rest once, and whether it has happened again."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from temporalio import activity

from activities.final import final_errors
from andon.domain.follow_up import Look, Step
from andon.domain.recurrence import Later, Recurrence, recurred
from andon.ports import Outbox


class FollowUpPlace(Protocol):
    """Where the steps of follow-ups come to rest, and later incidents are found."""

    async def record(self, step: Step) -> None:
        """Bring a step to rest in the access chain, locked, and in the register; a repeat changes nothing."""

    async def later(self, look: Look) -> Sequence[Later]:
        """Return the incidents of the same AI system that opened since the close."""


class FollowUpActivities:
    """Writes what becomes of changes."""

    def __init__(self, place: FollowUpPlace, outbox: Outbox) -> None:
        self._place = place
        self._outbox = outbox

    @activity.defn(name="follow_up.record")
    async def record(self, step: Step) -> None:
        """Bring a step to rest, then tell people of it; a retried attempt changes nothing."""
        with final_errors():
            await self._place.record(step)
        await self._outbox.post(step.notices)

    @activity.defn(name="follow_up.look")
    async def look(self, look: Look) -> Recurrence:
        """Return which incidents since the close are one more of the same."""
        return recurred(look.causes, look.closed_at, look.days, await self._place.later(look))
