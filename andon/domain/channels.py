"""Where a person can be told something, from which severity on, and in which hours not."""

from __future__ import annotations

from datetime import datetime, time, timedelta
from typing import Annotated
from zoneinfo import ZoneInfo

from pydantic import ConfigDict, Field, StringConstraints, model_validator

from andon.domain.errors import InvalidInputError
from andon.domain.severity import Band
from andon.domain.values import Frozen

CONSOLE = "console"
"""Kind of the channel `console://`: notices wait for the person on the console, and go nowhere else."""

Hours = Annotated[str, StringConstraints(pattern=r"^([01]\d|2[0-3]):[0-5]\d-([01]\d|2[0-3]):[0-5]\d$")]
"""Wall-clock hours of each day in the person's zone, such as `22:00-07:00`; the end is outside."""


class Channel(Frozen):
    """One way to reach a person."""

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)

    url: str = Field(description="an Apprise URL; it may hold a secret")
    from_severity: Band = Field(Band.LOW, alias="from", description="the least severity it is used for")
    quiet: tuple[Hours, ...] = Field((), description="hours in which low and medium wait")

    @model_validator(mode="after")
    def _refuse_silence(self) -> Channel:
        for hours in self.quiet:
            begins, ends = _read(hours)
            if begins == ends:
                raise InvalidInputError(f"quiet hours {hours} have no length; use such as 22:00-07:00")
        if self.quiet and all(self._quiet_at(_read(hours)[1]) for hours in self.quiet):
            raise InvalidInputError("quiet hours cover the whole day; leave some time, or the channel out")
        return self

    @property
    def kind(self) -> str:
        """The kind of channel, without its address."""
        return kind_of(self.url)

    def opens_at(self, severity: Band, at: datetime, zone: str, due: datetime | None) -> datetime | None:
        """Return from when a message may go out here; None if its severity is too low.

        Quiet hours hold back nothing that is high or critical, and nothing that is due before they end.
        """
        if severity < self.from_severity:
            return None
        if severity >= Band.HIGH:
            return at
        opens = self._after_quiet(at, ZoneInfo(zone))
        return at if due is not None and due <= opens else opens

    def _after_quiet(self, at: datetime, zone: ZoneInfo) -> datetime:
        local = at.astimezone(zone)
        # Hours that follow on from one another are waited out one after the other.
        for _ in self.quiet:
            for hours in self.quiet:
                if _within(local.time(), hours):
                    local = _next(local, _read(hours)[1])
        return max(local.astimezone(at.tzinfo), at)

    def _quiet_at(self, moment: time) -> bool:
        return any(_within(moment, hours) for hours in self.quiet)


def kind_of(url: str) -> str:
    """Return the scheme of an Apprise URL; what has none may be a bare secret."""
    scheme, found, _ = url.partition("://")
    return scheme[:32] if found else "unreadable"


def _read(hours: str) -> tuple[time, time]:
    begins, ends = hours.split("-")
    return time.fromisoformat(begins), time.fromisoformat(ends)


def _within(moment: time, hours: str) -> bool:
    begins, ends = _read(hours)
    if begins < ends:
        return begins <= moment < ends
    return moment >= begins or moment < ends


def _next(local: datetime, ends: time) -> datetime:
    """Return the next time the wall clock shows `ends`; in an hour that comes twice, in the same one."""
    day = local.date() if ends > local.time() else local.date() + timedelta(days=1)
    return datetime.combine(day, ends, tzinfo=local.tzinfo).replace(fold=local.fold)
