"""When repeated reports of one cause become a pattern: what a cause is, and what counts as one more report.

Counting goes by when a failure was detected, not by when it was told, so the same reports give the same
pattern however late they come. A sender that repeats itself is not a failure that repeats itself:
reports with the same key within `apart_minutes` count once.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime, timedelta

from pydantic import Field

from andon.domain.detection import DetectionReport
from andon.domain.values import Frozen

LONGEST_CAUSE = 128


class PatternPolicy(Frozen):
    """How many reports of one cause, within how many days, are a pattern, and what is known then."""

    window_days: int = Field(ge=1, le=365)
    reports: int = Field(ge=2, le=10_000)
    apart_minutes: int = Field(ge=0, le=10_080)
    facts: dict[str, str | int] = Field(
        description="what a report is known to be once it completes a pattern"
    )

    @property
    def window(self) -> timedelta:
        """How far back reports count."""
        return timedelta(days=self.window_days)

    def occasion(self, named: str, detected_at: datetime) -> str:
        """Return what a report counts as; two reports of the same occasion count once.

        Args:
            named: the keyed digest of the sender's dedupe key, or the receipt if it sent none.
            detected_at: when the failure was detected.
        """
        if self.apart_minutes == 0:
            return f"{named}@{detected_at.timestamp()}"
        return f"{named}@{int(detected_at.timestamp()) // (self.apart_minutes * 60)}"


def cause_of(
    report: DetectionReport, fired_rules: Collection[str], open_rules: Collection[str]
) -> str | None:
    """Return what a report says went wrong, as a code; None if it says nothing that can be counted.

    What the sender names comes first; else the rules of the severity policy that its facts fired.

    Args:
        report: the detection as it was sent.
        fired_rules: the rules that fired for it alone.
        open_rules: rules that fire because little is known; not knowing is no cause.
    """
    if report.trigger is not None:
        return f"trigger:{report.trigger}"
    if report.type is not None:
        return f"type:{report.type.value}"
    if report.flag is not None:
        return f"flag:{report.flag.value}"
    rules = sorted(set(fired_rules) - set(open_rules))
    if rules:
        return f"rules:{'+'.join(rules)}"[:LONGEST_CAUSE]
    if report.categories:
        return f"category:{'+'.join(sorted(report.categories))}"[:LONGEST_CAUSE]
    return None
