"""Telling people."""

from __future__ import annotations

from temporalio import activity

from andon.domain.notice import Notice
from andon.ports import Delivery, Notifier


class PeopleActivities:
    """Sends notices."""

    def __init__(self, notifier: Notifier) -> None:
        self._notifier = notifier

    @activity.defn(name="people.tell")
    async def tell(self, notice: Notice) -> Delivery:
        """Send a notice; at least once, always with the same message id."""
        return await self._notifier.send(notice)
