"""What is watched of an AI system after a restart: signals, their limits, and a sample people look at.

Limits come from the AI system's file. A watch notes them when it begins, tightened, and goes by those to its
end: a file that is edited meanwhile reaches the next watch.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from enum import StrEnum
from typing import Annotated, Final
from urllib.parse import urlsplit

from pydantic import Field, StringConstraints, model_validator

from andon.domain.values import Carried, Frozen, IncidentId, Instant, Slug

SignalName = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9_-]{0,39}$")]

VERSIONS: Final = "versions"
"""What every watch looks at; no signal may take this name."""
CROSSED: Final = "signal_crossed"
UNREADABLE: Final = "signal_unreadable"
SAMPLE: Final = "sample_bad"
"""What a relapse was: a limit crossed, a signal without a number too often, a bad output people found."""


class WatchSignal(Frozen):
    """One number that must stay within limits while an AI system is watched."""

    name: SignalName
    source: str = Field(
        min_length=1,
        max_length=2000,
        description="URL read as JSON through the outgoing checks, or a source of evidence that counts",
    )
    field: str = Field(
        "", max_length=200, description="dotted path to the number; of `recorder`: spans of this name"
    )
    max: float | None = Field(None, allow_inf_nan=False, description="more than this is too much")
    min: float | None = Field(None, allow_inf_nan=False, description="less than this is too little")
    tighter: float = Field(
        1, gt=0, le=1, description="while watched `max` is multiplied by it, and `min` divided"
    )
    minutes: int = Field(15, ge=1, le=24 * 60, description="of a source that counts: how far back it counts")
    unreadable_after: int = Field(
        0, ge=0, le=1000, description="so many looks in a row without a number are a relapse; 0: never"
    )

    @property
    def is_url(self) -> bool:
        """Whether its source is an address."""
        return "://" in self.source

    @model_validator(mode="after")
    def _holds_together(self) -> WatchSignal:
        if self.name == VERSIONS:
            raise ValueError(f"signals: {VERSIONS} are always watched: give this one another name")
        if self.max is None and self.min is None:
            raise ValueError(f"signals: {self.name} needs max or min")
        if self.tighter != 1 and any(one is not None and one < 0 for one in (self.max, self.min)):
            raise ValueError(f"signals: {self.name}: tighter needs limits of 0 or more")
        most, least = self.limit().most, self.limit().least
        if most is not None and least is not None and least > most:
            raise ValueError(f"signals: {self.name}: nothing lies between min and max while it is watched")
        if self.is_url and (urlsplit(self.source).scheme not in {"http", "https"} or not self.field):
            raise ValueError(f"signals: {self.name}: a URL is http(s), and field says where the number is")
        return self

    def limit(self) -> Limit:
        """Return the limits that hold while it is watched."""
        return Limit(
            name=self.name,
            most=self.max * self.tighter if self.max is not None else None,
            least=self.min / self.tighter if self.min is not None else None,
            unreadable_after=self.unreadable_after,
        )


class SampledReview(Frozen):
    """A share of what the AI system puts out that people look at while it is watched."""

    percent: int = Field(ge=1, le=100, description="share of the outputs")
    at_least: int = Field(1, ge=1, le=10_000, description="outputs to look at however few there are")


class WatchFile(Frozen):
    """`watch` in an AI system's file."""

    signals: tuple[WatchSignal, ...] = Field((), max_length=16)
    review: SampledReview | None = None

    @model_validator(mode="after")
    def _refuse_doubles(self) -> WatchFile:
        names = [one.name for one in self.signals]
        for name in names:
            if names.count(name) > 1:
                raise ValueError(f"signals: {name} is there twice")
        return self

    def signal(self, name: str) -> WatchSignal | None:
        """Return a signal by its name."""
        return next((one for one in self.signals if one.name == name), None)


NOTHING_STATED: Final = WatchFile()


class Saw(StrEnum):
    """What one look at a signal came to."""

    WITHIN = "within"
    CROSSED = "crossed"
    UNREADABLE = "unreadable"


class Limit(Carried):
    """What one signal must stay within, as a watch goes by it."""

    name: SignalName
    most: float | None = None
    least: float | None = None
    unreadable_after: int = 0

    def judge(self, value: float | None) -> Saw:
        """Say what a number is; none at all, or one that is no finite number, is unreadable."""
        if value is None or not math.isfinite(value):
            return Saw.UNREADABLE
        above = self.most is not None and value > self.most
        below = self.least is not None and value < self.least
        return Saw.CROSSED if above or below else Saw.WITHIN


class Looked(Carried):
    """What one look at one signal found."""

    name: str
    saw: Saw
    value: float | None = None
    why: str = Field("", description="why there is no number, as a code")


def verdict(limits: Sequence[Limit], looks: Sequence[Looked], unread: dict[str, int]) -> str | None:
    """Return the relapse that a round of looks is, as a code with the signal's name; None: it is none.

    `unread` counts the looks in a row that brought no number, and is brought up to date.
    """
    found = {look.name: look for look in looks}
    for limit in limits:
        look = found.get(limit.name)
        unreadable = look is None or look.saw is Saw.UNREADABLE
        unread[limit.name] = unread.get(limit.name, 0) + 1 if unreadable else 0
    for limit in limits:
        look = found.get(limit.name)
        if look is not None and look.saw is Saw.CROSSED:
            return f"{CROSSED}:{limit.name}"
    for limit in limits:
        if 0 < limit.unreadable_after <= unread[limit.name]:
            return f"{UNREADABLE}:{limit.name}"
    return None


class StatedCall(Carried):
    """Which AI system's signals are asked for."""

    system: Slug


class Stated(Carried):
    """The limits a watch goes by."""

    limits: tuple[Limit, ...] = ()


class LookCall(Carried):
    """One round of looks."""

    incident: IncidentId
    watch: int
    system: Slug
    limits: tuple[Limit, ...] = ()
    unread: dict[str, int] = Field(default_factory=dict, description="looks without a number so far")
    versions: str = Field("", description="what the look at the versions came to; empty: none was taken")


class Round(Carried):
    """What one round of looks found."""

    looks: tuple[Looked, ...] = ()


class LookKept(Carried):
    """How one signal of a watch stood when it was looked at last."""

    name: str
    saw: str
    value: float | None = None
    why: str = ""
    most: float | None = None
    least: float | None = None
    unread: int = 0
    at: Instant


class WatchKept(Carried):
    """The last looks of one watch."""

    watch: int
    looks: tuple[LookKept, ...]
