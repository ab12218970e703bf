"""What people were told, through which channel, and whether it arrived: also each person's outbox."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Engine, Row, Select, func, select
from sqlalchemy.sql.elements import ColumnElement

from andon.domain.notice import Code, Notice
from andon.register.engine import reading, writing
from andon.register.tables import deliveries

UNDELIVERABLE: Final = Code.UNDELIVERABLE.value
CONCLUSIONS: Final = (UNDELIVERABLE, Code.DELIVERED.value)


@dataclass(frozen=True, slots=True)
class Sent:
    """One attempt to tell one person; `channel` is the kind of channel, never its address.

    Without a person it says what became of the notice as a whole: `undeliverable` for its roles,
    or `delivered` after all.
    """

    notice: Notice
    person: str
    channel: str
    ok: bool
    at: datetime
    code: str = ""


class Deliveries:
    """The list of attempts, in the order they were made."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def record(self, sent: Sent) -> None:
        """Keep one attempt."""
        with writing(self._engine) as connection:
            connection.execute(deliveries.insert().values(_row(sent)))

    def note(self, waiting: Sequence[Sent]) -> None:
        """Keep what waits in the outboxes of people; nothing for those who have an entry already."""
        with writing(self._engine) as connection:
            for sent in waiting:
                wanted = _newest(deliveries.c.message == sent.notice.id, deliveries.c.person == sent.person)
                if connection.execute(wanted).first() is None:
                    connection.execute(deliveries.insert().values(_row(sent)))

    def conclude(self, sent: Sent) -> None:
        """Keep what became of a notice as a whole, unless that was the last that was kept of it."""
        with writing(self._engine) as connection:
            wanted = _newest(deliveries.c.message == sent.notice.id, deliveries.c.code.in_(CONCLUSIONS))
            last = connection.execute(wanted).first()
            if last is None or (last.code, last.notice) != (sent.code, sent.notice.model_dump_json()):
                connection.execute(deliveries.insert().values(_row(sent)))

    def undelivered(self, incident: str | None = None) -> list[Sent]:
        """Return the notices that reach nobody now, oldest first; their roles are the missing ones."""
        last = (
            select(func.max(deliveries.c.id))
            .where(deliveries.c.code.in_(CONCLUSIONS))
            .group_by(deliveries.c.message)
        )
        if incident is not None:
            last = last.where(deliveries.c.incident == incident)
        wanted = select(deliveries).where(deliveries.c.id.in_(last), deliveries.c.code == UNDELIVERABLE)
        with reading(self._engine) as connection:
            return [_sent(row) for row in connection.execute(wanted.order_by(deliveries.c.id))]

    def reached(self, message: str, person: str) -> bool:
        """Whether a person has got a message already."""
        wanted = select(deliveries.c.id).where(
            deliveries.c.message == message, deliveries.c.person == person, deliveries.c.ok
        )
        with reading(self._engine) as connection:
            return connection.execute(wanted.limit(1)).first() is not None

    def to(self, person: str, limit: int = 50) -> list[Sent]:
        """Return what one person was told or should have been, newest first."""
        wanted = select(deliveries).where(deliveries.c.person == person)
        with reading(self._engine) as connection:
            found = connection.execute(wanted.order_by(deliveries.c.id.desc()).limit(limit))
            return [_sent(row) for row in found]

    def outbox(self, person: str, limit: int = 50) -> list[Sent]:
        """Return what one person should have been told and was not, newest first; one entry a message."""
        mine = deliveries.c.person == person
        arrived = select(deliveries.c.message).where(mine, deliveries.c.ok)
        last = select(func.max(deliveries.c.id)).where(mine).group_by(deliveries.c.message)
        wanted = select(deliveries).where(deliveries.c.id.in_(last), deliveries.c.message.not_in(arrived))
        with reading(self._engine) as connection:
            found = connection.execute(wanted.order_by(deliveries.c.id.desc()).limit(limit))
            return [_sent(row) for row in found]

    def of(self, incident: str, limit: int = 500) -> list[Sent]:
        """Return what was sent about one incident, oldest first."""
        wanted = select(deliveries).where(deliveries.c.incident == incident)
        with reading(self._engine) as connection:
            return [_sent(row) for row in connection.execute(wanted.order_by(deliveries.c.id).limit(limit))]


def _newest(*conditions: ColumnElement[bool]) -> Select[Any]:
    return select(deliveries).where(*conditions).order_by(deliveries.c.id.desc()).limit(1)


def _row(sent: Sent) -> dict[str, Any]:
    return {
        "message": sent.notice.id,
        "person": sent.person,
        "incident": sent.notice.incident,
        "channel": sent.channel,
        "ok": sent.ok,
        "at": sent.at,
        "notice": sent.notice.model_dump_json(),
        "code": sent.code,
    }


def _sent(row: Row[Any]) -> Sent:
    return Sent(
        notice=Notice.model_validate_json(row.notice),
        person=row.person,
        channel=row.channel,
        ok=row.ok,
        at=row.at,
        code=row.code,
    )
