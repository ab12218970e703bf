"""Running an AI system's eval suite by the kind that its file names, and keeping what the run leaves.

Output and logs may hold personal data: they are encrypted and locked like all evidence, and messages quote
nothing of them. Whatever a suite does, there is a result: one that says what went wrong opens no gate.
"""

from __future__ import annotations

import asyncio
import os
import sys
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final

from andon.adapters.clock import utc_now
from andon.adapters.evaluators.command import NOTHING_ENFORCED
from andon.adapters.evaluators.kinds import Ran, Run, TrialMeans, kind_of
from andon.adapters.evaluators.logs import EvaluationPlaces, is_plain, keep_logs
from andon.adapters.evaluators.measured import files_changed, report_changed, suite_changed
from andon.adapters.evaluators.own_case import own_case
from andon.adapters.evaluators.past import past_of, past_result, put_versions, unrun
from andon.adapters.evaluators.report import Report, read_report
from andon.domain.confinement import Confinement, Problem
from andon.domain.errands import EvaluationRequest
from andon.domain.errors import EvaluationError, InvalidInputError
from andon.domain.gate import EvaluationResult
from andon.domain.suite import pin_of
from andon.domain.system import Evaluation
from andon.domain.values import Sha256Hex

RESULT: Final = "result.json"


@dataclass(frozen=True, slots=True)
class _Times:
    """When a run began and ended, by our own clock."""

    started_at: datetime
    finished_at: datetime


class SuiteEvaluator:
    """Runs one suite at a time per call; each run has a folder of its own."""

    def __init__(
        self,
        places: EvaluationPlaces,
        folder: Path,
        means: TrialMeans,
        *,
        python: str = sys.executable,
        now: Callable[[], datetime] = utc_now,
    ) -> None:
        self._places = places
        self._folder = folder
        self._means = means
        self._python = python
        self._now = now

    async def run(self, request: EvaluationRequest, progress: Callable[[str], None]) -> EvaluationResult:
        """Run the suite to its end or to one of its bounds; logs are stored as evidence."""
        suite = await self._suite(request)
        tried = past_of(suite) if request.past else suite
        if tried is None:
            return await unrun(self._places, suite, self._now())
        progress("preparing the incident's own case")
        line = await own_case(self._places, request.incident)
        with tempfile.TemporaryDirectory(prefix="andon-evaluation-", ignore_cleanup_errors=True) as name:
            place = Path(name)
            (place / "logs").mkdir()
            # Without the incident's case the gate stays shut; the suite runs all the same.
            (place / "cases.jsonl").write_text(f"{line}\n" if line else "", "utf-8")
            held = await put_versions(self._places, request.incident, place) if request.past else None
            changed = {*suite_changed(suite, request.pin), *self._files_changed(suite)}
            started_at = self._now()
            ran = await self._ran(tried, request, place, progress)
            times = _Times(started_at, self._now())
            progress("storing the logs")
            log = await keep_logs(self._places, request, place, started_at)
            if request.past:
                report = _report_of(place, ran)
                both = (times.started_at, times.finished_at)
                return past_result(suite, report, request.incident, held=held, times=both, log=log)
            changed.update(self._files_changed(suite))
            return _result(suite, request, place, ran, times, log=log, changed=changed)

    def _files_changed(self, suite: Evaluation) -> Iterator[str]:
        return files_changed(suite, self._folder / suite.directory)

    async def _suite(self, request: EvaluationRequest) -> Evaluation:
        system = await asyncio.to_thread(self._places.systems.system, request.system)
        if system is None or system.evaluation is None:
            raise EvaluationError(f"the file of {request.system} names no evaluation")
        return system.evaluation

    async def _ran(
        self, suite: Evaluation, request: EvaluationRequest, place: Path, progress: Callable[[str], None]
    ) -> Ran:
        folder = self._folder / suite.directory
        run = Run(suite, request, place, folder, self._python, self._means, progress)
        try:
            return await kind_of(suite).run(run)
        except InvalidInputError as error:
            (place / "output.log").write_text(f"{error}\n", "utf-8")
            return Ran(code=-1, problem=Problem.NOT_STARTED, confinement=NOTHING_ENFORCED)


def _report_of(place: Path, ran: Ran) -> Report | None:
    """Return what a run on the incident's versions reports; None: it says nothing that can be read."""
    if ran.problem is not None or ran.code != 0:
        return None
    try:
        return _read(place / RESULT)
    except EvaluationError:
        return None


def _result(
    suite: Evaluation,
    request: EvaluationRequest,
    place: Path,
    ran: Ran,
    times: _Times,
    *,
    log: Sha256Hex,
    changed: set[str],
) -> EvaluationResult:
    problem, written = ran.problem, place / RESULT
    if problem is None:
        try:
            report = _read(written)
            found = report.result(
                request.incident,
                code=ran.code,
                started_at=times.started_at,
                finished_at=times.finished_at,
                log=log,
                rules=suite,
                pin=pin_of(suite),
                changed=(*changed, *report_changed(report, place / "logs", times.started_at)),
            )
            _refuse_what_can_not_be_shown(found)
            return found.model_copy(update={"confinement": ran.confinement})
        except EvaluationError:
            problem = Problem.GARBLED if os.path.lexists(written) else Problem.NO_RESULT
    return _nothing(suite, problem, ran.confinement, times, log)


def _read(written: Path) -> Report:
    if os.path.lexists(written) and not is_plain(written):
        raise EvaluationError("the result is no file")
    return read_report(written)


def _refuse_what_can_not_be_shown(found: EvaluationResult) -> None:
    """Names go to screens and pages: a control character in one could write over what stands there."""
    for value in found.model_dump(mode="json").values():
        for text in value if isinstance(value, list) else [value]:
            if isinstance(text, str) and not text.isprintable():
                raise EvaluationError("the result names something with control characters")


def _nothing(
    suite: Evaluation, problem: Problem, confinement: Confinement, times: _Times, log: Sha256Hex
) -> EvaluationResult:
    """Return a result that holds no case: it opens nothing, and says why."""
    return EvaluationResult(
        suite=suite.suite,
        started_at=times.started_at,
        finished_at=times.finished_at,
        completed=False,
        versions=None,
        total=0,
        finished=0,
        incident_case=None,
        log=log,
        problem=problem.value,
        confinement=confinement,
    )
