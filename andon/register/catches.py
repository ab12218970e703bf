"""Near misses of an AI system that people caught, whether or not they needed a workflow."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from sqlalchemy import Engine

from andon.domain.catches import (
    UNKNOWN,
    Catch,
    DurableControlNeeded,
    caught_by,
    durable_controls_needed,
)
from andon.domain.severity import Classification
from andon.domain.values import Slug
from andon.register.detections import Detection, Detections
from andon.register.incidents import Incidents
from andon.register.quality import IssueState, QualityIssues

LOOKED_THROUGH: Final = 200
"""Near misses of each kind that are looked through, newest first."""


class Catches:
    """Reads near misses for what they have in common."""

    def __init__(self, engine: Engine) -> None:
        self._incidents = Incidents(engine)
        self._issues = QualityIssues(engine)
        self._detections = Detections(engine)

    def needed(self, system: Slug | None = None) -> tuple[DurableControlNeeded, ...]:
        """Return where a durable control is needed, newest first."""
        return durable_controls_needed((*self._of_incidents(system), *self._of_issues(system)))

    def _of_incidents(self, system: Slug | None) -> Iterator[Catch]:
        rows = self._incidents.list(
            system=system, classification=Classification.NEAR_MISS, limit=LOOKED_THROUGH
        )
        for row in rows:
            if row.exercise or row.opening is None:
                continue
            kept = self._detections.of(row.incident)
            control = caught_by((one.channel for one in kept), _facts(kept))
            if control is not None:
                root = row.view.findings.get("root_cause") if row.view else None
                yield Catch(
                    home=row.incident,
                    system=row.system,
                    control=control,
                    root=None if root == UNKNOWN else root,
                    reported=_reported(kept),
                    at=row.opening.detected_at,
                )

    def _of_issues(self, system: Slug | None) -> Iterator[Catch]:
        issues = self._issues.list(
            system=system, classification=Classification.NEAR_MISS, limit=LOOKED_THROUGH
        )
        for one in issues:
            if one.state is IssueState.PROMOTED:
                continue  # the incident it became is counted
            kept = self._detections.of_issue(one.id)
            control = caught_by((each.channel for each in kept), _facts(kept))
            if control is not None:
                reported = _reported(kept) or one.cause
                yield Catch(
                    home=one.id, system=one.system, control=control, reported=reported, at=one.first_seen
                )


def _facts(kept: Sequence[Detection]) -> Mapping[str, object]:
    return {name: value for one in kept for name, value in one.facts.items()}


def _reported(kept: Sequence[Detection]) -> str | None:
    """Return what the first detection that says so says went wrong."""
    for one in kept:
        if one.trigger is not None:
            return f"trigger:{one.trigger}"
        if one.type is not None:
            return f"type:{one.type.value}"
    return None
