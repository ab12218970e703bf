"""Which incidents a list holds."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from andon.domain.finding import FailureClass
from andon.domain.severity import Band, Classification
from andon.domain.stage import Stage
from andon.register.codes import ANYTHING, Sought
from andon.register.incidents import Listed

First = Literal["newest", "due"]
"""What stands at the top of a list."""


@dataclass(frozen=True, slots=True)
class Filters:
    """Which incidents a list holds."""

    state: Listed = Listed.ALL
    stage: Stage | None = None
    severity: Band | None = None
    system: str | None = None
    classification: Classification | None = None
    asked_of: str | None = None
    """`me`, or a role: only incidents with an open question for it, what runs out first at the top."""
    first: First = "newest"
    failure: FailureClass | None = None
    """The class of failure, primary or further."""
    sought: Sought = ANYTHING
    """What else they are looked for by: type, channel, category, tag, public taxonomy."""
