"""What a customer is told when the assistant is held back: plainly, calmly, and whom to ask."""

from __future__ import annotations

import re
from typing import Final

from examples.refund_desk import switches
from examples.refund_desk.tickets import Notice

CALM: Final = "Thank you for writing to us. A colleague will answer your ticket personally."
WITH_A_REVIEWER: Final = "Thank you for writing to us. A colleague checks our answer before you get it."
REFUND_ISSUED: Final = "Your refund has been issued."

HELD: Final = {
    switches.ALLOWED: "Our assistant is paused.",
    switches.RATE_LIMIT: "Our assistant takes fewer tickets than usual for now.",
    switches.ISSUE_REFUND: "Our assistant pays no refunds for now.",
    switches.UNREVIEWED: "A person reads everything our assistant writes for now.",
    switches.POLICIES: "Our assistant does not read our policy texts for now.",
    switches.BLOCKED: "Our assistant does not read our policy texts for now.",
    switches.FALLBACK: "Our colleagues answer all tickets themselves for now.",
    switches.SESSION: "Our assistant does not answer for this account for now.",
}

_ACCOUNT: Final = re.compile(r"\bACC-\d{3,10}\b")
HIDDEN: Final = "ACC-[hidden]"


def told(notice: Notice, *, key: str = "", first: str) -> str:
    """Return a whole answer: what becomes of the ticket, what is held back, why, and whom to ask.

    Args:
        notice: what is known of the hold.
        key: the switch that held, if one did.
        first: what becomes of the ticket.
    """
    naming = f" and name {notice.incident}" if notice.incident else ""
    ask = f"If you have a question, ask {notice.contact}{naming}."
    return " ".join(part for part in (first, HELD.get(key, ""), notice.reason, ask) if part)


def without_other_accounts(answer: str, own: str) -> str:
    """Return an answer in which every account number but the customer's own is hidden."""
    return _ACCOUNT.sub(lambda found: found.group() if found.group() == own else HIDDEN, answer)
