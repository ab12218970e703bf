"""Telling people through their own channels, as Apprise URLs name them.

What goes out holds ids and the organisation's own wording of a question, never a sealed text:
channels end on other people's servers. Each attempt is kept in the register, so that a person
without a channel still finds what is asked of them.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from apprise import Apprise, NotifyFormat

from andon.adapters.clock import utc_now
from andon.domain.directory import Directory, Person
from andon.domain.notice import Notice
from andon.domain.playbook import RightsPolicy
from andon.ports import Delivery
from andon.register.deliveries import Deliveries, Sent
from andon.register.people import People

OUTBOX: Final = "outbox"
"""Channel of what could not be sent anywhere: the console shows it to the person."""

CHANNEL_SECONDS: Final = 10.0

HEADLINES: Final[dict[str, str]] = {
    "question": "asks for your decision",
    "escalation": "has been escalated to you",
    "default_applied": "has no answer: the safe default applies",
    "guidance": "has guidance for you",
    "unproven": "is not proven to be contained",
}
"""What a notice says of its incident; other subjects are named as they are."""

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Message:
    """A notice in words."""

    title: str
    body: str


class AppriseNotifier:
    """Sends to everybody who holds a role, through the first of their channels that works."""

    def __init__(
        self,
        people: People,
        deliveries: Deliveries,
        rights: RightsPolicy,
        console_url: str,
        now: Callable[[], datetime] = utc_now,
    ) -> None:
        self._people = people
        self._deliveries = deliveries
        self._rights = rights
        self._console_url = console_url.rstrip("/")
        self._now = now

    async def send(self, notice: Notice) -> Delivery:
        """Send to all holders of the roles side by side; whoever was reached before is left in peace."""
        directory = await asyncio.to_thread(self._people.latest)
        holders = _holders(directory, notice, self._now())
        message = worded(notice, self._rights, self._console_url)
        arrived = await asyncio.gather(*(self._tell(person, notice, message) for person in holders))
        outcomes = list(zip(holders, arrived, strict=True))
        if not holders:
            log.warning("notice %s: nobody holds %s", notice.id, ", ".join(notice.roles))
        return Delivery(
            reached=tuple(person.id for person, ok in outcomes if ok),
            unreached=tuple(person.id for person, ok in outcomes if not ok),
        )

    async def _tell(self, person: Person, notice: Notice, message: Message) -> bool:
        if await asyncio.to_thread(self._deliveries.reached, notice.id, person.id):
            return True
        for url in person.channels:
            arrived = await _sent(url, message)
            await self._record(notice, person, url.split(":", 1)[0], ok=arrived)
            if arrived:
                return True
        log.warning(
            "notice %s did not reach %s: %s",
            notice.id,
            person.id,
            "no channel works" if person.channels else "no channel is configured",
        )
        await self._record(notice, person, OUTBOX, ok=False)
        return False

    async def _record(self, notice: Notice, person: Person, channel: str, *, ok: bool) -> None:
        sent = Sent(notice=notice, person=person.id, channel=channel[:32], ok=ok, at=self._now())
        await asyncio.to_thread(self._deliveries.record, sent)


def worded(notice: Notice, policy: RightsPolicy, console_url: str) -> Message:
    """Return a notice in words: ids, the policy's wording, and where to go."""
    what = HEADLINES.get(notice.about, notice.about.replace("_", " "))
    lines = []
    if notice.decision is not None and notice.decision in policy.wording:
        wording = policy.wording[notice.decision]
        lines += [wording.title, wording.question]
    if notice.subject:
        lines.append(f"About: {notice.subject}")
    if notice.due is not None:
        lines.append(f"Due: {notice.due:%Y-%m-%d %H:%M} {notice.due.tzname() or ''}".rstrip())
    lines += [f"{console_url}/incidents/{notice.incident}", f"Message {notice.id}"]
    return Message(title=f"{notice.incident} {what}", body="\n".join(lines))


def _holders(directory: Directory, notice: Notice, now: datetime) -> list[Person]:
    return [
        person
        for person in directory.people
        if set(notice.roles) & set(person.roles)
        and (person.suspended_from is None or person.suspended_from > now)
    ]


async def _sent(url: str, message: Message) -> bool:
    channel = Apprise()
    # In a thread: the first call loads a hundred plugins.
    if not await asyncio.to_thread(channel.add, url):
        log.warning("a channel of kind %s can't be used", url.split(":", 1)[0])
        return False
    try:
        return bool(
            await asyncio.wait_for(
                channel.async_notify(title=message.title, body=message.body, body_format=NotifyFormat.TEXT),
                CHANNEL_SECONDS,
            )
        )
    except TimeoutError:
        return False
