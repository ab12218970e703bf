"""What one incident adds to figures, reviews and metrics, whenever they are asked for.

All of it follows from how the incident was opened, how it is shown and how its gate stood; only what holding
costs grows with time, and that is counted when it is asked for.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from andon.domain.figures import Acted
from andon.domain.figures_case import acted_in
from andon.domain.glimpse import Opened, Viewed
from andon.domain.metrics import Told
from andon.domain.quarter import Case
from andon.domain.quarter_case import case_of
from andon.domain.telling import Priced, costs_at, priced


@dataclass(frozen=True, slots=True)
class Added:
    """What one incident adds; the same until something is written on it."""

    acted: Acted
    case: Case
    """With what its orders had cost when it was read."""
    growing: tuple[Priced, ...]
    """Every order that has a price, where one of them is still held; else none."""

    def case_at(self, at: datetime) -> Case:
        """Return it as the review of a period looks at it at a moment."""
        return self.case.model_copy(update={"told": self.told_at(at)}) if self.growing else self.case

    def told_at(self, at: datetime) -> Told:
        """Return what it contributes to the metrics at a moment."""
        if not self.growing:
            return self.case.told
        return self.case.told.model_copy(update={"costs": costs_at(self.growing, at)})


def added_by(opening: Opened, view: Viewed | None, gate_runs: Sequence[bool]) -> Added:
    """Return what an incident adds, whole or seen in part."""
    orders = tuple(priced(view.orders)) if view is not None else ()
    held = any(one.applied and one.released_at is None for one in orders)
    return Added(
        acted=acted_in(opening, view),
        case=case_of(opening, view, gate_runs, opening.opened_at),
        growing=orders if held else (),
    )
