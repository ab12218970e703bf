"""How many incidents each AI system has and had, without reading any of them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Engine, and_, case, func, select

from andon.register.engine import reading
from andon.register.tables import incidents


@dataclass(frozen=True, slots=True)
class Had:
    """What incidents one AI system had; exercises are left out."""

    open: int
    all: int
    last: str
    last_opened_at: datetime


def incidents_by_system(engine: Engine) -> dict[str, Had]:
    """Return the incidents of each AI system that had one, counted, with the last."""
    counted = (
        select(
            incidents.c.system,
            func.count().label("whole"),
            func.sum(case((incidents.c.closed_at.is_(None), 1), else_=0)).label("standing"),
            func.max(incidents.c.opened_at).label("newest"),
        )
        .where(incidents.c.exercise.is_(False))
        .group_by(incidents.c.system)
        .subquery()
    )
    wanted = select(counted, incidents.c.incident, incidents.c.opened_at).join(
        incidents,
        and_(
            incidents.c.system == counted.c.system,
            incidents.c.exercise.is_(False),
            incidents.c.opened_at == counted.c.newest,
        ),
    )
    with reading(engine) as connection:
        return {
            row.system: Had(
                open=int(row.standing), all=int(row.whole), last=row.incident, last_opened_at=row.opened_at
            )
            for row in connection.execute(wanted.order_by(incidents.c.incident))
        }
