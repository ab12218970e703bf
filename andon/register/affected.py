"""Batches of affected records: where each is sealed, and which one it follows."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Engine, select

from andon.domain.errors import NotFoundError
from andon.domain.values import NOTHING_YET, IncidentId, Sha256Hex
from andon.ports import SealedText
from andon.register.affected_tables import affected_batches
from andon.register.engine import insert_if_absent, reading, writing


@dataclass(frozen=True, slots=True)
class KeptBatch:
    """One batch; its digest is that of the sealed text it lies in."""

    sealed: SealedText
    previous: Sha256Hex
    at: datetime


class AffectedBatches:
    """The batches of all incidents. One that no list leads to was never taken, and does not count."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def put(self, incident: IncidentId, batch: KeptBatch) -> None:
        """Keep a batch; a repeat changes nothing."""
        row = {
            "incident": incident,
            "digest": batch.sealed.digest,
            "previous": batch.previous,
            "text_id": batch.sealed.id,
            "at": batch.at,
        }
        with writing(self._engine) as connection:
            insert_if_absent(connection, affected_batches, row, on=("incident", "digest"))

    def leading_to(self, incident: IncidentId, head: Sha256Hex) -> list[KeptBatch]:
        """Return the batches that lead to a head, oldest first.

        Raises:
            NotFoundError: one of them is not here.
        """
        wanted = select(affected_batches).where(affected_batches.c.incident == incident)
        with reading(self._engine) as connection:
            rows = {row.digest: row for row in connection.execute(wanted)}
        found: list[KeptBatch] = []
        while head != NOTHING_YET:
            row = rows.pop(head, None)
            if row is None:
                raise NotFoundError("batch of affected records", head)
            sealed = SealedText(id=row.text_id, digest=row.digest)
            found.append(KeptBatch(sealed=sealed, previous=row.previous, at=row.at))
            head = row.previous
        return found[::-1]
