"""The wrapped key of each incident."""

from __future__ import annotations

from sqlalchemy import Engine, select

from andon.register.engine import insert_if_absent, reading, writing
from andon.register.tables import incident_keys


class WrappedKeys:
    """One key an incident, wrapped by the master key; whoever comes first sets it."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def get(self, incident: str) -> bytes | None:
        """Return the wrapped key."""
        with reading(self._engine) as connection:
            return connection.execute(
                select(incident_keys.c.wrapped).where(incident_keys.c.incident == incident)
            ).scalar()

    def put_if_absent(self, incident: str, wrapped: bytes) -> bytes:
        """Keep a wrapped key unless there is one; return the one that is in force."""
        with writing(self._engine) as connection:
            insert_if_absent(
                connection, incident_keys, {"incident": incident, "wrapped": wrapped}, on=("incident",)
            )
            standing: bytes = connection.execute(
                select(incident_keys.c.wrapped).where(incident_keys.c.incident == incident)
            ).scalar_one()
            return standing
