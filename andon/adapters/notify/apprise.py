"""Telling people through their own channels, as Apprise URLs name them.

Each attempt is kept in the register with its outcome, never with an address: so the second attempt
knows of the first, and a person without a channel still finds what is asked of them.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Final

from andon.adapters.clock import utc_now
from andon.adapters.notify.channel import Channels
from andon.adapters.notify.wording import worded
from andon.domain.channels import CONSOLE, Channel
from andon.domain.directory import Directory, Role
from andon.domain.notice import Code, Notice, Recipients, Target, addressed, recipients_of
from andon.domain.rights import RightsPolicy
from andon.register.deliveries import Deliveries, Sent
from andon.register.people import People

OUTBOX: Final = "outbox"
"""Channel of what could not be sent anywhere, or not yet: the console shows it to the person."""

log = logging.getLogger(__name__)


class AppriseNotifier:
    """Finds whom to tell in the directory in force, and tells them one channel at a time."""

    def __init__(
        self,
        people: People,
        deliveries: Deliveries,
        rights: RightsPolicy,
        console_url: str,
        now: Callable[[], datetime] = utc_now,
        *,
        folds: Callable[[Notice, str], bool] = lambda _notice, _person: False,
    ) -> None:
        self._people = people
        self._deliveries = deliveries
        self._rights = rights
        self._console_url = console_url.rstrip("/")
        self._now = now
        self._folds = folds
        self._channels = Channels()

    async def recipients(self, notice: Notice) -> Recipients:
        """Return whom to tell; an asked person without an open channel finds it in the outbox."""
        now = self._now()
        directory = await asyncio.to_thread(self._people.directory_at, now)
        found = recipients_of(directory, notice, now)
        for line in found.asked:
            if not (line.first or line.then):
                log.warning("notice %s: nobody holds %s", notice.id, line.role)
        waiting = [_sent(notice, person, OUTBOX, code, now) for person, code in _waiting(found)]
        await asyncio.to_thread(self._deliveries.note, waiting)
        return found

    async def tell(self, notice: Notice, target: Target) -> Code:
        """Try one channel of one person; whoever has been reached before is left in peace."""
        told = addressed(notice, target.instead_of)
        if await asyncio.to_thread(self._deliveries.reached, told.id, target.person):
            return Code.SENT
        now = self._now()
        if await asyncio.to_thread(self._folds, told, target.person):
            folded = _sent(told, target.person, "", Code.FOLDED, now)
            await asyncio.to_thread(self._deliveries.record, folded)
            return Code.SENT
        directory = await asyncio.to_thread(self._people.directory_at, now)
        channel = _channel(directory, target, now)
        code = Code.GONE
        if channel is not None and channel.kind == CONSOLE:
            code = Code.SENT
        elif channel is not None:
            message = worded(notice, self._rights, self._console_url, target.instead_of)
            code = await self._channels.send(channel.url, message)
        if code is not Code.SENT:
            log.warning("notice %s did not reach %s: %s", told.id, target.person, code)
        kind = channel.kind if channel else ""
        sent = _sent(told, target.person, kind, code, self._now())
        await asyncio.to_thread(self._deliveries.record, sent)
        return code

    async def conclude(self, notice: Notice, missing: tuple[Role, ...]) -> None:
        """Keep what became of a notice as a whole; the roles kept are those that are missing."""
        code = Code.UNDELIVERABLE if missing else Code.DELIVERED
        told = notice.model_copy(update={"roles": missing}) if missing else notice
        await asyncio.to_thread(self._deliveries.conclude, _sent(told, "", "", code, self._now()))

    def close(self) -> None:
        """Let go of what sends."""
        self._channels.close()


def _channel(directory: Directory, target: Target, at: datetime) -> Channel | None:
    person = directory.person(target.person)
    if person is None or person.shared or person.suspended_at(at):
        return None
    return person.ways[target.channel] if target.channel < len(person.ways) else None


def _waiting(found: Recipients) -> Iterator[tuple[str, Code]]:
    """Name each asked person who can't be told now, and why."""
    for person in sorted({one for line in found.asked for one in (*line.first, *line.then)}):
        ways = found.ways[person]
        if not ways:
            yield person, Code.NO_CHANNEL
        elif ways[0].opens_at is not None:
            yield person, Code.HELD


def _sent(notice: Notice, person: str, channel: str, code: Code, at: datetime) -> Sent:
    ok = code in {Code.SENT, Code.DELIVERED, Code.FOLDED}
    return Sent(notice=notice, person=person, channel=channel, ok=ok, at=at, code=code.value)
