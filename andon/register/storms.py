"""Storms, and which incident of each AI system belongs to one."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Connection, Engine, Select, distinct, func, select, update

from andon.domain.detection import UNKNOWN_SYSTEM
from andon.domain.notice import Code, Notice
from andon.domain.storm import PROGRAM, Seen, Storm
from andon.domain.values import IncidentId, PersonId
from andon.register.engine import insert_if_absent, reading, writing
from andon.register.storm_tables import storm_members, storms
from andon.register.tables import deliveries, incidents

OPENED_AT_MOST: Final = 1_000
"""So many incidents tell whether there is a storm, however great it is."""


class Storms:
    """One row a storm, and one for each AI system in it."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def newest(self) -> Storm | None:
        """Return the storm that was seen last, whether or not it still lasts."""
        wanted = select(storms).order_by(storms.c.last_at.desc()).limit(1)
        with reading(self._engine) as connection:
            row = connection.execute(wanted).first()
            return Storm(row.incident, row.began_at, row.last_at) if row else None

    def begin(self, storm: Storm, channels: Collection[str]) -> None:
        """Keep a storm with the incidents that made it one: the first of each AI system since it began."""
        with writing(self._engine) as connection:
            row = {"incident": storm.incident, "began_at": storm.began_at, "last_at": storm.last_at}
            insert_if_absent(connection, storms, row, on=("incident",))
            wanted = _opened(storm.began_at, channels).where(incidents.c.incident != storm.incident)
            for one in connection.execute(wanted).all():
                _enter(connection, storm.incident, one.system, one.incident)

    def opened(self, since: datetime, channels: Collection[str]) -> list[Seen]:
        """Return what programs have had opened since a moment, at whichever door, oldest first."""
        with reading(self._engine) as connection:
            found = connection.execute(_opened(since, channels).limit(OPENED_AT_MOST)).all()
        return [Seen(row.system, row.opened_at, row.incident) for row in found]

    def last(self, storm: IncidentId, at: datetime) -> None:
        """Note that a detection of the storm came in."""
        with writing(self._engine) as connection:
            connection.execute(
                update(storms).where(storms.c.incident == storm, storms.c.last_at < at).values(last_at=at)
            )

    def enter(self, storm: IncidentId, system: str, incident: IncidentId) -> bool:
        """Make an incident the one of its AI system in a storm; return False if there is another."""
        with writing(self._engine) as connection:
            return _enter(connection, storm, system, incident)

    def replace(self, storm: IncidentId, system: str, incident: IncidentId) -> None:
        """Put an incident in the place of one that was closed while the storm lasts."""
        here = (storm_members.c.storm == storm) & (storm_members.c.system == system)
        with writing(self._engine) as connection:
            connection.execute(update(storm_members).where(here).values(incident=incident))

    def member(self, storm: IncidentId, system: str) -> IncidentId | None:
        """Return the incident of an AI system in a storm."""
        here = (storm_members.c.storm == storm) & (storm_members.c.system == system)
        with reading(self._engine) as connection:
            return connection.execute(select(storm_members.c.incident).where(here)).scalar()

    def members(self, storm: IncidentId) -> dict[str, IncidentId]:
        """Return the incidents of a storm by AI system."""
        wanted = select(storm_members).where(storm_members.c.storm == storm).order_by(storm_members.c.system)
        with reading(self._engine) as connection:
            return {row.system: row.incident for row in connection.execute(wanted)}

    def over(self, incident: IncidentId) -> IncidentId | None:
        """Return the storm that an incident is part of."""
        wanted = select(storm_members.c.storm).where(storm_members.c.incident == incident).limit(1)
        with reading(self._engine) as connection:
            return connection.execute(wanted).scalar()

    def folds(self, notice: Notice, person: PersonId, most: int) -> bool:
        """Whether a person has heard enough of the storm that a notice's incident is part of."""
        if self.over(notice.incident) is None:
            return False
        return self.told(notice.incident, person, notice.about) >= most

    def told(self, incident: IncidentId, person: PersonId, about: str) -> int:
        """Count the notices of a kind that a person got about incidents of the storm that one is part of."""
        storm = select(storm_members.c.storm).where(storm_members.c.incident == incident).scalar_subquery()
        wanted = (
            select(func.count(distinct(deliveries.c.message)))
            .join(storm_members, storm_members.c.incident == deliveries.c.incident)
            .where(
                storm_members.c.storm == storm,
                deliveries.c.person == person,
                deliveries.c.code == Code.SENT.value,
                deliveries.c.notice.contains(f'"about":"{about}"', autoescape=True),
            )
        )
        with reading(self._engine) as connection:
            return connection.execute(wanted).scalar_one()

    def count(self, storm: IncidentId) -> int:
        """Count the AI systems in a storm."""
        wanted = select(func.count()).where(storm_members.c.storm == storm)
        with reading(self._engine) as connection:
            return connection.execute(wanted).scalar_one()


def _opened(since: datetime, channels: Collection[str]) -> Select[Any]:
    return (
        select(incidents.c.system, incidents.c.incident, incidents.c.opened_at)
        .where(
            incidents.c.opened_at >= since,
            incidents.c.closed_at.is_(None),
            incidents.c.channel.in_(channels),
            incidents.c.source.startswith(PROGRAM, autoescape=True),
            incidents.c.system != UNKNOWN_SYSTEM,
        )
        .order_by(incidents.c.opened_at, incidents.c.incident)
    )


def _enter(connection: Connection, storm: IncidentId, system: str, incident: IncidentId) -> bool:
    row = {"storm": storm, "system": system, "incident": incident}
    return insert_if_absent(connection, storm_members, row, on=("storm", "system"))
