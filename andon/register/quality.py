"""Quality issues and small near misses: kept and counted in the register, with no workflow behind them."""

from __future__ import annotations

import builtins
from datetime import datetime
from enum import StrEnum
from typing import Any

from pydantic import Field
from sqlalchemy import Engine, Row, Select, func, insert, select, tuple_, update

from andon.domain.severity import Band, Classification
from andon.domain.values import Frozen, Instant
from andon.ports import SealedText
from andon.register.engine import insert_if_absent, reading, writing
from andon.register.quality_tables import OPEN_ISSUE_WITH_DEDUPE, quality_issues


class IssueState(StrEnum):
    """What became of a quality issue."""

    OPEN = "open"
    RESOLVED = "resolved"
    PROMOTED = "promoted"


class IssueCourse(Frozen):
    """What one quality issue, or near miss that calls for no workflow, is and how often it was seen."""

    id: str = Field(description="`QI-<UTC day>-<6 characters>`")
    system: str
    state: IssueState
    classification: Classification
    severity: Band
    actual: Band
    potential: Band | None = Field(description="of a near miss: had nobody caught it")
    provisional: bool
    type: str | None
    cause: str | None = Field(description="what it counts as when patterns are looked for")
    first_seen: Instant = Field(description="when the first of its detections was detected")
    last_seen: Instant
    opened_at: Instant = Field(description="when the first of its detections came in")
    count: int = Field(description="how many detections it holds")


class QualityIssue(IssueCourse):
    """One of them as it is kept; its detections are kept beside it."""

    title: SealedText
    incident: str | None = Field(None, description="what it was promoted to")
    settled_at: Instant | None = None
    settled_by: str | None = None
    reason: SealedText | None = None


