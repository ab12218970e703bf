"""Which entries of a ledger a command shows: the same filters as the page of a timeline has."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Final

from cyclopts import Parameter

from andon.cli.outcome import CommandError, Exit
from andon.domain.sift import About, Sift


@Parameter(name="*")
@dataclass(frozen=True)
class Only:
    """Which entries to show."""

    kind: str = ""
    """Only entries of this kind, such as decision_settled."""
    who: str = ""
    """Only what this person or source did, by id; or andon."""
    about: About | None = None
    """Only what is about this."""
    since: datetime | None = None
    """Only what happened from then on."""
    until: datetime | None = None
    """Only what happened before then."""
    important: Annotated[bool, Parameter(negative="")] = False
    """Only what is important."""

    def sift(self) -> Sift:
        """Return the filters.

        Raises:
            CommandError: a time has no zone.
        """
        for name, given in (("since", self.since), ("until", self.until)):
            if given is not None and given.tzinfo is None:
                raise CommandError(f"--{name} needs its zone, such as 2026-03-01T10:05:00Z", Exit.BAD_INPUT)
        return Sift(self.kind, self.who, self.about, self.since, self.until, self.important)


ANY: Final = Only()
