"""The quarterly review as it is laid before a board: what matters first, then its six parts."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC
from typing import Final

from andon.domain import quarter_parts as six
from andon.domain.paper import Paper, day, fact, many, share, took
from andon.domain.quarter import Quarter
from andon.domain.quarter_aims import aims, measures
from andon.domain.readable import Fact, shown

TITLE: Final = "Quarterly governance review"


def laid_out(quarter: Quarter) -> Paper:
    """Return the review as it is read; the same review always gives the same paper."""
    period = quarter.period
    return Paper(
        title=TITLE,
        period=f"{day(period.since)} until {day(period.until)} (UTC, that day not included)",
        as_of=shown(period.as_of.astimezone(UTC).isoformat(timespec="seconds")),
        over=period.as_of >= period.until,
        says=(
            "What is not known is counted beside each figure and never taken for nought. "
            "Exercises are left out.",
        ),
        facts=tuple(_glance(quarter)),
        parts=(
            aims(quarter),
            six.counts(quarter),
            six.near_misses(quarter),
            six.causes(quarter),
            six.remediation(quarter),
            six.changes(quarter),
            six.uses(quarter),
            measures(quarter),
        ),
    )


def _glance(quarter: Quarter) -> Iterator[Fact]:
    found = quarter.metrics
    late = sum(quarter.overdue(one) for one in quarter.open)
    waiting = [one.system for one in quarter.uses if one.decision is None]
    detection, containment = found.time_to_detection, found.time_to_containment
    yield fact("Seen: median time to detection", f"{took(detection.median)} ({detection.unknown} unknown)")
    yield fact(
        "Under control: median time to containment",
        f"{took(containment.median)} ({containment.unknown} unknown)",
    )
    yield fact("Seen again: causes that came back within 90 days", len(quarter.repeated))
    near = many(found.near_misses, "near miss", "near misses")
    yield fact("Opened", f"{many(found.incidents, 'incident')}; {near}")
    yield fact("Still owed", f"{many(len(quarter.open), 'change')}; {late} overdue")
    yield fact("Answers that went past a rule", share(quarter.bypassed, "decisions with an outcome"))
    yield fact("To be decided: approved use of", ", ".join(waiting) or "nothing, all are answered")
