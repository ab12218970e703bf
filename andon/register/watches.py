"""What watches saw last, for people."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from pydantic import TypeAdapter
from sqlalchemy import Engine, select, update

from andon.domain.watch import LookKept, WatchKept
from andon.register.engine import insert_if_absent, reading, writing
from andon.register.watch_tables import watch_looks

_LOOKS: Final[TypeAdapter[tuple[LookKept, ...]]] = TypeAdapter(tuple[LookKept, ...])


class Watches:
    """One row a watch; the newest round of looks stands in it."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def keep(self, incident: str, watch: int, looks: Sequence[LookKept]) -> None:
        """Put these in the place of the looks before them; an older round never replaces a newer one."""
        if not looks:
            return
        at = max(one.at for one in looks)
        told = _LOOKS.dump_json(tuple(looks)).decode()
        row = {"incident": incident, "watch": watch, "at": at, "looks": told}
        with writing(self._engine) as connection:
            if not insert_if_absent(connection, watch_looks, row, on=("incident", "watch")):
                connection.execute(
                    update(watch_looks)
                    .where(
                        watch_looks.c.incident == incident,
                        watch_looks.c.watch == watch,
                        watch_looks.c.at <= at,
                    )
                    .values(looks=told, at=at)
                )

    def of(self, incident: str) -> list[WatchKept]:
        """Return the watches of an incident, oldest first."""
        wanted = select(watch_looks).where(watch_looks.c.incident == incident).order_by(watch_looks.c.watch)
        with reading(self._engine) as connection:
            return [
                WatchKept(watch=row.watch, looks=_LOOKS.validate_json(row.looks))
                for row in connection.execute(wanted)
            ]
