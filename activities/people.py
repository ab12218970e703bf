"""Telling people: whom, through which channel, and what is kept of it."""

from __future__ import annotations

from temporalio import activity
from temporalio.exceptions import ApplicationError

from andon.domain.directory import Role
from andon.domain.notice import FINAL, Code, Notice, Recipients, Target
from andon.domain.values import Carried
from andon.ports import Notifier


class Telling(Carried):
    """One notice on its way to one channel of one person."""

    notice: Notice
    target: Target


class Conclusion(Carried):
    """The roles of a notice for which nobody can be reached."""

    notice: Notice
    missing: tuple[Role, ...]


class PeopleActivities:
    """Sends notices."""

    def __init__(self, notifier: Notifier) -> None:
        self._notifier = notifier

    @activity.defn(name="people.recipients")
    async def recipients(self, notice: Notice) -> Recipients:
        """Return whom to tell, by the directory now in force."""
        return await self._notifier.recipients(notice)

    @activity.defn(name="people.tell")
    async def tell(self, telling: Telling) -> None:
        """Send a notice through one channel; at least once, always with the same message id.

        Raises:
            ApplicationError: it did not arrive; its type is the code.
        """
        code = await self._notifier.tell(telling.notice, telling.target)
        if code is not Code.SENT:
            raise ApplicationError(
                f"{telling.notice.id} did not reach {telling.target.person}",
                type=code.value,
                non_retryable=code in FINAL,
            )

    @activity.defn(name="people.conclude")
    async def conclude(self, conclusion: Conclusion) -> None:
        """Keep what became of a notice as a whole; a repeat changes nothing."""
        await self._notifier.conclude(conclusion.notice, conclusion.missing)
