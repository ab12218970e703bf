"""Ledger entries in words."""

from __future__ import annotations

from collections.abc import Sequence

from andon.cli import screen
from andon.domain.ledger import Entry


def cells(entry: Entry) -> Sequence[object]:
    """Return one entry as a table row: number, time, who, what, about what, detail."""
    return (
        entry.sequence,
        screen.when(entry.at.isoformat()),
        entry.actor,
        entry.kind.replace("_", " "),
        entry.subject,
        detail(entry),
    )


def line(entry: Entry) -> str:
    """Return one entry as a line of text."""
    number, at, actor, kind, subject, more = (screen.inert(cell) for cell in cells(entry))
    return "  ".join(part for part in (f"{number:>4}", at, f"{kind:20}", subject, more, f"({actor})") if part)


def detail(entry: Entry) -> str:
    """Return what changed and the codes that go with it."""
    after = screen.told(entry.after)
    change = f"{screen.told(entry.before)} -> {after}" if entry.before else after
    facts = [f"{name}={screen.told(value)}" for name, value in entry.facts.items() if name != "received_at"]
    return ", ".join(part for part in (change, *facts) if part)
