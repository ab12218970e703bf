"""Results of evaluations, as the worker that ran them keeps them."""

from __future__ import annotations

from sqlalchemy import Engine, select

from andon.domain.errors import NotFoundError
from andon.domain.gate import EvaluationResult
from andon.register.engine import insert_if_absent, reading, writing
from andon.register.tables import evaluations


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
