"""The result file of an eval runner, and what it means to the gate."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Any, Final

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from andon.domain.errors import EvaluationError
from andon.domain.gate import EvaluationResult
from andon.domain.values import IncidentId, Sha256Hex, digest_of

MOST_BYTES: Final = 8 * 1024 * 1024
MOST_FAILED: Final = 50
SUCCESS: Final = "success"


class ReportedCase(BaseModel):
    """One case that was scored."""

    model_config = ConfigDict(extra="ignore", strict=True)

    id: str = Field(max_length=200)
    incident: str | None = None
    passed: bool


class Report(BaseModel):
    """What the runner writes to `{out}`; other fields are kept with the log but not read."""

    model_config = ConfigDict(extra="ignore", strict=True)

    suite: str = Field(max_length=200)
    status: str
    versions: dict[str, Any] | None = None
    cases: list[ReportedCase]
    total: int = Field(ge=0)

    def result(
        self,
        incident: IncidentId,
        *,
        code: int,
        started_at: datetime,
        finished_at: datetime,
        log: Sha256Hex | None,
    ) -> EvaluationResult:
        """Return the result as the gate judges it; times are ours, not the runner's."""
        finished = len({case.id for case in self.cases})
        own = [case.passed for case in self.cases if case.incident == incident]
        total = max(self.total, finished)
        return EvaluationResult(
            suite=self.suite,
            started_at=started_at,
            finished_at=finished_at,
            completed=code == 0 and self.status == SUCCESS and finished == total,
            versions=_digest(self.versions),
            total=total,
            finished=finished,
            failed=tuple(case.id for case in self.cases if not case.passed)[:MOST_FAILED],
            incident_case=all(own) if own else None,
            log=log,
        )


def read_report(path: Path) -> Report:
    """Read a result file.

    Raises:
        EvaluationError: it is missing, too large or garbled; the message quotes nothing of it.
    """
    try:
        if path.stat().st_size > MOST_BYTES:
            raise EvaluationError(f"the result file is larger than {MOST_BYTES} bytes")
        return Report.model_validate_json(path.read_bytes())
    except FileNotFoundError as error:
        raise EvaluationError("the runner wrote no result file") from error
    except ValidationError as error:
        places = sorted({".".join(map(str, one["loc"])) or "the whole" for one in error.errors()})
        raise EvaluationError(f"the result file can't be read: {', '.join(places[:5])}") from error


def _digest(versions: dict[str, Any] | None) -> Sha256Hex | None:
    if not versions:
        return None
    try:
        return digest_of(versions)
    except ValueError as error:
        raise EvaluationError("the result's versions can't be digested") from error
