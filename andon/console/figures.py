"""The figures of a period from the register: how the response to its incidents went."""

from __future__ import annotations

from datetime import datetime, timedelta
from functools import partial
from typing import Final

from andon.api.problems import ProblemError
from andon.console.counting import Counting
from andon.console.parts import Parts
from andon.domain.figures import Asked, Figures, counted

LONGEST: Final = timedelta(days=3 * 366)


class FiguresDesk:
    """Answers how the response went."""

    def __init__(self, parts: Parts, counting: Counting) -> None:
        self._now = parts.now
        self._counting = counting

    async def figures(self, asked: Asked) -> Figures:
        """Return the figures of the incidents that are asked for.

        Raises:
            ProblemError: 400, that is no period.
        """
        if not asked.since < asked.until or asked.until - asked.since > LONGEST:
            raise ProblemError(
                400, "no-such-period", f"A period ends after it begins, {LONGEST.days} days later at most."
            )
        return await self._counting.count(asked, partial(self._counted, asked))

    def now(self) -> datetime:
        """Return the present moment."""
        return self._now()

    def _counted(self, asked: Asked) -> Figures:
        now, measures = self._now(), self._counting.measures
        found = measures.opened(
            asked.since, asked.until, system=asked.system, severity=asked.severity, type=asked.type
        )
        # What is only logged has neither severity nor type of an incident.
        logged = asked.severity is None and asked.type is None
        return counted(
            (one.acted for one in found),
            asked,
            now,
            logged=measures.near_misses_logged(asked.since, asked.until, asked.system) if logged else 0,
        )
