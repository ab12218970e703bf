"""What the door answers to a report, as far as the pages need it."""

from __future__ import annotations

from pydantic import ConfigDict

from andon.domain.detection import Outcome
from andon.domain.values import Frozen


class ReportTaken(Frozen):
    """What became of a report. The door may say more."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    receipt: str
    outcome: Outcome
    advice: tuple[str, ...] = ()
