"""Looking people up, and telling them."""

from __future__ import annotations

from temporalio import activity

from andon.domain.directory import Standing
from andon.domain.notice import Notice
from andon.domain.values import Carried, Instant, PersonId
from andon.ports import Delivery, DirectoryReader, Notifier


class StandingCall(Carried):
    """Whose standing at which moment."""

    person: PersonId
    at: Instant


class PeopleActivities:
    """Reads the directory and sends notices."""

    def __init__(self, directory: DirectoryReader, notifier: Notifier) -> None:
        self._directory = directory
        self._notifier = notifier

    @activity.defn(name="people.standing")
    async def standing(self, call: StandingCall) -> Standing:
        """Return what the directory in force at that moment says of the person."""
        return await self._directory.standing(call.person, call.at)

    @activity.defn(name="people.tell")
    async def tell(self, notice: Notice) -> Delivery:
        """Send a notice; at least once, always with the same message id."""
        return await self._notifier.send(notice)
