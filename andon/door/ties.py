"""What a detection is tied to beside its own incident: a cause it counts for, a quality issue, a pattern."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime

from andon.domain.errors import OutdatedError
from andon.ports import SealedText
from andon.register.links import LinkKind, Links
from andon.register.patterns import Occasion, Patterns
from andon.register.quality import IssueState, QualityIssues
from andon.register.untold import Owed, Untold

ANDON = "andon"


@dataclass(frozen=True, slots=True)
class Ties:
    """What is written down together with a detection."""

    occasion: Occasion | None = None
    """What it counts as when patterns are looked for."""
    issue: str | None = None
    """The quality issue that becomes an incident."""
    promoted_by: str = ANDON
    reason: SealedText | None = None
    """Why a person had it promoted."""
    split_from: str | None = None
    """The incident that a detection leaves, to have one of its own."""
    opened_at: datetime | None = None
    """When an incident is opened for a detection that came in long before."""
    cases: tuple[str, ...] = ()
    """The earlier incidents and quality issues of a cause that is a pattern now."""
    pattern: str | None = None
    """The incident of the pattern; None: the detection's own."""
    entering: Callable[[str], None] | None = None
    """What makes the incident that is opened the one of its AI system in a storm."""
    owed: Owed | None = None
    """What the workflow of the incident that it joins must be told of it, by whichever door."""


UNTIED = Ties()


class Knot:
    """Writes ties down, in the transaction of the calling thread."""

    def __init__(self, issues: QualityIssues, links: Links, patterns: Patterns, untold: Untold) -> None:
        self.issues = issues
        self.links = links
        self.patterns = patterns
        self._untold = untold

    def tie(self, ties: Ties, home: str, at: datetime) -> None:
        """Tie the incident or quality issue `home` that a detection went to.

        Raises:
            OutdatedError: the quality issue to be promoted is open no more; nothing may be written then.
        """
        if ties.occasion is not None:
            self.patterns.record(ties.occasion, home)
        self._pattern(ties, home, at)
        if ties.entering is not None:
            ties.entering(home)
        if ties.owed is not None:
            self._untold.note(ties.owed, datetime.now(UTC))
        if ties.issue is not None:
            self._promote(ties, ties.issue, home, at)
        if ties.split_from is not None:
            self.links.add(LinkKind.SPLIT, ties.split_from, home, why="split", at=at, by=ties.promoted_by)

    def _promote(self, ties: Ties, issue: str, home: str, at: datetime) -> None:
        settled = self.issues.settle(
            issue, IssueState.PROMOTED, at=at, by=ties.promoted_by, incident=home, reason=ties.reason
        )
        if not settled:
            raise OutdatedError("quality issue", issue)
        self.links.add(LinkKind.PROMOTED, issue, home, why="promoted", at=at, by=ties.promoted_by)

    def _pattern(self, ties: Ties, home: str, at: datetime) -> None:
        if ties.occasion is None or not ties.cases:
            return
        cause, target = ties.occasion.cause, ties.pattern or home
        before = self.links.newest_target(LinkKind.PATTERN, ties.occasion.system, cause)
        if before is not None and before != target:
            self.links.add(LinkKind.RECURRENCE, before, target, why=cause, at=at, by=ANDON)
        for case in {*ties.cases, home} - {target}:
            self.links.add(LinkKind.PATTERN, case, target, why=cause, at=at, by=ANDON)
