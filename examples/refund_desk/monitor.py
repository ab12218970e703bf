"""The detector of the refund desk: `python -m examples.refund_desk.monitor`.

It watches the refunds table for money that went to another account than the ticket's, or for refunds that
rest on a policy no longer in force, reports the first such refund to the incident door over plain HTTP, and
ends.
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
from examples.refund_desk.watches import Watch, watches

LOOK_EVERY_SECONDS: Final = 0.05
PROOF_WAIT_SECONDS: Final = 5
TRIES: Final = 5

REPORTED, REFUSED, NOTHING_SEEN = 0, 1, 3


def first_sign(refunds: Path, watch: Watch, since: str) -> dict[str, Any] | None:
    """Return the oldest sign of what a watch looks for, of refunds begun at or after `since`."""
    if not refunds.exists():
        return None
    with closing(sqlite3.connect(f"{refunds.resolve().as_uri()}?mode=ro", uri=True, timeout=5)) as db:
        db.row_factory = sqlite3.Row
        try:
            return watch.first(db, since)
        except sqlite3.OperationalError as error:
            if "no such table" in str(error):
                return None
            raise


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
    looking = watches()[arguments.watch]
    token = arguments.token_file.read_text("utf-8").strip()
    while (refund := first_sign(arguments.refunds, looking, arguments.since or "")) is None:
        if time.monotonic() - began > arguments.timeout:
            return NOTHING_SEEN, {"outcome": "nothing_seen", "watched_seconds": arguments.timeout}
        time.sleep(LOOK_EVERY_SECONDS)
    body = looking.detection(refund)
    told = report(arguments.door, token, body)
    accepted = told["status"] is not None and 200 <= told["status"] < 300
    outcome = "reported" if accepted else "refused"
    written = {"outcome": outcome, "refund": refund, "detection": body, "door": told}
    return (REPORTED if accepted else REFUSED), written


def main() -> int:
    """Watch, report, and write down what was reported."""
    parser = argparse.ArgumentParser(prog="examples.refund_desk.monitor", description=__doc__)
    parser.add_argument("--refunds", type=Path, required=True, help="the desk's refunds.db")
    parser.add_argument("--watch", choices=sorted(watches()), default="accounts", help="what to look for")
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
