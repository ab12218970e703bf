"""Task queues: which work is kept apart from which."""

from __future__ import annotations

from typing import Final

RESPONSE: Final = "andon"
"""Workflows, containment, ledger: fast. No right to delete evidence."""

EVIDENCE: Final = "andon-evidence"
"""Large reads and uploads. No right on levers."""

EVALUATION: Final = "andon-evaluation"
"""Eval suites: slow and isolated."""

NOTICES: Final = "andon-notices"
"""Sending to mail servers and chats: slow, often away, and never in the way of a lever or the ledger."""

RECORD: Final = "andon-record"
"""Signing the log over all incidents, archiving histories: never in the way of containment."""

CARE: Final = "andon-care"
"""Looking after holds and incidents, open and closed: thousands of looks a round, with slots of their own."""

CUSTODY: Final = "andon-custody"
"""Holds, erasures and what has had its time: the one worker that may hold and delete."""
