"""Results of evaluations, as the worker that ran them keeps them."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from sqlalchemy import Engine, select

from andon.domain.baseline import Baseline
from andon.domain.errors import NotFoundError
from andon.domain.gate import EvaluationResult
from andon.register.engine import insert_if_absent, reading, writing
from andon.register.tables import evaluations, incidents

LOOKED_AT: Final = 50
"""Runs that are read to find the last one from before an incident."""


class Evaluations:
    """One result a run; the first one that is kept stands."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def keep(self, incident: str, number: int, result: EvaluationResult) -> None:
        """Keep a result; a repeat changes nothing."""
        row = {"incident": incident, "number": number, "result": result.model_dump_json()}
        with writing(self._engine) as connection:
            insert_if_absent(connection, evaluations, row, on=("incident", "number"))

    def result(self, incident: str, number: int) -> EvaluationResult:
        """Return a kept result.

        Raises:
            NotFoundError: no such run has finished.
        """
        wanted = select(evaluations.c.result).where(
            evaluations.c.incident == incident, evaluations.c.number == number
        )
        with reading(self._engine) as connection:
            found = connection.execute(wanted).scalar()
        if found is None:
            raise NotFoundError("evaluation", f"{incident}/{number}")
        return EvaluationResult.model_validate_json(found)

    def before(self, system: str, at: datetime) -> Baseline | None:
        """Return the last whole run for an AI system from before a moment, exercises left out."""
        of_system = (
            select(evaluations.c.incident, evaluations.c.result)
            .join(incidents, incidents.c.incident == evaluations.c.incident)
            .where(incidents.c.system == system, incidents.c.opened_at < at, incidents.c.exercise.is_(False))
            .order_by(incidents.c.opened_at.desc(), evaluations.c.number.desc())
            .limit(LOOKED_AT)
        )
        with reading(self._engine) as connection:
            rows = connection.execute(of_system).all()
        found = [
            Baseline(incident=row.incident, result=EvaluationResult.model_validate_json(row.result))
            for row in rows
        ]
        whole = [one for one in found if one.result.completed and one.at < at]
        return max(whole, key=lambda one: one.at, default=None)
