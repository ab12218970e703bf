"""Telling people: whom, through which channel, and what is kept of it."""

from __future__ import annotations

import asyncio
import logging
from datetime import timedelta
from typing import Final

from pydantic import Field
from temporalio import activity
from temporalio.exceptions import ApplicationError

from andon.domain.directory import Role
from andon.domain.notice import FINAL, Code, Notice, Recipients, Target, targets
from andon.domain.values import Carried
from andon.ports import Notifier

BEAT: Final = timedelta(seconds=5)
"""Between two heartbeats, while people's servers take their time."""

log = logging.getLogger(__name__)


class Round(Carried):
    """One notice at the start of a round, and whom it has reached already."""

    notice: Notice
    arrived: tuple[Target, ...] = ()


class Begun(Carried):
    """Whom to tell, and what became of the first attempts."""

    recipients: Recipients
    arrived: tuple[Target, ...] = ()
    failed: tuple[Target, ...] = ()
    again: tuple[Target, ...] = Field((), description="did not arrive, and another attempt may")


class Rounds(Carried):
    """Several notices, each at the start of its first round."""

    rounds: tuple[Round, ...]


class Beginnings(Carried):
    """What became of each of several rounds, in their order; none of one that could not be begun."""

    begun: tuple[Begun | None, ...]


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

    @activity.defn(name="people.begin")
    async def begin(self, begun: Round) -> Begun:
        """Find whom to tell by the directory now in force, and try each whose channel is open, side by side.

        A repeat leaves those in peace who have been reached.
        """
        recipients = await self._notifier.recipients(begun.notice)
        known = dict.fromkeys(begun.arrived, True)
        wanted = [
            target
            for target, way in targets(recipients, known).items()
            if target not in known and way.opens_at is None
        ]
        codes = await asyncio.gather(*(self._tried(begun.notice, target) for target in wanted))
        tried = dict(zip(wanted, codes, strict=True))
        return Begun(
            recipients=recipients,
            arrived=tuple(target for target, code in tried.items() if code is Code.SENT),
            failed=tuple(target for target, code in tried.items() if code in FINAL),
            again=tuple(target for target, code in tried.items() if code not in {Code.SENT, *FINAL}),
        )

    @activity.defn(name="people.begin_together")
    async def begin_together(self, begun: Rounds) -> Beginnings:
        """Begin several notices side by side; one that fails is left to be begun by itself.

        All are waited for: of what is still on its way, nobody would know whom it has reached.
        """
        beginning = asyncio.gather(*(self.begin(one) for one in begun.rounds), return_exceptions=True)
        try:
            while not (await asyncio.wait({beginning}, timeout=BEAT.total_seconds()))[0]:
                activity.heartbeat()
            found = beginning.result()
        finally:
            beginning.cancel()
        failures = [one for one in found if isinstance(one, BaseException)]
        if len(failures) == len(found):
            raise failures[0]
        for failure in failures:
            log.warning("a notice could not be begun with others", exc_info=failure)
        return Beginnings(begun=tuple(one if isinstance(one, Begun) else None for one in found))

    async def _tried(self, notice: Notice, target: Target) -> Code:
        try:
            return await self._notifier.tell(notice, target)
        except Exception:  # whatever it is, it must not hold up the others; the target is tried again alone
            log.exception("notice %s: an attempt broke off", notice.id)
            return Code.FAILED

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
