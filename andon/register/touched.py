"""What was touched last in the register: so that open pages hear of a change whoever made it.

Triggers write it in the transaction of the change itself (`register_0023_touched`), so nothing that writes
can forget to. Looking at things touches nothing.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Final

from sqlalchemy import Engine, func, select

from andon.register.engine import reading
from andon.register.touched_tables import touched

LISTS: Final = "*"
"""The subject of whatever lists show: any incident, alarm, quality issue, change, AI system or person."""
AT_ONCE: Final = 1_000
"""Subjects that one look returns at most; the rest comes with the next."""


@dataclass(frozen=True, slots=True)
class Touch:
    """The last change of one subject; its number rises with every change of anything."""

    subject: str
    number: int


class Touched:
    """Tells what was touched since."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def newest(self) -> int:
        """Return the number of the last change; 0: there was none."""
        with reading(self._engine) as connection:
            return int(connection.execute(select(func.max(touched.c.number))).scalar() or 0)

    def since(self, number: int) -> list[Touch]:
        """Return what was touched with this number or later, oldest first.

        Whoever gives the newest number they know gets at least that one again; nothing at all says that
        the register was set back.
        """
        wanted = select(touched).where(touched.c.number >= number).order_by(touched.c.number).limit(AT_ONCE)
        with reading(self._engine) as connection:
            return [Touch(row.subject, row.number) for row in connection.execute(wanted)]

    def numbers(self, subjects: Collection[str]) -> dict[str, int]:
        """Return the number of each subject's last change; 0 for one that was never touched."""
        wanted = select(touched).where(touched.c.subject.in_(subjects))
        with reading(self._engine) as connection:
            found = {row.subject: int(row.number) for row in connection.execute(wanted)}
        return {one: found.get(one, 0) for one in subjects}
