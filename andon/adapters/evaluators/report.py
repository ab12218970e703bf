"""The result file of an eval runner, and what it means to the gate."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from pydantic import Field, ValidationError

from andon.domain.errors import EvaluationError
from andon.domain.gate import EvaluationResult
from andon.domain.suite import SuiteRules
from andon.domain.suite_run import SUCCESS, SuiteRun, scored
from andon.domain.values import IncidentId, Sha256Hex, digest_of

MOST_BYTES: Final = 8 * 1024 * 1024
NO_RULES: Final = SuiteRules.model_validate({})


class Report(SuiteRun):
    """What the runner writes to `{out}`; other fields are kept with the log but not read."""

    started_at: Any = Field(None, description="when the run began, by the runner's clock; ISO 8601")
    logs_sha256: dict[str, str] = Field(
        default_factory=dict, description="SHA-256 of logs, by their path below `{logs}`"
    )

    def result(
        self,
        incident: IncidentId,
        *,
        code: int,
        started_at: datetime,
        finished_at: datetime,
        log: Sha256Hex | None,
        rules: SuiteRules = NO_RULES,
        pin: Sha256Hex | None = None,
        changed: Sequence[str] = (),
    ) -> EvaluationResult:
        """Return the result as the gate judges it; times are ours, not the runner's.

        Args:
            incident: whose own case must be among the cases.
            code: what the runner exited with.
            started_at: when we started it.
            finished_at: when it had ended.
            log: digest of its stored log.
            rules: what the AI system's file asks of a run.
            pin: digest of these rules and of the command.
            changed: what was found to differ from the AI system's file, as `Changed`.
        """
        judged = scored(self, incident, rules, changed=changed)
        return EvaluationResult(
            **judged.tally.model_copy(update={"pin": pin}).model_dump(),
            suite=self.suite,
            started_at=started_at,
            finished_at=finished_at,
            completed=code == 0 and self.status == SUCCESS and judged.finished == judged.total,
            versions=version_digest(self.versions),
            total=judged.total,
            finished=judged.finished,
            failed=judged.failed,
            incident_case=judged.own,
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


def version_digest(versions: dict[str, Any] | None) -> Sha256Hex | None:
    """Return the digest of versions as a run names them.

    Raises:
        EvaluationError: they have none.
    """
    if not versions:
        return None
    try:
        return digest_of(versions)
    except ValueError as error:
        raise EvaluationError("the result's versions can't be digested") from error
