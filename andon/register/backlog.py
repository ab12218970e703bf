"""What waits in the register: incidents without a workflow, and incidents without proof of containment."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from pydantic import Field
from sqlalchemy import Engine, func, select
from sqlalchemy.sql.elements import ColumnElement

from andon.domain.severity import Band
from andon.domain.stage import Stage
from andon.domain.values import Frozen, Instant
from andon.register.engine import reading
from andon.register.tables import Moment, incidents

AHEAD_OF_PROOF = (Stage.DETECT, Stage.CONTAIN)
"""An incident leaves these stages when every order is proven."""


class BandWaits(Frozen):
    """What waits of one severity."""

    severity: Band
    unstarted: int = Field(0, description="incidents whose workflow has not begun")
    unstarted_since: Instant | None = None
    unproven: int = Field(0, description="incidents that need containment and have no proof of it yet")
    unproven_since: Instant | None = None


class Waits:
    """Counts what waits, gravest first."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def by_band(self) -> tuple[BandWaits, ...]:
        """Return one entry for each severity, with the oldest moment of each count."""
        unproven = (
            incidents.c.containment_required
            & incidents.c.contained.is_(False)
            & incidents.c.stage.in_(AHEAD_OF_PROOF)
        )
        unstarted = incidents.c.started_at.is_(None) & incidents.c.opening.is_not(None)
        left, open_ones = self._counted(unstarted), self._counted(unproven)
        return tuple(
            BandWaits(
                severity=band,
                unstarted=left.get(band, (0, None))[0],
                unstarted_since=left.get(band, (0, None))[1],
                unproven=open_ones.get(band, (0, None))[0],
                unproven_since=open_ones.get(band, (0, None))[1],
            )
            for band in sorted(Band, key=lambda one: -one.rank)
        )

    def _counted(self, condition: ColumnElement[bool]) -> dict[str, tuple[int, datetime | None]]:
        oldest: Any = func.min(incidents.c.opened_at, type_=Moment())
        wanted = (
            select(incidents.c.severity, func.count(), oldest)
            .where(incidents.c.closed_at.is_(None), condition)
            .group_by(incidents.c.severity)
        )
        with reading(self._engine) as connection:
            return {band: (count, since) for band, count, since in connection.execute(wanted)}
