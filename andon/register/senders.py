"""What foreign senders call their reports, and what they say of them later."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Engine, insert, select, update

from andon.register.engine import insert_if_absent, reading, writing
from andon.register.sender_tables import sender_keys, sender_words


@dataclass(frozen=True, slots=True)
class Word:
    """Something a sender said of an incident that its workflow has not been told."""

    id: int
    incident: str
    source: str
    says: str
    at: datetime


class Senders:
    """By a keyed digest of the sender's own key: the newest report, and through it the incident."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def remember(self, source: str, key: str, receipt: str, at: datetime) -> None:
        """Note which report a key stands for; the newest counts."""
        row = {"source": source, "key": key, "receipt": receipt, "at": at}
        with writing(self._engine) as connection:
            if not insert_if_absent(connection, sender_keys, row, on=("source", "key")):
                connection.execute(
                    update(sender_keys)
                    .where(sender_keys.c.source == source, sender_keys.c.key == key)
                    .values(receipt=receipt, at=at)
                )

    def receipt(self, source: str, key: str) -> str | None:
        """Return the newest report that a key stands for."""
        wanted = select(sender_keys.c.receipt).where(sender_keys.c.source == source, sender_keys.c.key == key)
        with reading(self._engine) as connection:
            return connection.execute(wanted).scalar()

    def say(self, incident: str, source: str, says: str, at: datetime) -> None:
        """Keep what a sender says of an incident, to be told to its workflow."""
        with writing(self._engine) as connection:
            connection.execute(
                insert(sender_words).values(incident=incident, source=source, says=says, at=at)
            )

    def untold(self, limit: int = 500) -> list[Word]:
        """Return what workflows have not been told, oldest first."""
        columns = (
            *(sender_words.c.id, sender_words.c.incident, sender_words.c.source),
            *(sender_words.c.says, sender_words.c.at),
        )
        wanted = select(*columns).where(sender_words.c.told_at.is_(None))
        with reading(self._engine) as connection:
            rows = connection.execute(wanted.order_by(sender_words.c.id).limit(limit)).mappings()
            return [Word(**row) for row in rows]

    def told(self, words: Sequence[int], at: datetime) -> None:
        """Note that workflows were told."""
        with writing(self._engine) as connection:
            connection.execute(update(sender_words).where(sender_words.c.id.in_(words)).values(told_at=at))
