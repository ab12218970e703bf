"""The figures the demo shows, each read from what the parts themselves recorded."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class Refunds:
    """Refunds of the desk, seen from the moment containment was proven."""

    before: int
    in_flight: int
    after: int
    to_others: int


def refunds(desk: Path, proven: datetime) -> Refunds:
    """Count refunds begun before and after a moment; one begun before and committed after was in flight."""
    moment = proven.isoformat(timespec="microseconds")
    with closing(sqlite3.connect(f"{(desk / 'refunds.db').resolve().as_uri()}?mode=ro", uri=True)) as db:
        rows = db.execute(
            "SELECT began_at, committed_at, account_id, ticket_account_id FROM refunds"
        ).fetchall()
    return Refunds(
        before=sum(1 for began, *_ in rows if began <= moment),
        in_flight=sum(1 for began, committed, *_ in rows if began <= moment and (committed or "9") > moment),
        after=sum(1 for began, *_ in rows if began > moment),
        to_others=sum(1 for _, _, paid, asked in rows if paid != asked),
    )


def proven_at(incident: dict[str, Any]) -> datetime:
    """When the last order was seen to hold."""
    return max(datetime.fromisoformat(order["proof"]["at"]) for order in incident["orders"])


def seconds(begin: str | datetime, end: str | datetime) -> float:
    """Seconds between two moments."""
    first, last = (datetime.fromisoformat(one) if isinstance(one, str) else one for one in (begin, end))
    return (last - first).total_seconds()
