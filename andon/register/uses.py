"""Decisions on the use of AI systems: each is kept, and the newest of a system and period is in force."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Engine, insert, select

from andon.domain.directory import Role
from andon.domain.quarter import Answer, UseDecision
from andon.ports import SealedText
from andon.register.engine import reading, writing
from andon.register.quarter_tables import use_decisions


@dataclass(frozen=True, slots=True)
class KeptUse:
    """A decision, and its reason as it is sealed."""

    decision: UseDecision
    reason: SealedText


class UseDecisions:
    """One row a decision."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def add(self, kept: KeptUse) -> None:
        """Keep a decision."""
        one = kept.decision
        row = {
            "id": one.id,
            "system": one.system,
            "since": one.since,
            "until": one.until,
            "answer": one.answer.value,
            "owner": one.owner,
            "made_by": one.by,
            "role": one.role.value,
            "at": one.at,
            "reason_id": kept.reason.id,
            "reason_digest": kept.reason.digest,
        }
        with writing(self._engine) as connection:
            connection.execute(insert(use_decisions).values(**row))

    def of(self, since: datetime, until: datetime) -> dict[str, list[KeptUse]]:
        """Return the decisions of exactly this period by AI system, oldest first."""
        wanted = (
            select(use_decisions)
            .where(use_decisions.c.since == since, use_decisions.c.until == until)
            .order_by(use_decisions.c.at, use_decisions.c.id)
        )
        found: dict[str, list[KeptUse]] = {}
        with reading(self._engine) as connection:
            for row in connection.execute(wanted):
                decision = UseDecision(
                    id=row.id,
                    system=row.system,
                    since=row.since,
                    until=row.until,
                    answer=Answer(row.answer),
                    owner=row.owner,
                    by=row.made_by,
                    role=Role(row.role),
                    at=row.at,
                    reason=row.reason_digest,
                )
                sealed = SealedText(id=row.reason_id, digest=row.reason_digest)
                found.setdefault(row.system, []).append(KeptUse(decision, sealed))
        return found
