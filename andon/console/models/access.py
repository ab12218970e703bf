"""Who looked at an incident's evidence, and what became of it, as people are shown it."""

from __future__ import annotations

from collections.abc import Sequence

from pydantic import Field

from andon.domain.ledger import Entry, Head
from andon.domain.values import Frozen, Instant, Sha256Hex


class AccessShown(Frozen):
    """One entry of the access chain."""

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


def access_shown(entry: Entry) -> AccessShown:
    """Return an entry as people are shown it."""
    return AccessShown(
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
