"""What is changed because of an incident, as its own pages show it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from andon.console.choosing import Choices
from andon.console.screens.moments import Moment, moment
from andon.console.screens.words import Status, inert, plain
from andon.domain.change import TYPES, Change, ChangeState
from andon.domain.values import IncidentId

STATES: Final = {
    ChangeState.OPEN: Status("open", "·", "quiet"),
    ChangeState.DONE: Status("made", "✓", "good"),
    ChangeState.DROPPED: Status("dropped", "-", "warn"),
}
OVERDUE: Final = Status("overdue", "!", "bad")


@dataclass(frozen=True, slots=True)
class PromisedLine:
    """One change."""

    id: str
    href: str
    kind: str
    owner: str
    due: Moment
    state: Status
    fixes: bool


@dataclass(frozen=True, slots=True)
class PromiseFields:
    """The form in which a further change is named."""

    types: tuple[tuple[str, str, bool], ...]
    people: tuple[tuple[str, str, bool], ...]
    due: str
    what: str
    problem: str


def promised_lines(
    incident: IncidentId, changes: Sequence[Change], now: datetime
) -> tuple[PromisedLine, ...]:
    """Return the changes of an incident in the order in which they were named."""
    return tuple(
        PromisedLine(
            id=one.id,
            href=f"/changes/{incident}/{one.id}",
            kind=plain(one.type),
            owner=one.owner,
            due=moment(one.due, now),
            state=OVERDUE if one.overdue(now) else STATES[one.state],
            fixes=one.fixes,
        )
        for one in changes
    )


def promise_fields(choices: Choices, typed: dict[str, str], problem: str) -> PromiseFields:
    """Return the form with what had been typed."""
    return PromiseFields(
        types=tuple((one, plain(one), one == typed.get("type")) for one in TYPES),
        people=tuple((one.id, inert(one.name), one.id == typed.get("owner")) for one in choices.people),
        due=typed.get("due", ""),
        what=typed.get("what", ""),
        problem=problem,
    )
