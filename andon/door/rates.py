"""How many detections a program may send in a minute; what has to be contained passes all the same."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from math import ceil
from typing import Final

from andon.api.problems import ProblemError
from andon.domain.values import Frozen
from andon.door.limit import PROGRAM
from andon.door.opening import Arrived

WINDOW_SECONDS: Final = 60.0
MOST_SYSTEMS: Final = 1_000
"""AI systems remembered a source: one that makes names up must not fill the memory, or pass for each."""


class Rate(Frozen):
    """What one source has sent since the door started."""

    source: str
    per_minute: int
    taken: int
    refused: int


@dataclass
class _Bucket:
    level: float
    at: float
    per_minute: int
    taken: int = 0
    refused: int = 0
    passed: dict[tuple[str, bool], float] = field(default_factory=dict)


class Rates:
    """One bucket a source, as large as a minute's worth, filled as time goes by."""

    def __init__(self, per_minute: int, now: Callable[[], float] = time.monotonic) -> None:
        self._per_minute = per_minute
        self._now = now
        self._buckets: dict[str, _Bucket] = {}

    def admit(self, arrived: Arrived, system: str, *, stops: bool) -> None:
        """Count one detection.

        Above the rate, the first of an AI system within a minute still passes, and so does the first
        that calls for containment: what is left out then changes a count, and nothing else.

        Args:
            arrived: who sends; people have no rate.
            system: the AI system it is about.
            stops: whether the detection calls for containment.

        Raises:
            ProblemError: 429, with the seconds to wait.
        """
        if not arrived.source.startswith(PROGRAM):
            return
        bucket = self._filled(arrived)
        if bucket.level >= 1:
            bucket.level -= 1
        elif not self._first(bucket, system, stops=stops):
            bucket.refused += 1
            raise _refused(bucket)
        if len(bucket.passed) < MOST_SYSTEMS:
            bucket.passed.setdefault((system, stops), self._now())
        bucket.taken += 1

    def seen(self) -> tuple[Rate, ...]:
        """Return what each source has sent."""
        return tuple(
            Rate(source=name, per_minute=one.per_minute, taken=one.taken, refused=one.refused)
            for name, one in sorted(self._buckets.items())
        )

    def _filled(self, arrived: Arrived) -> _Bucket:
        now, most = self._now(), arrived.limits.detections_per_minute or self._per_minute
        bucket = self._buckets.setdefault(arrived.source, _Bucket(most, now, most))
        bucket.level = min(most, bucket.level + (now - bucket.at) * most / WINDOW_SECONDS)
        bucket.at, bucket.per_minute = now, most
        return bucket

    def _first(self, bucket: _Bucket, system: str, *, stops: bool) -> bool:
        since = self._now() - WINDOW_SECONDS
        bucket.passed = {key: at for key, at in bucket.passed.items() if at > since}
        return (system, stops) not in bucket.passed and len(bucket.passed) < MOST_SYSTEMS


def _refused(bucket: _Bucket) -> ProblemError:
    wait = max(1, ceil((1 - bucket.level) * WINDOW_SECONDS / bucket.per_minute))
    return ProblemError(
        429,
        "too-many-detections",
        f"This source may send {bucket.per_minute} detections a minute; {bucket.refused} were refused since "
        f"the door started. What this AI system needs is under way; send it again in {wait} s.",
        headers={"Retry-After": str(wait)},
    )
