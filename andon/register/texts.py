"""People's words, encrypted: titles, descriptions, reasons."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Engine, select

from andon.domain.errors import NotFoundError
from andon.register.engine import insert_if_absent, reading, writing
from andon.register.tables import sealed_texts


@dataclass(frozen=True, slots=True)
class StoredText:
    """One text as it is kept; only the vault can open it."""

    id: str
    incident: str
    kind: str
    stored: bytes
    digest: str
    at: datetime


class Texts:
    """Sealed texts by id."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def put(self, text: StoredText) -> None:
        """Keep a text; the same id again changes nothing."""
        row = {
            "id": text.id,
            "incident": text.incident,
            "kind": text.kind,
            "stored": text.stored,
            "digest": text.digest,
            "at": text.at,
        }
        with writing(self._engine) as connection:
            insert_if_absent(connection, sealed_texts, row, on=("id",))

    def get(self, text: str) -> StoredText:
        """Return a text.

        Raises:
            NotFoundError: there is none with this id.
        """
        with reading(self._engine) as connection:
            row = connection.execute(select(sealed_texts).where(sealed_texts.c.id == text)).mappings().first()
        if row is None:
            raise NotFoundError("text", text)
        return StoredText(**row)

    def each(self, texts: Collection[str]) -> list[StoredText]:
        """Return those of the texts that are there."""
        wanted = select(sealed_texts).where(sealed_texts.c.id.in_(texts))
        with reading(self._engine) as connection:
            return [StoredText(**row) for row in connection.execute(wanted).mappings()]

    def with_digest(self, incident: str, digest: str) -> StoredText:
        """Return the text of an incident that has a digest.

        Raises:
            NotFoundError: there is none.
        """
        wanted = select(sealed_texts).where(
            sealed_texts.c.incident == incident, sealed_texts.c.digest == digest
        )
        with reading(self._engine) as connection:
            row = connection.execute(wanted.limit(1)).mappings().first()
        if row is None:
            raise NotFoundError("text with this digest", digest)
        return StoredText(**row)

    def of(self, incident: str) -> list[StoredText]:
        """Return an incident's texts, oldest first."""
        wanted = (
            select(sealed_texts)
            .where(sealed_texts.c.incident == incident)
            .order_by(sealed_texts.c.at, sealed_texts.c.id)
        )
        with reading(self._engine) as connection:
            return [StoredText(**row) for row in connection.execute(wanted).mappings()]
