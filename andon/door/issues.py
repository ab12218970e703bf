"""A detection as a quality issue: what the register shows of it while it is no incident."""

from __future__ import annotations

import secrets
from datetime import datetime
from typing import TYPE_CHECKING

from andon.door.opening import ALPHABET
from andon.ports import SealedText
from andon.register.patterns import Occasion
from andon.register.quality import IssueState, QualityIssue

if TYPE_CHECKING:
    from andon.door.books import Case


def new_issue_id(at: datetime) -> str:
    """Return a fresh id of a quality issue; the register refuses one that is taken."""
    return f"QI-{at:%Y%m%d}-{''.join(secrets.choice(ALPHABET) for _ in range(6))}"


def issue_of(issue: str, case: Case, title: SealedText, occasion: Occasion | None) -> QualityIssue:
    """Return the issue that one detection makes."""
    assessment, report, arrived = case.weighed.assessment, case.report, case.arrived
    detected_at = report.detected_at or arrived.received_at
    return QualityIssue(
        id=issue,
        system=case.system,
        state=IssueState.OPEN,
        classification=assessment.classification,
        severity=assessment.severity,
        actual=assessment.actual,
        potential=assessment.potential,
        provisional=assessment.provisional,
        type=case.kind,
        cause=occasion.cause if occasion else None,
        title=title,
        first_seen=detected_at,
        last_seen=detected_at,
        opened_at=arrived.received_at,
        count=1,
    )
