"""Uploads as they came in, and the pieces of evidence that reports offer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Engine, String, and_, cast, exists, func, insert, literal, select, update
from sqlalchemy.sql.elements import ColumnElement

from andon.domain.offered import Offered, Received
from andon.register.engine import insert_if_absent, reading, writing
from andon.register.tables import detections, evidence_items
from andon.register.upload_tables import offers, uploads

RECORD_ITEM = "upload_record/uploads/"
"""How the evidence item begins that says a piece is kept; its report's id and number follow."""


@dataclass(frozen=True, slots=True)
class KeptUpload:
    """One upload: what it is, and its key, wrapped; without a key it is gone."""

    received: Received
    wrapped: bytes | None


class Uploads:
    """One row an upload; the content lies beside the register."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def put(self, received: Received, wrapped: bytes) -> None:
        """Keep an upload that is at rest."""
        row = {
            "id": received.upload,
            "source": received.source,
            "received_at": received.received_at,
            "sha256": received.sha256,
            "size_bytes": received.size_bytes,
            "content_type": received.content_type,
            "wrapped": wrapped,
        }
        with writing(self._engine) as connection:
            connection.execute(insert(uploads).values(**row))

    def get(self, upload: str) -> KeptUpload | None:
        """Return one upload, also one that is gone."""
        with reading(self._engine) as connection:
            row = connection.execute(select(uploads).where(uploads.c.id == upload)).first()
        if row is None:
            return None
        received = Received(
            upload=row.id,
            source=row.source,
            received_at=row.received_at,
            sha256=row.sha256,
            size_bytes=row.size_bytes,
            content_type=row.content_type,
        )
        return KeptUpload(received, None if row.gone_at else row.wrapped)

    def bytes_of(self, source: str, since: datetime) -> int:
        """Return how much one source has uploaded since a moment."""
        wanted = select(func.coalesce(func.sum(uploads.c.size_bytes), 0)).where(
            uploads.c.source == source, uploads.c.received_at >= since
        )
        with reading(self._engine) as connection:
            return int(connection.execute(wanted).scalar_one())

    def bytes_kept(self) -> int:
        """Return how much lies here that is not gone."""
        wanted = select(func.coalesce(func.sum(uploads.c.size_bytes), 0)).where(uploads.c.gone_at.is_(None))
        with reading(self._engine) as connection:
            return int(connection.execute(wanted).scalar_one())

    def offer(self, detection: str, offered: Sequence[Offered], at: datetime) -> None:
        """Note what a report brings, in the order it names it; a repeat changes nothing."""
        with writing(self._engine) as connection:
            for number, one in enumerate(offered, start=1):
                row = {"detection": detection, "number": number, "upload": one.upload, "at": at}
                insert_if_absent(connection, offers, row, on=("detection", "number"))

    def offering(self, incident: str) -> list[str]:
        """Return the reports of an incident that bring evidence, oldest first."""
        wanted = (
            select(offers.c.detection, func.min(offers.c.at).label("first"))
            .join(detections, detections.c.id == offers.c.detection)
            .where(detections.c.incident == incident)
            .group_by(offers.c.detection)
            .order_by("first", offers.c.detection)
        )
        with reading(self._engine) as connection:
            return [row.detection for row in connection.execute(wanted)]

    def drop_old(self, now: datetime, *, unclaimed: timedelta, claimed: timedelta) -> list[str]:
        """Forget the keys of uploads that have had their time, and return the ids of all that are gone.

        Args:
            now: the present moment.
            unclaimed: how long one is kept that no report names, or whose incidents have all taken it in.
            claimed: how long one is kept, from the last report that names it, until an incident takes it in.
        """
        waiting = and_(offers.c.upload == uploads.c.id, offers.c.at >= now - claimed, ~_taken_in())
        with writing(self._engine) as connection:
            connection.execute(
                update(uploads)
                .where(
                    uploads.c.gone_at.is_(None),
                    uploads.c.received_at < now - unclaimed,
                    ~exists(select(literal(1)).select_from(offers).where(waiting)),
                )
                .values(gone_at=now, wrapped=None)
            )
            gone = connection.execute(select(uploads.c.id).where(uploads.c.gone_at.is_not(None)))
            return list(gone.scalars())


def _taken_in() -> ColumnElement[bool]:
    """Whether an item of the evidence says that the offered piece is kept."""
    number = cast(offers.c.number, String)
    item = literal(RECORD_ITEM) + offers.c.detection + literal("/") + number
    return exists(
        select(literal(1))
        .select_from(evidence_items.join(detections, detections.c.incident == evidence_items.c.incident))
        .where(detections.c.id == offers.c.detection, evidence_items.c.item_id == item)
    )
