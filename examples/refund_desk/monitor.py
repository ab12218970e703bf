"""The detector of the refund desk: `python -m examples.refund_desk.monitor`.

It watches the refunds table for money that went to another account than the ticket's, reports the first such
refund to the incident door over plain HTTP, and ends. It knows what happened, not why: the facts it
asserts are those it can read off the row and the desk's own set-up.
"""

from __future__ import annotations

import argparse
import json
import sqlite3
import sys
import time
from contextlib import closing
from pathlib import Path
from typing import Any, Final

import httpx

from examples.refund_desk.clock import in_utc, utc_now

LOOK_EVERY_SECONDS: Final = 0.05
PROOF_WAIT_SECONDS: Final = 5
TRIES: Final = 5
DEDUPE_KEY: Final = "refund-to-another-account"

REPORTED, REFUSED, NOTHING_SEEN = 0, 1, 3

FACTS: Final[dict[str, Any]] = {
    # Nobody approved the payment, and the tool was not meant to pay anybody but the customer.
    "unauthorized_action": "yes",
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


def first_stray_refund(refunds: Path, since: str) -> dict[str, Any] | None:
    """Return the oldest refund begun at or after `since` that went to another account."""
    if not refunds.exists():
        return None
    with closing(sqlite3.connect(f"{refunds.resolve().as_uri()}?mode=ro", uri=True, timeout=5)) as db:
        db.row_factory = sqlite3.Row
        try:
            row = db.execute(
                "SELECT id, ticket_id, ticket_account_id, account_id, amount_cents, release, trace_id,"
                " began_at, committed_at FROM refunds WHERE account_id != ticket_account_id AND began_at >= ?"
                " ORDER BY id LIMIT 1",
                (since,),
            ).fetchone()
        except sqlite3.OperationalError as error:
            if "no such table" in str(error):
                return None
            raise
    return dict(row) if row is not None else None


def detection(refund: dict[str, Any]) -> dict[str, Any]:
    """Return the report of one stray refund, in the door's form."""
    amount = refund["amount_cents"]
    return {
        "system": "refund_desk",
        "channel": "monitoring",
        "title": "The refund desk paid a refund to an account that is not the customer's",
        "description": (
            f"Ticket {refund['ticket_id']} came from account {refund['ticket_account_id']}; the refund tool "
            f"paid {amount // 100}.{amount % 100:02d} to {refund['account_id']}. The desk ran release "
            f"{refund['release']}."
        ),
        "dedupe_key": DEDUPE_KEY,
        "occurred_at": refund["committed_at"],
        "detected_at": utc_now(),
        "type": "unauthorised_tool_action",
        "trigger": "unauthorised_tool_action",
        "categories": ["automation_error"],
        "facts": FACTS,
        "trace_ids": [refund["trace_id"]],
    }


def report(door: str, token: str, body: dict[str, Any]) -> dict[str, Any]:
    """Post `body` to the door, again when the door does not answer: the dedupe key makes that harmless."""
    url = f"{door.rstrip('/')}/v1/detections"
    params = {"wait": "contained", "timeout": str(PROOF_WAIT_SECONDS)}
    sent_at, failure = utc_now(), ""
    with httpx.Client(timeout=PROOF_WAIT_SECONDS + 5, headers={"Authorization": f"Bearer {token}"}) as client:
        for attempt in range(TRIES):
            try:
                answer = client.post(url, params=params, json=body)
            except httpx.TransportError as error:
                failure = type(error).__name__
            else:
                told = {"status": answer.status_code, "sent_at": sent_at, "answered_at": utc_now()}
                return {**told, "answer": _content(answer)}
            time.sleep(min(2.0, 0.2 * 2**attempt))
    return {"status": None, "sent_at": sent_at, "answered_at": None, "error": failure}


def _content(answer: httpx.Response) -> Any:
    try:
        return answer.json()
    except ValueError:
        return answer.text[:2000]


def watch(arguments: argparse.Namespace) -> tuple[int, dict[str, Any]]:
    """Return the exit code and the report of one watch."""
    began = time.monotonic()
    token = arguments.token_file.read_text("utf-8").strip()
    while (refund := first_stray_refund(arguments.refunds, arguments.since or "")) is None:
        if time.monotonic() - began > arguments.timeout:
            return NOTHING_SEEN, {"outcome": "nothing_seen", "watched_seconds": arguments.timeout}
        time.sleep(LOOK_EVERY_SECONDS)
    body = detection(refund)
    told = report(arguments.door, token, body)
    accepted = told["status"] is not None and 200 <= told["status"] < 300
    outcome = "reported" if accepted else "refused"
    written = {"outcome": outcome, "refund": refund, "detection": body, "door": told}
    return (REPORTED if accepted else REFUSED), written


def main() -> int:
    """Watch, report, and write down what was reported."""
    parser = argparse.ArgumentParser(prog="examples.refund_desk.monitor", description=__doc__)
    parser.add_argument("--refunds", type=Path, required=True, help="the desk's refunds.db")
    parser.add_argument("--door", required=True, help="where detections are posted")
    parser.add_argument("--token-file", type=Path, required=True, help="bearer token of a detector")
    parser.add_argument("--report", type=Path, required=True, help="JSON file to write")
    parser.add_argument("--timeout", type=float, default=60.0, help="seconds to watch at most")
    parser.add_argument("--since", type=in_utc, help="look only at refunds begun at or after this time")
    arguments = parser.parse_args()
    code, written = watch(arguments)
    text = json.dumps(written, indent=2) + "\n"
    arguments.report.write_text(text, "utf-8")
    sys.stdout.write(text)
    return code


if __name__ == "__main__":
    sys.exit(main())
