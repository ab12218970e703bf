"""The desk's own records: refunds that were paid, and the queues people work off.

A refund begins, is permitted and is committed in one transaction. `began_at` is taken before the
switch is asked, so every refund in the table began before the switch was last seen on.
"""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from examples.refund_desk.clock import utc_now
from examples.refund_desk.retrieval import Passage
from examples.refund_desk.switches import Permission
from examples.refund_desk.tickets import Notice, PaidRefund, Ticket, TicketConflictError

TABLES: Final = """
CREATE TABLE IF NOT EXISTS refunds (
    id INTEGER PRIMARY KEY,
    ticket_id TEXT NOT NULL UNIQUE,
    ticket_account_id TEXT NOT NULL,
    account_id TEXT NOT NULL,
    amount_cents INTEGER NOT NULL,
    order_id TEXT NOT NULL,
    release TEXT NOT NULL,
    trace_id TEXT NOT NULL,
    began_at TEXT NOT NULL,
    committed_at TEXT
);
CREATE TABLE IF NOT EXISTS refund_sources (
    ticket_id TEXT NOT NULL,
    rank INTEGER NOT NULL,
    passage TEXT NOT NULL,
    sha256 TEXT NOT NULL,
    PRIMARY KEY (ticket_id, rank)
);
CREATE TABLE IF NOT EXISTS review_queue (
    id INTEGER PRIMARY KEY,
    ticket_id TEXT NOT NULL UNIQUE,
    account_id TEXT NOT NULL,
    text TEXT NOT NULL,
    draft TEXT NOT NULL,
    proposed_call TEXT,
    reason TEXT NOT NULL,
    incident TEXT,
    queued_at TEXT NOT NULL,
    closed_at TEXT
);
CREATE TABLE IF NOT EXISTS manual_queue (
    id INTEGER PRIMARY KEY,
    ticket_id TEXT NOT NULL UNIQUE,
    account_id TEXT NOT NULL,
    text TEXT NOT NULL,
    reason TEXT NOT NULL,
    incident TEXT,
    queued_at TEXT NOT NULL,
    closed_at TEXT
);
"""

BUSY_SECONDS: Final = 10.0


@dataclass(frozen=True)
class RefundCall:
    """A refund as the tool was asked to pay it."""

    account_id: str
    amount_cents: int
    order_id: str


class RefundBook:
    """The desk's SQLite file; safe for threads, and for a reader in another process."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._path = folder / "refunds.db"
        self._paying = threading.Lock()
        with closing(self._open()) as db:
            db.execute("PRAGMA journal_mode=WAL")
            db.executescript(TABLES)

    def paid_for(self, ticket: Ticket) -> PaidRefund | None:
        """Return the refund already paid for this ticket.

        Raises:
            TicketConflictError: the ticket id is another account's.
        """
        with closing(self._open()) as db:
            return _paid_for(db, ticket)

    def pay(
        self,
        ticket: Ticket,
        call: RefundCall,
        *,
        release: str,
        trace_id: str,
        sources: Sequence[Passage],
        permit: Callable[[], Permission],
    ) -> PaidRefund | Permission:
        """Pay once per ticket, if `permit` says so at the last moment, and note what it rested on.

        Returns:
            the refund, or the permission that was denied; then nothing was written.
        """
        with self._paying, closing(self._open()) as db:
            db.execute("BEGIN IMMEDIATE")
            if (earlier := _paid_for(db, ticket)) is not None:
                return earlier
            row = (ticket.ticket_id, ticket.account_id, call.account_id, call.amount_cents, call.order_id)
            db.execute(
                "INSERT INTO refunds (ticket_id, ticket_account_id, account_id, amount_cents, order_id,"
                " release, trace_id, began_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
                (*row, release, trace_id, utc_now()),
            )
            db.executemany(
                "INSERT INTO refund_sources VALUES (?, ?, ?, ?)",
                [(ticket.ticket_id, rank, one.id, one.sha256) for rank, one in enumerate(sources, 1)],
            )
            permission = permit()
            if not permission.allowed:
                db.execute("ROLLBACK")
                return permission
            self._settle(db, ticket)
            db.execute("COMMIT")
        return PaidRefund(account_id=call.account_id, amount_cents=call.amount_cents)

    def queue_for_people(self, ticket: Ticket, notice: Notice) -> None:
        """Leave the whole ticket to a person; once per ticket."""
        with closing(self._open()) as db:
            db.execute(
                "INSERT INTO manual_queue (ticket_id, account_id, text, reason, incident, queued_at)"
                " VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT (ticket_id) DO NOTHING",
                (ticket.ticket_id, ticket.account_id, ticket.text, notice.reason, notice.incident, utc_now()),
            )

    def queue_for_review(
        self, ticket: Ticket, *, draft: str, proposed_call: str | None, reason: str, incident: str | None
    ) -> None:
        """Leave a drafted answer and the call it would make to a reviewer; once per ticket."""
        row = (ticket.ticket_id, ticket.account_id, ticket.text, draft, proposed_call, reason, incident)
        with closing(self._open()) as db:
            db.execute(
                "INSERT INTO review_queue (ticket_id, account_id, text, draft, proposed_call, reason,"
                " incident, queued_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (ticket_id) DO NOTHING",
                (*row, utc_now()),
            )

    def _open(self) -> sqlite3.Connection:
        return sqlite3.connect(self._path, timeout=BUSY_SECONDS, isolation_level=None)

    @staticmethod
    def _settle(db: sqlite3.Connection, ticket: Ticket) -> None:
        now = (utc_now(), ticket.ticket_id)
        db.execute("UPDATE refunds SET committed_at = ? WHERE ticket_id = ?", now)
        # A person who still finds the ticket in a queue would pay it a second time.
        db.execute("UPDATE manual_queue SET closed_at = ? WHERE ticket_id = ? AND closed_at IS NULL", now)
        db.execute("UPDATE review_queue SET closed_at = ? WHERE ticket_id = ? AND closed_at IS NULL", now)


def _paid_for(db: sqlite3.Connection, ticket: Ticket) -> PaidRefund | None:
    row = db.execute(
        "SELECT ticket_account_id, account_id, amount_cents FROM refunds WHERE ticket_id = ?",
        (ticket.ticket_id,),
    ).fetchone()
    if row is None:
        return None
    if row[0] != ticket.account_id:
        raise TicketConflictError(ticket.ticket_id)
    return PaidRefund(account_id=row[1], amount_cents=row[2])
