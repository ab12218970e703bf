"""What looks like a secret in somebody's own words, so that they are told to have it replaced.

It only advises: the words are encrypted whatever is found in them, and nothing found here is kept.
"""

from __future__ import annotations

import re
from enum import StrEnum
from typing import Final


class Spill(StrEnum):
    """A kind of secret that people paste into reports."""

    CREDENTIAL = "credential"
    CARD_NUMBER = "card_number"


ADVICE: Final = {
    Spill.CREDENTIAL: (
        "Your words hold what looks like a password, key or token. Have it replaced now: "
        "whoever saw it where you found it can use it."
    ),
    Spill.CARD_NUMBER: (
        "Your words hold what looks like a payment card's number. Ask whoever issued the card to replace it, "
        "and don't send the number on."
    ),
}
_CREDENTIALS: Final = re.compile(
    r"-----BEGIN [A-Z ]*PRIVATE KEY-----"
    r"|\b(?:AKIA|ASIA)[0-9A-Z]{16}\b"  # access keys of AWS
    r"|\bgh[pousr]_[0-9A-Za-z]{20,255}\b"  # tokens of GitHub
    r"|\bxox[abeoprs]-[0-9A-Za-z-]{10,255}"  # tokens of Slack
    r"|\b(?:sk|rk|pk)[-_][0-9A-Za-z_-]{16,255}"  # keys of model vendors and payment services
    r"|\bandon_[0-9A-Za-z_-]{20,255}"
    r"|\beyJ[0-9A-Za-z_-]{8,2000}\.[0-9A-Za-z_-]{8,4000}\."  # JSON Web Tokens
    r"|\b(?:api[ _-]?key|password|passwd|secret|access[ _-]?token)\b\s{0,3}(?:is|=|:)\s{0,3}\S{6,200}",
    re.IGNORECASE,
)
_DIGITS: Final = re.compile(r"(?<!\d)\d(?:[ -]?\d){12,18}(?!\d)")


def spills(*texts: str) -> tuple[Spill, ...]:
    """Return the kinds of secret that the texts seem to hold."""
    found = {Spill.CREDENTIAL: _credential, Spill.CARD_NUMBER: _card}
    return tuple(kind for kind, look in found.items() if any(look(text) for text in texts))


def _credential(text: str) -> bool:
    return _CREDENTIALS.search(text) is not None


def _card(text: str) -> bool:
    return any(_passes_luhn(re.sub(r"[ -]", "", run[0])) for run in _DIGITS.finditer(text))


def _passes_luhn(digits: str) -> bool:
    """Whether the check digit fits (ISO/IEC 7812-1, annex B); one number in ten does by chance."""
    doubled = (int(one) * (2 if place % 2 else 1) for place, one in enumerate(reversed(digits)))
    return sum(one // 10 + one % 10 for one in doubled) % 10 == 0
