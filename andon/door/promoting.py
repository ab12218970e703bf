"""What people make of quality issues: an incident, or an end of them; and splitting an incident."""

from __future__ import annotations

import asyncio
from datetime import datetime
from typing import Final, Protocol

from andon.api.problems import ProblemError
from andon.domain.conditions import UNKNOWN
from andon.domain.detection import DetectionReport
from andon.domain.errors import NotFoundError, OutdatedError, SignatureError
from andon.domain.joining import together
from andon.domain.severity import Classification
from andon.domain.values import IncidentId
from andon.door.answers import Answer
from andon.door.books import Case
from andon.door.graver import told_in
from andon.door.intake import Intake
from andon.door.opening import Arrived
from andon.door.placing import Placing
from andon.door.policy import PolicyDesk
from andon.door.ties import Ties
from andon.door.weighing import weigh
from andon.ports import SealedText
from andon.register.detections import Detection, Detections
from andon.register.quality import IssueState, QualityIssue, QualityIssues

LOST: Final = "(the words can't be opened)"


class Texts(Protocol):
    """Seals and opens people's words."""

    async def seal(self, incident: IncidentId, kind: str, text: str) -> SealedText:
        """Encrypt and keep a text."""

    async def open(self, sealed: SealedText) -> str:
        """Return a text in clear."""


class Promoting:
    """Opens incidents for what the register holds already."""

    def __init__(
        self,
        *,
        issues: QualityIssues,
        detections: Detections,
        texts: Texts,
        policy: PolicyDesk,
        placing: Placing,
        intake: Intake,
    ) -> None:
        self._issues = issues
        self._detections = detections
        self._texts = texts
        self._policy = policy
        self._placing = placing
        self._intake = intake

    async def promote(self, name: str, reason: str, by: str, at: datetime) -> Answer:
        """Open an incident for a quality issue, with its own times; what was said before stays.

        Raises:
            NotFoundError: there is no such issue.
            ProblemError: 409, it is open no more.
        """
        issue = await self._open_issue(name)
        kept = await asyncio.to_thread(self._detections.of_issue, name)
        dedupe = await asyncio.to_thread(self._issues.dedupe_of, name)
        why = await self._texts.seal(name, "reason", reason)
        ties = Ties(issue=name, promoted_by=by, reason=why, opened_at=at)
        return await self._opened(await self._case(kept), issue.system, dedupe, ties)

    async def close(self, name: str, reason: str, by: str, at: datetime) -> QualityIssue:
        """Resolve a quality issue.

        Raises:
            NotFoundError: there is no such issue.
            ProblemError: 409, it is open no more.
        """
        await self._open_issue(name)
        why = await self._texts.seal(name, "reason", reason)
        settle = self._issues.settle
        if not await asyncio.to_thread(settle, name, IssueState.RESOLVED, at=at, by=by, reason=why):
            raise _settled(name)
        found = await asyncio.to_thread(self._issues.get, name)
        assert found is not None  # noqa: S101 - it was settled just now, and rows are never removed
        return found

    async def split(self, incident: IncidentId, receipt: str, by: str, at: datetime) -> Answer:
        """Give a detection that joined an incident one of its own, with its own times.

        Raises:
            NotFoundError: no such detection is in this incident.
            ProblemError: 409, the incident was opened for this very detection.
        """
        kept = await asyncio.to_thread(self._detections.get, receipt)
        if kept is None or kept.incident != incident:
            raise NotFoundError("detection of this incident", receipt)
        if kept.outcome != "joined":
            raise ProblemError(
                409,
                "not-joined",
                f"{incident} was opened for {receipt}; only what joined it can be split off.",
            )
        ties = Ties(promoted_by=by, split_from=incident, opened_at=at)
        return await self._opened(await self._case([kept]), kept.system, None, ties)

    async def _opened(self, case: Case, system: str, dedupe: str | None, ties: Ties) -> Answer:
        found = await asyncio.to_thread(self._policy.named, system)
        try:
            put = await self._placing.open_again(case, found, dedupe, ties)
        except OutdatedError as error:
            raise _settled(ties.issue or case.arrived.receipt) from error
        assert put.opening is not None  # noqa: S101 - opening again always opens
        return await self._intake.start(put.opening)

    async def _open_issue(self, name: str) -> QualityIssue:
        issue = await asyncio.to_thread(self._issues.get, name)
        if issue is None:
            raise NotFoundError("quality issue", name)
        if issue.state is not IssueState.OPEN:
            raise _settled(name)
        return issue

    async def _case(self, kept: list[Detection]) -> Case:
        """Return the first of some detections as a case, weighed by what all of them say."""
        first, policy = kept[0], self._policy.in_force.shelf
        told = together(policy.severity, (told_in(one, policy.severity) for one in kept))
        title, description = await self._words(first.title), await self._words(first.description)
        report = DetectionReport(
            system=first.system,
            channel=first.channel,
            title=title or LOST,
            description=description,
            occurred_at=first.occurred_at,
            detected_at=first.detected_at,
            reported_at=first.reported_at,
            severity=first.severity,
            type=first.type,
            categories=first.categories,
            tags=first.tags,
            trace_ids=first.trace_ids,
            facts={name: value for name, value in told.facts.items() if value != UNKNOWN},
            potential_facts=dict(told.potential),
        )
        weighed = weigh(report, policy, first.received_at, self._policy.system(first.system))
        if weighed.assessment.classification is Classification.QUALITY_ISSUE:
            # A person says it is more than that; triage says what.
            weighed = weighed.called(Classification.AI_INCIDENT)
        arrived = Arrived(first.id, first.source, first.received_at)
        return Case(weighed, arrived, report.title, report.description, first.system)

    async def _words(self, sealed: SealedText | None) -> str:
        if sealed is None:
            return ""
        try:
            return await self._texts.open(sealed)
        except (NotFoundError, SignatureError):
            return LOST


def _settled(name: str) -> ProblemError:
    return ProblemError(409, "settled", f"{name} is open no more: look at what became of it.")
