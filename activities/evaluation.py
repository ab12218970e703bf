"""Running eval suites, reading which versions run, and writing the incident file."""

from __future__ import annotations

from temporalio import activity

from activities.final import final_errors
from andon.domain.errands import EvaluationRequest
from andon.domain.evidence import Seal, seal_of
from andon.domain.gate import EvaluationResult
from andon.domain.values import Carried, IncidentId, Sha256Hex, Slug
from andon.ports import EvaluationLog, Evaluator, EvidenceIndex, FileWriter, VersionReader


class VersionsCall(Carried):
    """Which AI system is asked for its versions."""

    system: Slug


class Numbered(Carried):
    """One of an incident's snapshots or evaluations."""

    incident: IncidentId
    number: int


class KeepCall(Carried):
    """The result of one run, to be kept where the incident reads it."""

    incident: IncidentId
    number: int
    result: EvaluationResult


class FileCall(Carried):
    """Which incident's file is written."""

    incident: IncidentId


class EvaluationActivities:
    """Runs suites, isolated on a queue of their own."""

    def __init__(self, evaluator: Evaluator) -> None:
        self._evaluator = evaluator

    @activity.defn(name="evaluation.run")
    async def run(self, request: EvaluationRequest) -> EvaluationResult:
        """Run the suite to its end; it heartbeats as it goes and stops when cancelled.

        Raises:
            ApplicationError: `EvaluationError`: the suite could not be run. Not retryable.
        """
        with final_errors():
            return await self._evaluator.run(request, activity.heartbeat)


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
        """Return the result that was kept, whatever a signal claims.

        Raises:
            ApplicationError: `NotFoundError`: no such run has finished. Not retryable.
        """
        with final_errors():
            return await self._log.result(call.incident, call.number)

    @activity.defn(name="evaluation.keep")
    async def keep_result(self, call: KeepCall) -> None:
        """Keep the result of a run, once; a repeat changes nothing."""
        await self._log.keep(call.incident, call.number, call.result)

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
