"""Custody of evidence: what an access chain tells, who may read originals, hold, and erase."""

from __future__ import annotations

from enum import StrEnum

from pydantic import Field

from andon.domain.directory import Role
from andon.domain.ledger import Chain, Entry, Head
from andon.domain.values import Carried, IncidentId, Instant, Sha256Hex


class AccessKind(StrEnum):
    """What an entry of the access chain says happened."""

    VIEWED = "viewed"
    """Somebody was shown a redacted view."""
    READ_RAW = "read_raw"
    """Somebody was given an original."""
    RAW_REFUSED = "raw_refused"
    EXPORTED = "exported"
    EXPORT_REFUSED = "export_refused"
    HOLD_ASKED = "hold_asked"
    HELD = "held"
    """Every object version of the incident has a legal hold, read back from the store."""
    HOLD_LIFT_ASKED = "hold_lift_asked"
    HOLD_LIFTED = "hold_lifted"
    HOLD_REFUSED = "hold_refused"
    ERASURE_ASKED = "erasure_asked"
    ERASURE_CONFIRMED = "erasure_confirmed"
    ERASURE_REFUSED = "erasure_refused"
    KEY_SHREDDED = "key_shredded"
    """The key was destroyed in the same transaction as this was written."""
    LOCK_EXTENDED = "lock_extended"
    EXPIRED = "expired"
    """The time to keep an item ran out, and its key was destroyed."""
    OBJECT_DELETED = "object_deleted"
    """Its lock had run out, and the stored bytes were deleted."""
    ARCHIVED = "archived"


class Access(Carried):
    """What is to be written to an access chain; its place there is given when it is written."""

    incident: IncidentId
    actor: str = Field(description="`andon`, `person:<id>` or `custodian`")
    what: str = Field(description="an `AccessKind`")
    at: Instant
    item: str = Field("", description="evidence item, text, hold or erasure this is about")
    reason: Sha256Hex | None = Field(None, description="digest of the encrypted text of the reason")
    role: Role | None = None
    outcome: str = ""
    digests: dict[str, Sha256Hex] = Field(default_factory=dict)
    facts: dict[str, str | int | bool] = Field(default_factory=dict)


def access_entry(access: Access, head: Head) -> Entry:
    """Return the entry that follows a head."""
    role: dict[str, str | int | bool] = {"role": access.role.value} if access.role else {}
    return Entry(
        incident=access.incident,
        chain=Chain.ACCESS,
        sequence=head.length,
        at=access.at,
        actor=access.actor,
        kind=access.what,
        subject=access.item,
        after=access.outcome,
        reason=access.reason,
        digests=access.digests,
        facts=role | access.facts,
        previous=head.digest,
    )
