"""Open questions by whom they are asked of, so that nobody reads every open incident to find their own."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from sqlalchemy import Connection, Engine, delete, select

from andon.domain.asked import Asked, asked
from andon.domain.decision import DecisionRecord
from andon.domain.incident import IncidentView
from andon.domain.values import IncidentId
from andon.register.asked_tables import asked_questions
from andon.register.engine import insert_all_absent, reading


class AskedQuestions:
    """The open questions of all open incidents."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def waiting(self, for_whom: Callable[[Asked], bool]) -> list[tuple[IncidentId, Asked]]:
        """Return the questions that wait for somebody, what runs out first at the top; undated ones last."""
        table = asked_questions
        wanted = select(table.c.incident, table.c.asked).order_by(
            table.c.deadline.is_(None), table.c.deadline, table.c.opened_at, table.c.incident
        )
        with reading(self._engine) as connection:
            rows = connection.execute(wanted).all()
        found = ((row.incident, Asked.model_validate_json(row.asked)) for row in rows)
        return [(incident, one) for incident, one in found if for_whom(one)]


def ask_of(connection: Connection, view: IncidentView) -> None:
    """Keep the open questions of an incident as its view has them, in the view's transaction."""
    put_asked(connection, view.incident, () if view.closed_at is not None else view.decisions)


def put_asked(connection: Connection, incident: IncidentId, records: Sequence[DecisionRecord]) -> None:
    """Keep the open ones among an incident's questions, in the place of those kept before."""
    rows = [_row(incident, one) for record in records if (one := asked(record)) is not None]
    table = asked_questions
    connection.execute(delete(table).where(table.c.incident == incident))
    if rows:
        insert_all_absent(connection, table, rows, on=("incident", "decision"))


def _row(incident: IncidentId, one: Asked) -> dict[str, Any]:
    return {
        "incident": incident,
        "decision": one.decision,
        "deadline": one.deadline,
        "opened_at": one.opened_at,
        "asked": one.model_dump_json(),
    }
