"""What belongs together: links between incidents and quality issues, each recorded once and never removed."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Any

from pydantic import Field
from sqlalchemy import Engine, Row, or_, select, update

from andon.domain.values import Frozen, Instant
from andon.register.engine import insert_if_absent, reading, writing
from andon.register.quality_tables import links
from andon.register.tables import incidents


class LinkKind(StrEnum):
    """What a link says of its two ends."""

    RECURRENCE = "recurrence"
    """`origin` is what happened again in `target`."""
    PROMOTED = "promoted"
    """The quality issue `origin` became the incident `target`."""
    PATTERN = "pattern"
    """`origin` is one case of the pattern that `target` is the incident of."""
    SUGGESTED = "suggested"
    """`origin` may be the same as `target`; a person decides."""
    MERGED = "merged"
    """The incident `origin` was merged into `target`."""
    SPLIT = "split"
    """A detection of `origin` was given `target`, an incident of its own."""
    STORM = "storm"
    """`origin` is one incident of the storm that `target` stands for."""
    RELATED = "related"
    """A person says that the two belong together; each goes its own way."""


class Link(Frozen):
    """One link; `ended_at` says when somebody undid or declined it."""

    kind: LinkKind
    origin: str
    target: str
    why: str = Field(description="code: the cause, what two incidents share, or the detection")
    at: Instant
    by: str = Field(description="`andon`, `person:<id>` or `source:<id>`")
    ended_at: Instant | None = None
    ended_by: str | None = None


class Links:
    """Links by either end."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def add(self, kind: LinkKind, origin: str, target: str, *, why: str, at: datetime, by: str) -> bool:
        """Link two; return False when the same two are linked so already."""
        row = {"kind": kind, "origin": origin, "target": target, "why": why, "at": at, "made_by": by}
        with writing(self._engine) as connection:
            return insert_if_absent(connection, links, row, on=("kind", "origin", "target"))

    def revive(self, kind: LinkKind, origin: str, target: str, *, at: datetime, by: str) -> None:
        """Let a link that was ended hold again."""
        with writing(self._engine) as connection:
            connection.execute(
                update(links)
                .where(links.c.kind == kind, links.c.origin == origin, links.c.target == target)
                .values(at=at, made_by=by, ended_at=None, ended_by=None)
            )

    def end(self, kind: LinkKind, origin: str, target: str, *, at: datetime, by: str) -> bool:
        """End a link; return False when there is none that holds. It stays on record."""
        with writing(self._engine) as connection:
            done = connection.execute(
                update(links)
                .where(
                    links.c.kind == kind,
                    links.c.origin == origin,
                    links.c.target == target,
                    links.c.ended_at.is_(None),
                )
                .values(ended_at=at, ended_by=by)
            )
            return done.rowcount == 1

    def of(self, end: str) -> list[Link]:
        """Return the links at either side of an incident or quality issue, oldest first."""
        wanted = select(links).where(or_(links.c.origin == end, links.c.target == end)).order_by(links.c.id)
        with reading(self._engine) as connection:
            return [_link(row) for row in connection.execute(wanted)]

    def list(self, kind: LinkKind, *, held: bool = True, limit: int = 200) -> list[Link]:
        """Return links of one kind, newest first; `held`: only those nobody has ended."""
        wanted = select(links).where(links.c.kind == kind)
        if held:
            wanted = wanted.where(links.c.ended_at.is_(None))
        with reading(self._engine) as connection:
            return [_link(row) for row in connection.execute(wanted.order_by(links.c.id.desc()).limit(limit))]

    def parent(self, kind: LinkKind, system: str, why: str) -> str | None:
        """Return the open incident of an AI system that links of this kind and reason lead to."""
        return self._target(kind, system, why, open_only=True)

    def newest_target(self, kind: LinkKind, system: str, why: str) -> str | None:
        """Return the newest incident, open or closed, that links of this kind and reason lead to."""
        return self._target(kind, system, why, open_only=False)

    def _target(self, kind: LinkKind, system: str, why: str, *, open_only: bool) -> str | None:
        wanted = (
            select(links.c.target)
            .join(incidents, incidents.c.incident == links.c.target)
            .where(links.c.kind == kind, links.c.why == why, incidents.c.system == system)
            .order_by(links.c.id.desc())
            .limit(1)
        )
        if open_only:
            wanted = wanted.where(incidents.c.closed_at.is_(None))
        with reading(self._engine) as connection:
            return connection.execute(wanted).scalar()


def _link(row: Row[Any]) -> Link:
    return Link(
        kind=LinkKind(row.kind),
        origin=row.origin,
        target=row.target,
        why=row.why,
        at=row.at,
        by=row.made_by,
        ended_at=row.ended_at,
        ended_by=row.ended_by,
    )
