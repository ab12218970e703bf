"""What the desk's monitor looks for in its records, and what it reports.

Each watch knows what happened, not why. The facts it asserts are those it can read off the rows and the
desk's own set-up.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from examples.refund_desk.clock import utc_now
from examples.refund_desk.retrieval import IN_FORCE, digests_in_force

Row = dict[str, Any]

_BOTH: Final[dict[str, Any]] = {
    "autonomy": "acts_alone",
    "control_failed": "yes",
    "output_fault": "incorrect",
    "caught_before_impact": "no",
    "financial": "minor",
    "records_changed": 1,
    "affected_count": 1,
    "blast_radius": "single",
    "recurrence": "one_off",
    "reversibility": "costly",
    # The row says exactly what was paid to whom: what happened is not in doubt, only why.
    "uncertainty": "low",
    "ongoing": "yes",
    # With every answer reviewed the desk proposes refunds and pays none.
    "can_continue_safely": "with_review",
    "data_exposed": "no",
    "service_disruption": "none",
}

STRAY_FACTS: Final[dict[str, Any]] = {
    **_BOTH,
    # Nobody approved the payment, and the tool was not meant to pay anybody but the customer.
    "unauthorized_action": "yes",
}

SUPERSEDED_FACTS: Final[dict[str, Any]] = {
    **_BOTH,
    # The tool did what it may; it was told so by a rule that no longer holds.
    "unauthorized_action": "no",
    "acted_upon": "yes",
}


@dataclass(frozen=True)
class Watch:
    """One thing looked for: its first sign since a moment, and what is reported of it."""

    first: Callable[[sqlite3.Connection, str], Row | None]
    detection: Callable[[Row], dict[str, Any]]


def _stray(db: sqlite3.Connection, since: str) -> Row | None:
    """Return the oldest refund that went to another account than the ticket's."""
    found = db.execute(
        "SELECT id, ticket_id, ticket_account_id, account_id, amount_cents, release, trace_id,"
        " began_at, committed_at FROM refunds WHERE account_id != ticket_account_id AND began_at >= ?"
        " ORDER BY id LIMIT 1",
        (since,),
    ).fetchone()
    return dict(found) if found is not None else None


def _superseded(in_force: frozenset[str]) -> Callable[[sqlite3.Connection, str], Row | None]:
    """Return the search for the oldest refund whose best source is no policy in force."""

    def first(db: sqlite3.Connection, since: str) -> Row | None:
        rows = db.execute(
            "SELECT id, refunds.ticket_id, account_id, amount_cents, release, trace_id, began_at,"
            " committed_at, passage, sha256 FROM refunds JOIN refund_sources"
            " ON refund_sources.ticket_id = refunds.ticket_id AND rank = 1 WHERE began_at >= ? ORDER BY id",
            (since,),
        )
        return next((dict(row) for row in rows if row["sha256"] not in in_force), None)

    return first


def stray_refund(row: Row) -> dict[str, Any]:
    """Return the report of a refund to another account, in the door's form."""
    return {
        "title": "The refund desk paid a refund to an account that is not the customer's",
        "description": (
            f"Ticket {row['ticket_id']} came from account {row['ticket_account_id']}; the refund tool "
            f"paid {_euros(row)} to {row['account_id']}. The desk ran release {row['release']}."
        ),
        "dedupe_key": "refund-to-another-account",
        "type": "unauthorised_tool_action",
        "trigger": "unauthorised_tool_action",
        "categories": ["automation_error"],
        "facts": STRAY_FACTS,
        **_when_and_where(row),
    }


def superseded_policy(row: Row) -> dict[str, Any]:
    """Return the report of a refund by a policy that is not in force, in the door's form."""
    return {
        "title": "The refund desk decided a refund by a policy that is not in force",
        "description": (
            f"The refund of {_euros(row)} for ticket {row['ticket_id']} rests on the text {row['passage']} "
            f"(SHA-256 {row['sha256'][:16]}), which is not among the policies in force."
        ),
        "dedupe_key": "refund-by-superseded-policy",
        "type": "source_failure",
        "trigger": "incorrect_in_decision",
        "categories": ["retrieval_failure"],
        "facts": SUPERSEDED_FACTS,
        **_when_and_where(row),
    }


def watches(in_force: Path = IN_FORCE) -> dict[str, Watch]:
    """Return the watches by name; the policies in force are read now."""
    return {
        "accounts": Watch(_stray, stray_refund),
        "policies": Watch(_superseded(digests_in_force(in_force)), superseded_policy),
    }


def _when_and_where(row: Row) -> dict[str, Any]:
    return {
        "system": "refund_desk",
        "channel": "monitoring",
        "occurred_at": row["committed_at"],
        "detected_at": utc_now(),
        "trace_ids": [row["trace_id"]],
    }


def _euros(row: Row) -> str:
    amount: int = row["amount_cents"]
    return f"{amount // 100}.{amount % 100:02d}"
