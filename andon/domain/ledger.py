"""The hash-chained list of everything that happened to an incident.

Each entry commits to the digest of the one before it, so altering, removing or reordering an
entry breaks the next link. The last entry has no next link: its digest, the chain's head, is
kept elsewhere (workflow history, register, locked storage) and compared.
"""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum

from pydantic import Field

from andon.domain.errors import LedgerBrokenError
from andon.domain.values import NOTHING_YET, Carried, IncidentId, Instant, Sha256Hex, digest_of


class Chain(StrEnum):
    """Two chains per incident: what decides, and who looked."""

    RESPONSE = "response"
    ACCESS = "access"


class Entry(Carried):
    """One thing that happened; hashed as RFC 8785 JSON."""

    incident: IncidentId
    chain: Chain
    sequence: int = Field(ge=0, description="position in the chain, from 0")
    at: Instant
    actor: str = Field(description="`andon`, `person:<id>`, `source:<id>` or `unknown`")
    kind: str
    subject: str = Field("", description="order, decision or item this is about")
    before: str = Field("", description="state or value it had")
    after: str = Field("", description="state or value it has now")
    reason: Sha256Hex | None = Field(None, description="digest of the encrypted text of the reason")
    digests: dict[str, Sha256Hex] = Field(default_factory=dict)
    facts: dict[str, str | int | bool] = Field(default_factory=dict, description="codes, counts and times")
    previous: Sha256Hex

    def digest(self) -> Sha256Hex:
        """SHA-256 of the entry as RFC 8785 JSON."""
        return digest_of(self)


class Head(Carried):
    """The end of a chain: how many entries it has, and the digest of the last."""

    length: int = Field(0, ge=0)
    digest: Sha256Hex = NOTHING_YET


def verify_chain(entries: Sequence[Entry]) -> Head:
    """Check every link and return the head.

    Args:
        entries: the whole chain, oldest first.

    Raises:
        LedgerBrokenError: an entry is missing, out of order or altered; it names the first one.
    """
    expected = NOTHING_YET
    for position, entry in enumerate(entries):
        if entry.sequence != position:
            raise LedgerBrokenError(position, f"carries sequence {entry.sequence}")
        if entry.previous != expected:
            raise LedgerBrokenError(
                position, f"does not follow its predecessor: expects {entry.previous}, finds {expected}"
            )
        expected = entry.digest()
    return Head(length=len(entries), digest=expected)
