"""What a lost register is given back that no other query writes: incidents as their workflows had them."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, Engine, select

from andon.domain.incident import OpenIncident
from andon.domain.stage import Stage
from andon.register.engine import insert_if_absent, reading, writing
from andon.register.tables import detections, directories, incident_keys, incidents, sealed_texts


class Rebuilding:
    """Inserts what is absent; what stands in the register stays as it is."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def incident(self, opening: OpenIncident) -> bool:
        """Put back what an incident was opened with, and return whether it was absent.

        Its title is linked again if the sealed text is still there. No detection is made up: without
        the facts it reported, the severity would be explained wrongly.
        """
        with writing(self._engine) as connection:
            row = _row(opening, _title(connection, opening))
            return insert_if_absent(connection, incidents, row, on=("incident",))

    def knows(self, incident: str) -> bool:
        """Whether there is a row of this incident."""
        return self._has(select(incidents.c.incident).where(incidents.c.incident == incident))

    def can_open(self, incident: str) -> bool:
        """Whether the incident's key is here, without which nothing encrypted for it opens."""
        return self._has(select(incident_keys.c.incident).where(incident_keys.c.incident == incident))

    def has_directory(self, digest: str) -> bool:
        """Whether a directory that was in force once is here."""
        return self._has(select(directories.c.digest).where(directories.c.digest == digest))

    def detections_of(self, incident: str) -> int:
        """Count an incident's detections."""
        wanted = select(detections.c.id).where(detections.c.incident == incident)
        with reading(self._engine) as connection:
            return len(connection.execute(wanted).all())

    def _has(self, wanted: Any) -> bool:
        with reading(self._engine) as connection:
            return connection.execute(wanted.limit(1)).first() is not None


def _title(connection: Connection, opening: OpenIncident) -> str | None:
    wanted = select(sealed_texts.c.id).where(
        sealed_texts.c.incident == opening.incident, sealed_texts.c.digest == opening.title
    )
    return connection.execute(wanted.limit(1)).scalar()


def _row(opening: OpenIncident, title: str | None) -> dict[str, Any]:
    return {
        "incident": opening.incident,
        "system": opening.plan.system,
        # The key that detections join by is kept nowhere else.
        "dedupe": None,
        "source": opening.source,
        "channel": opening.channel,
        "type": opening.type,
        "title_id": title,
        "title_digest": opening.title if title else None,
        "opening": opening.model_dump_json(),
        "opened_at": opening.opened_at,
        "started_at": opening.opened_at,
        "recurrence_of": opening.recurrence_of,
        "containment_required": opening.containment_required,
        "exercise": opening.exercise,
        "stage": Stage.DETECT,
        "severity": opening.severity,
        "classification": opening.classification,
        "provisional": opening.provisional,
        "contained": False,
    }