class QualityIssues:
    """One row an issue."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def open_with(self, system: str, dedupe: str | None) -> str | None:
        """Return the open issue of an AI system with this key."""
        if dedupe is None:
            return None
        wanted = select(quality_issues.c.id).where(
            quality_issues.c.system == system,
            quality_issues.c.dedupe == dedupe,
            quality_issues.c.state == IssueState.OPEN,
        )
        with reading(self._engine) as connection:
            return connection.execute(wanted).scalar()

    def note(self, issue: QualityIssue, dedupe: str | None) -> str:
        """Open an issue for one detection, or count it to the open one with the same key; return its id.

        The issue takes the earliest and latest times, and the graver severity and class of the two.
        """
        with writing(self._engine) as connection:
            row = _row(issue, dedupe)
            if dedupe is None:
                connection.execute(insert(quality_issues).values(**row))
                return issue.id
            if insert_if_absent(
                connection, quality_issues, row, on=("system", "dedupe"), where=OPEN_ISSUE_WITH_DEDUPE
            ):
                return issue.id
            standing = connection.execute(
                select(quality_issues).where(
                    quality_issues.c.system == issue.system,
                    quality_issues.c.dedupe == dedupe,
                    quality_issues.c.state == IssueState.OPEN,
                )
            ).one()
            changed = _counted(_issue(standing), issue)
            connection.execute(
                update(quality_issues).where(quality_issues.c.id == standing.id).values(**changed)
            )
            return str(standing.id)

    def settle(
        self,
        issue: str,
        state: IssueState,
        *,
        at: datetime,
        by: str,
        incident: str | None = None,
        reason: SealedText | None = None,
    ) -> bool:
        """Resolve or promote an open issue; return False when it is open no more."""
        with writing(self._engine) as connection:
            done = connection.execute(
                update(quality_issues)
                .where(quality_issues.c.id == issue, quality_issues.c.state == IssueState.OPEN)
                .values(
                    state=state,
                    settled_at=at,
                    settled_by=by,
                    incident=incident,
                    reason_id=reason.id if reason else None,
                    reason_digest=reason.digest if reason else None,
                )
            )
            return done.rowcount == 1

    def get(self, issue: str) -> QualityIssue | None:
        """Return one issue."""
        with reading(self._engine) as connection:
            row = connection.execute(select(quality_issues).where(quality_issues.c.id == issue)).first()
            return _issue(row) if row else None

    def dedupe_of(self, issue: str) -> str | None:
        """Return the keyed digest of the key that joins an issue."""
        with reading(self._engine) as connection:
            wanted = select(quality_issues.c.dedupe).where(quality_issues.c.id == issue)
            return connection.execute(wanted).scalar()

    def list(
        self,
        *,
        state: IssueState | None = None,
        system: str | None = None,
        classification: Classification | None = None,
        limit: int = 50,
        before: str | None = None,
    ) -> list[QualityIssue]:
        """Return issues, newest first; `before` is the last one of the page before."""
        wanted = _narrowed(select(quality_issues), state, system, classification)
        if before is not None:
            last = select(quality_issues.c.opened_at, quality_issues.c.id).where(
                quality_issues.c.id == before
            )
            place = tuple_(quality_issues.c.opened_at, quality_issues.c.id)
            wanted = wanted.where(place < last.scalar_subquery())
        wanted = wanted.order_by(quality_issues.c.opened_at.desc(), quality_issues.c.id.desc()).limit(limit)
        with reading(self._engine) as connection:
            return [_issue(row) for row in connection.execute(wanted)]

    def near_misses(self, since: datetime, until: datetime) -> builtins.list[QualityIssue]:
        """Return near misses first seen in a period that were kept without an incident, oldest first."""
        wanted = select(quality_issues).where(
            quality_issues.c.classification == Classification.NEAR_MISS,
            quality_issues.c.incident.is_(None),
            quality_issues.c.first_seen >= since,
            quality_issues.c.first_seen < until,
        )
        with reading(self._engine) as connection:
            found = connection.execute(wanted.order_by(quality_issues.c.first_seen, quality_issues.c.id))
            return [_issue(row) for row in found]

    def count(
        self,
        *,
        state: IssueState | None = None,
        system: str | None = None,
        classification: Classification | None = None,
    ) -> int:
        """Count the issues that a list would hold."""
        counted: Select[Any] = select(func.count()).select_from(quality_issues)
        with reading(self._engine) as connection:
            return int(connection.execute(_narrowed(counted, state, system, classification)).scalar_one())


def _narrowed(
    wanted: Select[Any],
    state: IssueState | None,
    system: str | None,
    classification: Classification | None,
) -> Select[Any]:
    for column, value in (
        (quality_issues.c.state, state),
        (quality_issues.c.system, system),
        (quality_issues.c.classification, classification),
    ):
        if value is not None:
            wanted = wanted.where(column == value)
    return wanted


def _counted(standing: QualityIssue, fresh: QualityIssue) -> dict[str, Any]:
    potentials = [one for one in (standing.potential, fresh.potential) if one is not None]
    graver = max(standing, fresh, key=lambda one: one.severity)
    return {
        "first_seen": min(standing.first_seen, fresh.first_seen),
        "last_seen": max(standing.last_seen, fresh.last_seen),
        "count": standing.count + 1,
        "severity": graver.severity,
        "classification": graver.classification,
        "actual": max(standing.actual, fresh.actual),
        "potential": max(potentials, default=None),
    }


def _row(issue: QualityIssue, dedupe: str | None) -> dict[str, Any]:
    return {
        **issue.model_dump(exclude={"title", "reason"}),
        "dedupe": dedupe,
        "title_id": issue.title.id,
        "title_digest": issue.title.digest,
    }


def _issue(row: Row[Any]) -> QualityIssue:
    return QualityIssue(
        id=row.id,
        system=row.system,
        state=IssueState(row.state),
        classification=Classification(row.classification),
        severity=Band(row.severity),
        actual=Band(row.actual),
        potential=Band(row.potential) if row.potential else None,
        provisional=row.provisional,
        type=row.type,
        cause=row.cause,
        title=SealedText(id=row.title_id, digest=row.title_digest),
        first_seen=row.first_seen,
        last_seen=row.last_seen,
        opened_at=row.opened_at,
        count=row.count,
        incident=row.incident,
        settled_at=row.settled_at,
        settled_by=row.settled_by,
        reason=SealedText(id=row.reason_id, digest=row.reason_digest) if row.reason_id else None,
    )
