"""`andon follow`: what happens to an incident, as it happens."""

from __future__ import annotations

import time
from typing import Annotated, Final

from cyclopts import Parameter

from andon.cli import screen
from andon.cli.entries import line
from andon.cli.incidents import READER
from andon.cli.ledger import pages, read_entry
from andon.cli.outcome import CommandError, Exit
from andon.cli.place import HERE, Where, find
from andon.cli.service import Service, console
from andon.domain.ledger import Entry, Kind

SHORTEST_PAUSE: Final = 0.2
LONGEST_PAUSE: Final = 2.0
CONTAINED: Final = "contained"


def follow(
    incident: str,
    /,
    *,
    until: str | None = None,
    timeout: float | None = None,
    where: Where = HERE,
    json: Annotated[bool, Parameter(negative="")] = False,
) -> int:
    """Print what happens to an incident, as it happens, until it is closed.

    Ctrl-C stops looking; the incident goes on. While the console is away it keeps trying.

    Example: andon follow INC-20260301-4f7k2a --until contained --timeout 30

    Args:
        incident: its id.
        until: stop when this stage begins, such as monitor, or at "contained".
        timeout: give up after this many seconds, and end with 1.
        where: where Andon is, and who asks.
        json: print each entry as one line of JSON.
    """
    ends_at = time.monotonic() + timeout if timeout is not None else None
    with console(find(where, role=READER)) as service:
        following = _Following(service, incident, json=json)
        pause = SHORTEST_PAUSE
        while True:
            fresh = following.look()
            if any(_reached(entry, until) for entry in fresh):
                return Exit.OK
            if any(entry.kind == Kind.CLOSED for entry in fresh):
                return Exit.NEGATIVE if until else Exit.OK
            pause = SHORTEST_PAUSE if fresh else min(pause * 1.5, LONGEST_PAUSE)
            left = ends_at - time.monotonic() if ends_at is not None else pause
            if left <= 0:
                return Exit.NEGATIVE
            time.sleep(min(pause, left))


class _Following:
    """Where one look at the ledger ended, so that the next goes on from there."""

    def __init__(self, service: Service, incident: str, *, json: bool) -> None:
        self._service = service
        self._incident = incident
        self._json = json
        self._seen = -1
        self._away = False

    def look(self) -> list[Entry]:
        """Print and return what is new; nothing while the console is away."""
        fresh: list[Entry] = []
        try:
            for raw in pages(self._service, self._incident, after=self._seen):
                entry = read_entry(raw)
                self._seen = entry.sequence
                fresh.append(entry)
                if self._json:
                    screen.as_json_line(raw)
                else:
                    screen.say(line(entry))
        except CommandError as error:
            if error.code is not Exit.UNREACHABLE or self._seen < 0:
                raise
            if not self._away:
                screen.warn(f"andon: {error.message}; trying again")
            self._away = True
        else:
            self._away = False
        return fresh


def _reached(entry: Entry, until: str | None) -> bool:
    if until is None:
        return False
    if until == CONTAINED:
        return entry.kind == Kind.CONTAINED
    return entry.kind == Kind.STAGE_BEGUN and entry.subject == until
