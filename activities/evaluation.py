"""Running eval suites, reading which versions run, and writing the incident file."""

from __future__ import annotations

from temporalio import activity

from activities.final import final_errors
from andon.domain.evidence import Seal, seal_of
from andon.domain.gate import EvaluationResult
from andon.domain.values import Carried, IncidentId, Instant, Sha256Hex, Slug
from andon.ports import (
    EvaluationLog,
    EvaluationRequest,
    Evaluator,
    EvidenceIndex,
    FileWriter,
    VersionReader,
)


class VersionsCall(Carried):
    """Which AI system is asked for its versions."""

    system: Slug


class Numbered(Carried):
    """One of an incident's snapshots or evaluations."""

    incident: IncidentId
    number: int


class FailedRun(Carried):
    """An evaluation that could not be run to its end."""

    incident: IncidentId
    number: int
    at: Instant


class FileCall(Carried):
    """Which incident's file is written."""

    incident: IncidentId


class EvaluationActivities:
    """Runs suites, isolated on a queue of their own."""

    def __init__(self, evaluator: Evaluator, log: EvaluationLog) -> None:
        self._evaluator = evaluator
        self._log = log

    @activity.defn(name="evaluation.run")
    async def run(self, request: EvaluationRequest) -> EvaluationResult:
        """Run the suite to its end; it heartbeats as it goes and stops when cancelled.

        Raises:
            ApplicationError: `EvaluationError`: the suite could not be run. Not retryable.
        """
        with final_errors():
            result = await self._evaluator.run(request, activity.heartbeat)
        await self._log.keep(request.incident, request.number, result)
        return result


class RecordActivities:
    """Reads what others have kept, and writes the incident file."""

    def __init__(
        self, versions: VersionReader, files: FileWriter, index: EvidenceIndex, log: EvaluationLog
    ) -> None:
        self._versions = versions
        self._files = files
        self._index = index
        self._log = log

    @activity.defn(name="evidence.sealed")
    async def read_seal(self, call: Numbered) -> Seal:
        """Return the seal of a snapshot from its stored manifest, whatever a signal claims.

        Raises:
            ApplicationError: `NotFoundError`: it was never sealed. Not retryable.
        """
        with final_errors():
            return seal_of(await self._index.manifest(call.incident, call.number))

    @activity.defn(name="evaluation.result")
    async def read_result(self, call: Numbered) -> EvaluationResult:
        """Return the result that the evaluation worker kept, whatever a signal claims.

        Raises:
            ApplicationError: `NotFoundError`: no such run has finished. Not retryable.
        """
        with final_errors():
            return await self._log.result(call.incident, call.number)

    @activity.defn(name="evaluation.failed")
    async def keep_failure(self, run: FailedRun) -> None:
        """Keep the result of a run that came to nothing: it holds no case, so the gate stays shut."""
        nothing = EvaluationResult(
            suite="",
            started_at=run.at,
            finished_at=run.at,
            completed=False,
            versions=None,
            total=0,
            finished=0,
            incident_case=None,
            log=None,
        )
        await self._log.keep(run.incident, run.number, nothing)

    @activity.defn(name="versions.read")
    async def read_versions(self, call: VersionsCall) -> Sha256Hex:
        """Return the digest of the versions that run now.

        Raises:
            ApplicationError: `SourceError`: the system can't say. Not retryable.
        """
        with final_errors():
            return await self._versions.read(call.system)

    @activity.defn(name="file.write")
    async def write_file(self, call: FileCall) -> Sha256Hex:
        """Store the incident file and return its digest; a repeat changes nothing."""
        with final_errors():
            return await self._files.write(call.incident)
