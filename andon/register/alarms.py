"""Alarms about incidents' workflows, and the run of each that was seen last."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import Engine, Row, delete, insert, or_, select, update

from andon.domain.run_alarm import OF_CHAINS, OpenRun, RunAlarm, RunAlarmKind
from andon.register.alarm_tables import alarms, incident_runs
from andon.register.engine import insert_if_absent, reading, writing
from andon.register.tables import incidents


class Alarms:
    """One row a finding; while it is open, the same finding makes no second one."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def open_runs(self) -> list[OpenRun]:
        """Return the incidents whose workflow should run, each with the run that was seen last."""
        wanted = (
            select(incidents.c.incident, incident_runs.c.run)
            .outerjoin(incident_runs, incident_runs.c.incident == incidents.c.incident)
            .where(incidents.c.started_at.is_not(None), incidents.c.closed_at.is_(None))
            .order_by(incidents.c.incident)
        )
        with reading(self._engine) as connection:
            return [OpenRun(incident=row.incident, run=row.run) for row in connection.execute(wanted)]

    def saw(self, runs: Mapping[str, str], at: datetime) -> None:
        """Keep which run of each incident goes on."""
        with writing(self._engine) as connection:
            for incident, run in runs.items():
                row = {"incident": incident, "run": run, "seen_at": at}
                if not insert_if_absent(connection, incident_runs, row, on=("incident",)):
                    connection.execute(
                        update(incident_runs).where(incident_runs.c.incident == incident).values(**row)
                    )

    def forget_closed(self) -> None:
        """Forget the runs of incidents that are closed."""
        closed = select(incidents.c.incident).where(incidents.c.closed_at.is_not(None))
        with writing(self._engine) as connection:
            connection.execute(delete(incident_runs).where(incident_runs.c.incident.in_(closed)))

    def raise_alarm(
        self, incident: str, kind: RunAlarmKind, details: Mapping[str, str], at: datetime
    ) -> RunAlarm:
        """Record a finding, or return the same one if it is open already."""
        with writing(self._engine) as connection:
            wanted = select(alarms).where(
                alarms.c.incident == incident, alarms.c.kind == kind, alarms.c.cleared_at.is_(None)
            )
            standing = connection.execute(wanted).first()
            if standing is not None:
                return _shown(standing)
            row = {"kind": kind.value, "incident": incident, "at": at, "details": json.dumps(dict(details))}
            number = connection.execute(insert(alarms).values(**row).returning(alarms.c.id)).scalar_one()
        return RunAlarm(number=number, kind=kind, incident=incident, at=at, details=dict(details))

    def clear(self, running: Collection[str], at: datetime) -> None:
        """Note that incidents run again."""
        with writing(self._engine) as connection:
            connection.execute(
                update(alarms)
                .where(
                    alarms.c.cleared_at.is_(None),
                    alarms.c.incident.in_(running),
                    alarms.c.kind.not_in(OF_CHAINS),
                )
                .values(cleared_at=at)
            )

    def settle(self, kind: RunAlarmKind, standing: Collection[str], at: datetime) -> None:
        """Note that what was found of a kind is over, but for the incidents of which it still stands."""
        with writing(self._engine) as connection:
            connection.execute(
                update(alarms)
                .where(
                    alarms.c.cleared_at.is_(None),
                    alarms.c.kind == kind,
                    alarms.c.incident.not_in(standing),
                )
                .values(cleared_at=at)
            )

    def alarmed(self) -> frozenset[str]:
        """Return the incidents with an open alarm about their workflow, or about the log of all."""
        wanted = select(alarms.c.incident).where(
            alarms.c.cleared_at.is_(None), alarms.c.kind.not_in(OF_CHAINS)
        )
        with reading(self._engine) as connection:
            return frozenset(connection.execute(wanted).scalars())

    def list(
        self,
        *,
        incident: str | None = None,
        kind: RunAlarmKind | None = None,
        only_open: bool = False,
        since: datetime | None = None,
        limit: int = 200,
    ) -> list[RunAlarm]:
        """Return alarms, newest first; with `since`, those open or raised after it."""
        wanted = select(alarms).order_by(alarms.c.id.desc()).limit(limit)
        if incident is not None:
            wanted = wanted.where(alarms.c.incident == incident)
        if kind is not None:
            wanted = wanted.where(alarms.c.kind == kind)
        if only_open:
            wanted = wanted.where(alarms.c.cleared_at.is_(None))
        if since is not None:
            wanted = wanted.where(or_(alarms.c.cleared_at.is_(None), alarms.c.at >= since))
        with reading(self._engine) as connection:
            return [_shown(row) for row in connection.execute(wanted)]


def _shown(row: Row[Any]) -> RunAlarm:
    return RunAlarm(
        number=row.id,
        kind=RunAlarmKind(row.kind),
        incident=row.incident,
        at=row.at,
        details=json.loads(row.details),
        cleared_at=row.cleared_at,
    )
