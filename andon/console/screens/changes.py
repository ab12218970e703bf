"""Changes on the pages: a line each, and the page on which one is proven or dropped."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from andon.console.models.change import ChangeList, ChangeShown
from andon.console.screens.moments import Clock, Moment, clock, maybe, moment
from andon.console.screens.words import Status, lower, plain
from andon.domain.change import ChangeState, ChangeType
from andon.register.changes import Wanted

STATES: Final = {
    ChangeState.OPEN: Status("open", "·", "quiet"),
    ChangeState.DONE: Status("made", "✓", "good"),
    ChangeState.DROPPED: Status("dropped", "-", "warn"),
}
OVERDUE: Final = Status("overdue", "!", "bad")
ANY: Final = ("", "Any")


@dataclass(frozen=True, slots=True)
class ChangeLine:
    """One change in a list."""

    id: str
    href: str
    incident: str
    system: str
    kind: str
    what: str
    owner: str
    severity: str
    state: Status
    due: Clock | None
    due_at: Moment
    settled: Moment | None
    settled_by: str
    words: str
    exercise: bool


@dataclass(frozen=True, slots=True)
class LookLine:
    """What one look at recurrence has found."""

    days: int
    again: tuple[tuple[str, str], ...]
    unknown: int


@dataclass(frozen=True, slots=True)
class ChangeScreen:
    """The page of one change."""

    line: ChangeLine
    said_in: str
    fixes: bool
    takes: bool
    looks: tuple[LookLine, ...]


def change_lines(found: ChangeList, now: datetime) -> tuple[ChangeLine, ...]:
    """Return changes as the page lists them."""
    return tuple(change_line(one, now) for one in found.changes)


def change_line(change: ChangeShown, now: datetime) -> ChangeLine:
    """Return one change as a line."""
    is_open = change.state is ChangeState.OPEN
    return ChangeLine(
        id=change.id,
        href=f"/changes/{change.incident}/{change.id}",
        incident=change.incident,
        system=change.system,
        kind=plain(change.type.value),
        what=change.what or "",
        owner=change.owner,
        severity=plain(change.severity.value),
        state=OVERDUE if change.overdue else STATES[change.state],
        due=clock(change.due, now) if is_open else None,
        due_at=moment(change.due, now),
        settled=maybe(change.settled_at, now),
        settled_by=change.settled_by or "",
        words=change.words or "",
        exercise=change.exercise,
    )


def change_screen(change: ChangeShown, now: datetime) -> ChangeScreen:
    """Return the page of a change."""
    return ChangeScreen(
        line=change_line(change, now),
        said_in=change.said_in,
        fixes=change.fixes,
        takes=change.takes,
        looks=tuple(
            LookLine(
                days=one.days,
                again=tuple((found.incident, ", ".join(map(_shared, found.why))) for found in one.again),
                unknown=one.unknown,
            )
            for one in change.recurrence
        ),
    )


def choices(wanted: Wanted, systems: tuple[str, ...]) -> dict[str, tuple[tuple[str, str, bool], ...]]:
    """Return what the list can be narrowed to: value, label, and whether it is chosen."""
    overdue = "yes" if wanted.overdue_at is not None else ""
    return {
        "overdue": _options(overdue, (ANY, ("yes", "Overdue"))),
        "state": _options(wanted.state or "", (ANY, *((one.value, STATES[one].text) for one in ChangeState))),
        "type": _options(wanted.kind or "", (ANY, *((one.value, plain(one.value)) for one in ChangeType))),
        "system": _options(wanted.system or "", (ANY, *((one, one) for one in systems))),
    }


def _options(chosen: str, options: tuple[tuple[str, str], ...]) -> tuple[tuple[str, str, bool], ...]:
    return tuple((value, label, value == chosen) for value, label in options)


def _shared(code: str) -> str:
    """Say what two incidents have in common, of `root_cause:prompt_design`."""
    name, _, value = code.partition(":")
    return f"{lower(name)}: {lower(value)}"
