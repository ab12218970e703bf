"""How often one cause was reported of one AI system, in what is no more than a small matter each time."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Engine, func, select
from sqlalchemy.sql.elements import ColumnElement

from andon.register.engine import insert_if_absent, reading, writing
from andon.register.quality_tables import occasions


@dataclass(frozen=True, slots=True)
class Occasion:
    """One report that counts towards a pattern."""

    system: str
    cause: str
    occasion: str
    """What it counts as: reports of the same occasion count once."""
    detected_at: datetime


class Patterns:
    """Occasions by AI system and cause."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def record(self, occasion: Occasion, home: str) -> None:
        """Keep an occasion and the incident or quality issue it went to; the same one changes nothing."""
        row = {
            "system": occasion.system,
            "cause": occasion.cause,
            "occasion": occasion.occasion,
            "home": home,
            "detected_at": occasion.detected_at,
        }
        with writing(self._engine) as connection:
            insert_if_absent(connection, occasions, row, on=("system", "cause", "occasion"))

    def count_before(self, occasion: Occasion, window: timedelta) -> int:
        """Count the other occasions of the same cause, detected within a window that ends with this one."""
        with reading(self._engine) as connection:
            wanted = select(func.count()).select_from(occasions).where(*_within(occasion, window))
            return int(connection.execute(wanted).scalar_one())

    def homes_before(self, occasion: Occasion, window: timedelta) -> list[str]:
        """Return the incidents and quality issues that those occasions went to."""
        with reading(self._engine) as connection:
            wanted = select(occasions.c.home).where(*_within(occasion, window)).distinct()
            return sorted(connection.execute(wanted).scalars())


def _within(occasion: Occasion, window: timedelta) -> tuple[ColumnElement[bool], ...]:
    return (
        occasions.c.system == occasion.system,
        occasions.c.cause == occasion.cause,
        occasions.c.occasion != occasion.occasion,
        occasions.c.detected_at > occasion.detected_at - window,
        occasions.c.detected_at <= occasion.detected_at,
    )
