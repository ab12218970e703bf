"""Evaluation results in traces: kept with the spans they came in, until the door has taken them."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager
from dataclasses import asdict, dataclass
from datetime import datetime

from sqlalchemy import Engine, delete, func, select, update

from andon.register.engine import insert_if_absent, reading, together, writing
from andon.register.result_tables import evaluation_results


@dataclass(frozen=True, slots=True)
class FoundResult:
    """One result as it is sent to the door: `body` is JSON in UTF-8."""

    id: str
    source: str
    body: bytes
    at: datetime


class Results:
    """What is still to be told, oldest first."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def together(self) -> AbstractContextManager[None]:
        """Make what this thread does in the recorder's database in a block one transaction."""
        return together(self._engine)

    def add(self, found: Sequence[FoundResult]) -> None:
        """Keep results; one that is there already, told or not, stays as it is."""
        with writing(self._engine) as connection:
            for one in found:
                insert_if_absent(connection, evaluation_results, asdict(one), on=("id",))

    def untold(self, limit: int) -> list[FoundResult]:
        """Return results that the door has not taken."""
        columns = evaluation_results.c
        wanted = (
            select(columns.id, columns.source, columns.body, columns.at)
            .where(columns.settled_at.is_(None))
            .order_by(columns.at, columns.id)
            .limit(limit)
        )
        with reading(self._engine) as connection:
            return [FoundResult(**row) for row in connection.execute(wanted).mappings()]

    def settle(self, result: str, outcome: str, at: datetime) -> None:
        """Note what became of a result at the door."""
        with writing(self._engine) as connection:
            connection.execute(
                update(evaluation_results)
                .where(evaluation_results.c.id == result)
                .values(settled_at=at, outcome=outcome[:32])
            )

    def count_untold(self) -> int:
        """Count what waits."""
        wanted = select(func.count()).where(evaluation_results.c.settled_at.is_(None))
        with reading(self._engine) as connection:
            return connection.execute(wanted).scalar_one()

    def trim(self, before: datetime) -> None:
        """Forget results that were settled before a moment; what waits is never dropped."""
        with writing(self._engine) as connection:
            connection.execute(delete(evaluation_results).where(evaluation_results.c.settled_at < before))
