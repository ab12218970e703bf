"""Changes that incidents caused, as people are shown them and as they settle them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from pydantic import ConfigDict, Field

from andon.domain.change import ChangeId, ChangeState, ChangeType
from andon.domain.directory import Role
from andon.domain.recurrence import Recurrence
from andon.domain.severity import Band
from andon.domain.values import Frozen, IncidentId, Instant, PersonId, Sha256Hex, Slug
from andon.register.changes import ChangeRow, Sums


class ProofBody(Frozen):
    """That a change is made, and what proves it."""

    model_config = ConfigDict(frozen=True, extra="forbid", str_strip_whitespace=True)

    proof: str = Field(
        min_length=1,
        max_length=4000,
        description="where it can be seen: a link, or who was trained when; encrypted before it is kept",
    )
    content: Sha256Hex | None = Field(None, description="SHA-256 of what proves it, such as a list or a file")
    role: Role | None = Field(None, description="the role you speak in; the token's role if left out")


class DropBody(Frozen):
    """That a change will not be made, and why."""

    model_config = ConfigDict(frozen=True, extra="forbid", str_strip_whitespace=True)

    reason: str = Field(min_length=1, max_length=4000, description="why; encrypted before it is kept")
    role: Role | None = Field(None, description="the role you speak in; the token's role if left out")


class ChangeShown(Frozen):
    """One change."""

    id: ChangeId
    incident: IncidentId
    url: str
    system: Slug
    severity: Band
    exercise: bool
    type: ChangeType
    owner: PersonId
    due: Instant
    overdue: bool
    state: ChangeState
    fixes: bool = Field(description="it removes the cause, by the word of whoever marked the fix")
    said_in: str = Field(description="the decision or declaration that named it")
    link: Sha256Hex = Field(description="SHA-256 of the encrypted text that says what it is")
    what: str | None = Field(description="that text; None: it can't be opened any more, or is not for you")
    settled_at: Instant | None = Field(description="when it was proven or dropped")
    settled_by: PersonId | None
    words: str | None = Field(description="what was said then; None as for `what`")
    takes: bool = Field(description="whether it takes a proof now: it is open, and its incident is closed")
    recurrence: tuple[Recurrence, ...] = Field(
        (), description="incidents like its own since the close, as they were looked for"
    )


class ChangeSums(Frozen):
    """How many changes stand how, exercises left out."""

    open: int
    overdue: int
    done: int
    dropped: int


class ChangeList(Frozen):
    """Changes, open ones first, what is due first at the top."""

    changes: tuple[ChangeShown, ...]
    sums: ChangeSums = Field(description="of all changes, or of those of one AI system if that is asked for")
    more: bool = Field(description="whether there are more than are listed")


def change_shown(
    row: ChangeRow, at: datetime, url: str, *, what: str | None, words: str | None
) -> ChangeShown:
    """Return one change as it is shown."""
    change = row.change
    return ChangeShown(
        id=change.id,
        incident=row.incident,
        url=f"{url}/changes/{row.incident}/{change.id}",
        system=row.system,
        severity=row.severity,
        exercise=row.exercise,
        type=change.type,
        owner=change.owner,
        due=change.due,
        overdue=change.overdue(at),
        state=change.state,
        fixes=change.fixes,
        said_in=change.said_in,
        link=change.link,
        what=what,
        settled_at=row.settled_at,
        settled_by=row.settled_by,
        words=words,
        takes=row.followed and change.state is ChangeState.OPEN,
    )


def change_list(shown: Sequence[ChangeShown], sums: Sums, *, more: bool) -> ChangeList:
    """Return changes as a list."""
    return ChangeList(changes=tuple(shown), sums=ChangeSums(**sums.model_dump()), more=more)
