"""People's words in post-incident reviews, by part and version; the texts themselves are sealed elsewhere."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Engine, RowMapping, select

from andon.domain.directory import Role
from andon.domain.review import Words
from andon.domain.values import IncidentId
from andon.register.engine import insert_if_absent, reading, writing
from andon.register.review_tables import review_words


class ReviewWords:
    """Versions of words; none is ever changed."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def put(self, incident: IncidentId, words: Words) -> bool:
        """Keep a version; return False if there is one of that number, which somebody else wrote."""
        row: dict[str, Any] = {
            "incident": incident,
            "part": words.part,
            "version": words.version,
            "text_id": words.text,
            "digest": words.digest,
            "person": words.person,
            "role": words.role.value,
            "at": words.at,
        }
        with writing(self._engine) as connection:
            return insert_if_absent(connection, review_words, row, on=("incident", "part", "version"))

    def of(self, incident: IncidentId) -> list[Words]:
        """Return all versions of an incident's review, oldest first."""
        wanted = (
            select(review_words)
            .where(review_words.c.incident == incident)
            .order_by(review_words.c.at, review_words.c.part, review_words.c.version)
        )
        with reading(self._engine) as connection:
            return [_words(row) for row in connection.execute(wanted).mappings()]


def _words(row: RowMapping) -> Words:
    return Words(
        part=row["part"],
        version=row["version"],
        text=row["text_id"],
        digest=row["digest"],
        person=row["person"],
        role=Role(row["role"]),
        at=row["at"],
    )
