"""The figures the demo shows, each read from what the parts themselves recorded."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from examples.refund_desk.retrieval import digests_in_force


@dataclass(frozen=True)
class Refunds:
    """Refunds of the desk, seen from the moment containment was proven."""

    before: int
    in_flight: int
    after: int


def refunds(desk: Path, proven: datetime) -> Refunds:
    """Count refunds begun before and after a moment; one begun before and committed after was in flight."""
    moment = proven.isoformat(timespec="microseconds")
    with closing(_book(desk)) as db:
        rows = db.execute("SELECT began_at, committed_at FROM refunds").fetchall()
    return Refunds(
        before=sum(1 for began, _ in rows if began <= moment),
        in_flight=sum(1 for began, committed in rows if began <= moment and (committed or "9") > moment),
        after=sum(1 for began, _ in rows if began > moment),
    )


def paid_to_others(desk: Path) -> int:
    """Count refunds that went to another account than the ticket's."""
    with closing(_book(desk)) as db:
        return len(db.execute("SELECT id FROM refunds WHERE account_id != ticket_account_id").fetchall())


def paid_by_old_policy(desk: Path) -> int:
    """Count refunds whose best source is no policy in force."""
    good = digests_in_force()
    with closing(_book(desk)) as db:
        rows = db.execute("SELECT sha256 FROM refund_sources WHERE rank = 1").fetchall()
    return sum(1 for (digest,) in rows if digest not in good)


def _book(desk: Path) -> sqlite3.Connection:
    return sqlite3.connect(f"{(desk / 'refunds.db').resolve().as_uri()}?mode=ro", uri=True)


def proven_at(incident: dict[str, Any]) -> datetime:
    """When the last order was seen to hold."""
    return max(datetime.fromisoformat(order["proof"]["at"]) for order in incident["orders"])


def seconds(begin: str | datetime, end: str | datetime) -> float:
    """Seconds between two moments."""
    first, last = (datetime.fromisoformat(one) if isinstance(one, str) else one for one in (begin, end))
    return (last - first).total_seconds()
