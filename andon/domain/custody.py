"""Custody of evidence: what an access chain tells, who may read originals, hold, and erase."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import timedelta
from enum import StrEnum
from typing import Final

from pydantic import Field

from andon.domain.decision import DecisionKind, DecisionRecord
from andon.domain.directory import Role
from andon.domain.evidence import EvidenceItem
from andon.domain.ledger import Chain, Entry, Head
from andon.domain.severity import Band
from andon.domain.values import Carried, Frozen, IncidentId, Instant, PersonId, Sha256Hex

READ_FOR: Final = timedelta(hours=24)
"""How long originals stay open to whoever was granted them; the wording of the right says so too."""
ALL_ITEMS: Final = "all"
SHORTEST_NAME: Final = 12
"""Digits of an item's SHA-256 that name it where a decision lists items."""


class AccessKind(StrEnum):
    """What an entry of the access chain says happened."""

    VIEWED = "viewed"
    """Somebody was shown a redacted view."""
    VIEW_REFUSED = "view_refused"
    """Somebody whose role sees nothing of it asked for a view."""
    READ_RAW = "read_raw"
    """Somebody was given an original."""
    RAW_REFUSED = "raw_refused"
    EXPORTED = "exported"
    EXPORT_REFUSED = "export_refused"
    REPRODUCED = "reproduced"
    """The failing input was sent to the staging copy."""
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
    FOLLOW_UP_BEGUN = "follow_up_begun"
    """The incident is closed, and its changes are kept after from here on."""
    CHANGE_REMINDED = "change_reminded"
    CHANGE_OVERDUE = "change_overdue"
    CHANGE_ESCALATED = "change_escalated"
    CHANGE_PROVEN = "change_proven"
    """A change is made, by the signed word of whoever proved it."""
    CHANGE_DROPPED = "change_dropped"
    """A change will not be made, by the signed word of whoever said so."""
    CHANGE_REFUSED = "change_refused"
    RECURRENCE_MEASURED = "recurrence_measured"
    """Incidents like this one that opened since its close were counted."""
    FOLLOW_UP_ENDED = "follow_up_ended"
    LINKED = "linked"
    """Somebody said that the incident belongs together with another one, or with a quality issue."""
    UNLINKED = "unlinked"
    MERGE_DECLINED = "merge_declined"
    """Somebody said that two incidents which looked alike are not one."""


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


class RawRule(Frozen):
    """Who may read originals by their role alone; at a severity left out, only by a decision."""

    by: dict[Band, tuple[Role, ...]] = Field(default_factory=dict)


class HoldRule(Frozen):
    """Who may hold evidence, and at which severities it is held without anybody asking."""

    by: tuple[Role, ...] = Field(min_length=1)
    on_at: tuple[Band, ...] = ()


class ErasureRule(Frozen):
    """Who may have evidence erased: one person for each slot, no person twice."""

    needs: tuple[tuple[Role, ...], ...] = Field(min_length=2, max_length=2)


class CustodyPolicy(Frozen):
    """The organisation's rules of custody."""

    raw: RawRule
    hold: HoldRule
    erasure: ErasureRule


class Denied(StrEnum):
    """Why something is not done, as a code."""

    NEEDS_DECISION = "needs_decision"
    WRONG_ROLE = "wrong_role"
    SAME_PERSON = "same_person"
    HELD = "held"
    OPEN = "open"
    SETTLED = "settled"
    NO_SUCH_ITEM = "no_such_item"
    ALREADY_SO = "already_so"


DENIALS: Final[dict[Denied, str]] = {
    Denied.NEEDS_DECISION: "Ask for the decision `raw_evidence` about this item.",
    Denied.WRONG_ROLE: "Your role may not do this.",
    Denied.SAME_PERSON: "Another person in another role must agree.",
    Denied.HELD: "The evidence has a legal hold. Legal lifts it first.",
    Denied.OPEN: "The incident is open. Name the items, or wait until it is closed.",
    Denied.SETTLED: "This erasure is settled already.",
    Denied.NO_SUCH_ITEM: "No such item is kept of this incident.",
    Denied.ALREADY_SO: "It is so already.",
}


def names_items(about: str) -> bool:
    """Whether a text lists items as a decision does: `all`, or beginnings of their SHA-256, by commas."""
    return about == ALL_ITEMS or all(
        SHORTEST_NAME <= len(one) <= 64 and set(one) <= set("0123456789abcdef") for one in about.split(",")
    )


def grants(record: DecisionRecord, person: PersonId, item: EvidenceItem, at: Instant) -> bool:
    """Whether a decision opens an original to somebody at a moment: named items, one person, a time."""
    request = record.request
    if request.kind is not DecisionKind.RAW_EVIDENCE or record.outcome != "release":
        return False
    if request.requested_by != person or record.closed_at is None:
        return False
    if not record.closed_at <= at < record.closed_at + READ_FOR:
        return False
    named = request.about.get("items", ALL_ITEMS)
    return named == ALL_ITEMS or any(item.sha256.startswith(one) for one in named.split(","))


class RawAsked(Carried):
    """Somebody who wants to read an original."""

    person: PersonId
    role: Role
    item: EvidenceItem
    at: Instant


def judge_raw(
    rule: RawRule, band: Band, asked: RawAsked, decisions: Iterable[DecisionRecord]
) -> tuple[str, Denied | None]:
    """Return by what somebody may read an original, or why they may not."""
    granted = next((one for one in decisions if grants(one, asked.person, asked.item, asked.at)), None)
    if granted is not None:
        return f"decision:{granted.request.id}", None
    if asked.role in rule.by.get(band, ()):
        return f"role:{asked.role.value}", None
    return "", Denied.NEEDS_DECISION


def judge_erasure(rule: ErasureRule, agreed: Sequence[tuple[PersonId, Role]]) -> Denied | None:
    """Judge who agrees to an erasure, in the order in which they did; None: they may."""
    slots = [set(slot) for slot in rule.needs]
    if len({person for person, _ in agreed}) != len(agreed):
        return Denied.SAME_PERSON
    for _, role in agreed:
        slot = next((one for one in slots if role in one), None)
        if slot is None:
            return Denied.WRONG_ROLE
        slots.remove(slot)
    return None
