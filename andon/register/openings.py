"""What people have opened of an incident before they answered."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Engine, select

from andon.domain.decision import Exhibit
from andon.domain.values import IncidentId, PersonId, Sha256Hex
from andon.register.engine import insert_if_absent, reading, writing
from andon.register.tables import openings


@dataclass(frozen=True, slots=True)
class Opening:
    """That somebody was shown something; the digest says in which form of it."""

    incident: IncidentId
    person: PersonId
    exhibit: Exhibit
    digest: Sha256Hex
    at: datetime


class Openings:
    """Who was first shown what, and when."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def note(
        self, incident: IncidentId, person: PersonId, shown: Mapping[Exhibit, Sha256Hex], at: datetime
    ) -> None:
        """Keep that somebody was shown these; what they had been shown before keeps its time."""
        known = {(one.exhibit, one.digest) for one in self.of(incident, person)}
        fresh = [one for one in shown.items() if one not in known]
        if not fresh:
            return
        with writing(self._engine) as connection:
            for exhibit, digest in fresh:
                row = {
                    "incident": incident,
                    "person": person,
                    "exhibit": exhibit,
                    "digest": digest,
                    "at": at,
                }
                insert_if_absent(connection, openings, row, on=("incident", "person", "exhibit", "digest"))

    def of(self, incident: IncidentId, person: PersonId | None = None) -> list[Opening]:
        """Return what was opened of an incident, by one person or by everybody, oldest first."""
        wanted = select(openings).where(openings.c.incident == incident)
        if person is not None:
            wanted = wanted.where(openings.c.person == person)
        wanted = wanted.order_by(openings.c.at, openings.c.person, openings.c.exhibit)
        with reading(self._engine) as connection:
            return [Opening(**row) for row in connection.execute(wanted).mappings()]
