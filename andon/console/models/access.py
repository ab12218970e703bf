"""Who looked at an incident's evidence, and what became of it, as people are shown it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from pydantic import Field

from andon.domain.errors import InvalidInputError
from andon.domain.ledger import Entry, Head
from andon.domain.values import Frozen, IncidentId, Instant, Sha256Hex
from andon.register.access_index import AccessPlace

BETWEEN = "~"


class AccessShown(Frozen):
    """One entry of the access chain."""

    incident: IncidentId
    sequence: int
    at: Instant
    actor: str
    role: str
    what: str
    item: str
    outcome: str
    reason: Sha256Hex | None = Field(description="digest of the encrypted reason")
    digest: Sha256Hex


class AccessPage(Frozen):
    """Some entries of an access chain, oldest first."""

    entries: tuple[AccessShown, ...]
    next: int | None = Field(description="send it as `after` for what follows")
    head: Head
    waiting: int = Field(description="entries that locked storage is not known to hold yet")


class AccessFound(Frozen):
    """Entries of all access chains that fit, newest first."""

    entries: tuple[AccessShown, ...]
    total: int
    next: str | None = Field(description="send it as `after` for what is older")


def access_shown(entry: Entry) -> AccessShown:
    """Return an entry as people are shown it."""
    return AccessShown(
        incident=entry.incident,
        sequence=entry.sequence,
        at=entry.at,
        actor=entry.actor,
        role=str(entry.facts.get("role", "")),
        what=entry.kind,
        item=entry.subject,
        outcome=entry.after,
        reason=entry.reason,
        digest=entry.digest(),
    )


def access_page(entries: Sequence[Entry], head: Head, waiting: int) -> AccessPage:
    """Return some entries, and where what follows begins."""
    more = bool(entries) and entries[-1].sequence + 1 < head.length
    return AccessPage(
        entries=tuple(map(access_shown, entries)),
        next=entries[-1].sequence if more else None,
        head=head,
        waiting=waiting,
    )


def access_found(entries: Sequence[Entry], total: int, limit: int) -> AccessFound:
    """Return the first `limit` of the entries that were found, and where what is older begins."""
    shown = entries[:limit]
    return AccessFound(
        entries=tuple(map(access_shown, shown)),
        total=total,
        next=_place_text(shown[-1]) if len(entries) > limit else None,
    )


def access_place(text: str) -> AccessPlace:
    """Return the place that a page named as its end.

    Raises:
        InvalidInputError: it is no such name.
    """
    try:
        at, incident, sequence = text.split(BETWEEN)
        when = datetime.fromisoformat(at)
        number = int(sequence)
    except ValueError as error:
        raise InvalidInputError("`after` is not what an earlier answer gave as `next`") from error
    if when.tzinfo is None or number < 0:
        raise InvalidInputError("`after` is not what an earlier answer gave as `next`")
    return AccessPlace(when, incident[:64], number)


def _place_text(entry: Entry) -> str:
    return BETWEEN.join((entry.at.isoformat().replace("+00:00", "Z"), entry.incident, str(entry.sequence)))
