"""Running an incident's own case on the versions of the incident: it must fail there, or it shows nothing."""

from __future__ import annotations

import asyncio
from datetime import datetime
from pathlib import Path
from typing import Final

from andon.adapters.evaluators.kinds import VERSIONS, kind_of
from andon.adapters.evaluators.logs import EvaluationPlaces
from andon.adapters.evaluators.report import Report, version_digest
from andon.adapters.sources.versions import WHOLE, VersionsEndpoint
from andon.adapters.store.packs import open_item
from andon.domain.gate import EvaluationResult
from andon.domain.suite import Past
from andon.domain.suite_run import Before, before_of
from andon.domain.system import Evaluation
from andon.domain.values import IncidentId, Sha256Hex, sha256

REASON: Final = "past"
"""Kind under which the reason why a suite can't run the past is kept for ever."""


def past_of(suite: Evaluation) -> Evaluation | None:
    """Return how the past is run; None: the file does not say how."""
    if suite.past is None or not suite.past.command:
        return None
    kind = suite.kind if kind_of(suite).by_command else "command"
    return suite.model_copy(update={"command": suite.past.command, "kind": kind})


async def unrun(places: EvaluationPlaces, suite: Evaluation, at: datetime) -> EvaluationResult:
    """Return a result that says why the past was not run, and keep the reason that the file gives."""
    if suite.past is None:
        return _result(suite, Before.UNSAID, at, at)
    reason = await asyncio.to_thread(places.policies.put, REASON, _reason(suite.past))
    return _result(suite, Before.CANNOT, at, at).model_copy(update={"cannot": reason})


async def put_versions(places: EvaluationPlaces, incident: IncidentId, folder: Path) -> Sha256Hex | None:
    """Write what evidence holds of the versions where the command reads it, and return its digest.

    The oldest of them counts: later snapshots may have seen the fix. None: evidence holds nothing of them.
    """
    items = await asyncio.to_thread(places.evidence.items, incident, WHOLE)
    told = sorted(
        (item for item in items if item.source == VersionsEndpoint.name), key=lambda item: item.captured_at
    )
    if not told:
        return None
    content = await open_item(places.store, places.vault, incident, told[0])
    (folder / VERSIONS).write_bytes(content)
    return sha256(content)


def past_result(
    suite: Evaluation,
    report: Report | None,
    incident: IncidentId,
    *,
    held: Sha256Hex | None,
    times: tuple[datetime, datetime],
    log: Sha256Hex,
) -> EvaluationResult:
    """Return what a run on the incident's versions showed; no report: it showed nothing."""
    ran = version_digest(report.versions) if report is not None else None
    before = before_of(report, incident, ran=ran, held=held) if report is not None else Before.NOT_RUN
    found = _result(suite, before, *times)
    return found.model_copy(update={"versions": ran, "before_versions": ran, "before_log": log})


def _reason(past: Past) -> dict[str, str]:
    return {"cannot": past.cannot}


def _result(suite: Evaluation, before: Before, began: datetime, ended: datetime) -> EvaluationResult:
    return EvaluationResult(
        suite=suite.suite,
        started_at=began,
        finished_at=ended,
        completed=before in (Before.PASSED, Before.FAILED),
        versions=None,
        total=0,
        finished=0,
        incident_case=None,
        before=before.value,
    )
