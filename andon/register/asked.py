"""Open questions by whom they are asked of, so that nobody reads every open incident to find their own."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Engine, Row, delete, func, select

from andon.domain.asked import Asked, asked
from andon.domain.decision import DecisionKind, DecisionRecord
from andon.domain.directory import Role
from andon.domain.incident import IncidentView
from andon.domain.values import IncidentId
from andon.register.asked_tables import asked_questions
from andon.register.engine import insert_all_absent, reading


class AskedQuestions:
    """The open questions of all open incidents."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def waiting(self, role: Role, fits: Callable[[Asked], bool]) -> list[tuple[IncidentId, Asked]]:
        """Return the questions that a role may ever answer and that fit, what runs out first at the top."""
        table = asked_questions
        wanted = (
            select(table)
            .where(table.c.roles.contains(f'"{role.value}"', autoescape=True))
            .order_by(table.c.deadline.is_(None), table.c.deadline, table.c.opened_at, table.c.incident)
        )
        with reading(self._engine) as connection:
            found = [(row.incident, _read(row)) for row in connection.execute(wanted)]
        return [(incident, one) for incident, one in found if fits(one)]

    def overdue(self, now: datetime) -> Mapping[IncidentId, int]:
        """Return how many questions of each incident are open past their deadline."""
        table = asked_questions
        late = select(table.c.incident, func.count().label("late")).where(table.c.deadline < now)
        with reading(self._engine) as connection:
            return {row.incident: row.late for row in connection.execute(late.group_by(table.c.incident))}


def ask_of(connection: Connection, view: IncidentView) -> None:
    """Keep the open questions of an incident as its view has them, in the view's transaction."""
    put_asked(connection, view.incident, () if view.closed_at is not None else view.decisions)


def put_asked(connection: Connection, incident: IncidentId, records: Sequence[DecisionRecord]) -> None:
    """Keep the open ones among an incident's questions, in the place of those kept before."""
    rows = [asked_row(incident, one) for record in records if (one := asked(record)) is not None]
    table = asked_questions
    connection.execute(delete(table).where(table.c.incident == incident))
    if rows:
        insert_all_absent(connection, table, rows, on=("incident", "decision"))


def asked_row(incident: IncidentId, one: Asked) -> dict[str, Any]:
    """Return a question as it is kept."""
    roles = {role.value: since.isoformat() if since else None for role, since in one.roles.items()}
    return {
        "incident": incident,
        "decision": one.decision,
        "kind": one.kind.value,
        "policy": one.policy,
        "opened_at": one.opened_at,
        "deadline": one.deadline,
        "expires_at": one.expires_at,
        "roles": json.dumps(roles),
        "barred": json.dumps(one.barred),
    }


def _read(row: Row[Any]) -> Asked:
    roles: dict[str, str | None] = json.loads(row.roles)
    return Asked(
        decision=row.decision,
        kind=DecisionKind(row.kind),
        policy=row.policy,
        opened_at=row.opened_at,
        deadline=row.deadline,
        expires_at=row.expires_at,
        roles={Role(role): datetime.fromisoformat(since) if since else None for role, since in roles.items()},
        barred=tuple(json.loads(row.barred)),
    )
