"""How often each thing in the register was touched: so that open pages hear of a change whoever made it.

Triggers count it in the transaction of the change itself (`register_0023_touched`), so nothing that writes
can forget to. Looking at things touches nothing.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Final

from sqlalchemy import Engine, func, select

from andon.register.engine import reading
from andon.register.touched_tables import touched

LISTS: Final = "*"
"""The subject of whatever lists show: any incident, alarm, quality issue, change, AI system or person."""


class Touched:
    """Tells how often something was touched."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def numbers(self, subjects: Collection[str]) -> dict[str, int]:
        """Return how often each subject was touched, 0 for one that never was.

        A number says no more than that it is another one: each change that was committed makes it so, in
        whatever order transactions end. That of `LISTS` is a sum over all subjects, a row an incident.
        """
        single = set(subjects) - {LISTS}
        found = dict.fromkeys(subjects, 0)
        with reading(self._engine) as connection:
            if single:
                wanted = select(touched.c.subject, touched.c.number).where(touched.c.subject.in_(single))
                found |= {row.subject: int(row.number) for row in connection.execute(wanted)}
            if LISTS in found:
                found[LISTS] = int(connection.execute(select(func.sum(touched.c.listed))).scalar() or 0)
        return found
