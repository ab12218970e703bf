"""What people were told, through which channel, and whether it arrived: also each person's outbox."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Engine, Row, select

from andon.domain.notice import Notice
from andon.register.engine import reading, writing
from andon.register.tables import deliveries


@dataclass(frozen=True, slots=True)
class Sent:
    """One attempt to tell one person; `channel` is the kind of channel, never its address."""

    notice: Notice
    person: str
    channel: str
    ok: bool
    at: datetime


class Deliveries:
    """The list of attempts, in the order they were made."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def record(self, sent: Sent) -> None:
        """Keep one attempt."""
        with writing(self._engine) as connection:
            connection.execute(
                deliveries.insert().values(
                    message=sent.notice.id,
                    person=sent.person,
                    incident=sent.notice.incident,
                    channel=sent.channel,
                    ok=sent.ok,
                    at=sent.at,
                    notice=sent.notice.model_dump_json(),
                )
            )

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

    def of(self, incident: str, limit: int = 500) -> list[Sent]:
        """Return what was sent about one incident, oldest first."""
        wanted = select(deliveries).where(deliveries.c.incident == incident)
        with reading(self._engine) as connection:
            return [_sent(row) for row in connection.execute(wanted.order_by(deliveries.c.id).limit(limit))]


def _sent(row: Row[Any]) -> Sent:
    return Sent(
        notice=Notice.model_validate_json(row.notice),
        person=row.person,
        channel=row.channel,
        ok=row.ok,
        at=row.at,
    )
