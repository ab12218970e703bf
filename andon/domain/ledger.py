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


class Kind(StrEnum):
    """What an entry of the response chain says happened."""

    INCIDENT_OPENED = "incident_opened"
    DUPLICATES_JOINED = "duplicates_joined"
    SENDER_SAYS = "sender_says"
    STAGE_BEGUN = "stage_begun"
    STAGE_ENDED = "stage_ended"
    WOULD_HOLD = "would_hold"
    ENFORCED = "enforced"
    NOT_ENFORCED = "not_enforced"
    ORDER_REQUESTED = "order_requested"
    LEVER_LACKING = "lever_lacking"
    ORDER_APPLIED = "order_applied"
    ORDER_PROVEN = "order_proven"
    ORDER_UNPROVEN = "order_unproven"
    ORDER_FAILED = "order_failed"
    ORDER_RELEASED = "order_released"
    ORDER_KEPT = "order_kept"
    ORDER_DEVIATED = "order_deviated"
    ORDER_EXPIRED = "order_expired"
    ORDER_EXTENDED = "order_extended"
    RELEASE_REFUSED = "release_refused"
    STILL_HELD = "still_held"
    CONTAINED = "contained"
    FALLBACK_BEGUN = "fallback_begun"
    FALLBACK_MISSING = "fallback_missing"
    FALLBACK_ENDED = "fallback_ended"
    EVIDENCE_HELD = "evidence_held"
    EVIDENCE_FREED = "evidence_freed"
    EVIDENCE_HOLD_WAITS = "evidence_hold_waits"
    SEVERITY_RAISED = "severity_raised"
    SEVERITY_LOWERED = "severity_lowered"
    ROLES_JOINED = "roles_joined"
    LEAD_NAMED = "lead_named"
    FACTS_LEARNED = "facts_learned"
    FACT_STATED = "fact_stated"
    TIME_CORRECTED = "time_corrected"
    NOTICE_UNDELIVERED = "notice_undelivered"
    DECISION_OPENED = "decision_opened"
    DECISION_SETTLED = "decision_settled"
    DECISION_SUPERSEDED = "decision_superseded"
    DECISION_EXPIRED = "decision_expired"
    RESPONSE_ACCEPTED = "response_accepted"
    RESPONSE_REFUSED = "response_refused"
    SIGNAL_REFUSED = "signal_refused"
    PROPOSED = "proposed"
    PROPOSAL_REFUSED = "proposal_refused"
    CARRIED_OUT = "carried_out"
    DECLARED = "declared"
    DECLARATION_REFUSED = "declaration_refused"
    OWNER_SILENT = "owner_silent"
    LEAD_MISSING = "lead_missing"
    TASKS_GIVEN = "tasks_given"
    TASK_OVERDUE = "task_overdue"
    CLOSING_WAITS = "closing_waits"
    REMINDED = "reminded"
    STAGE_OVERDUE = "stage_overdue"
    DEADLINE_BREACHED = "deadline_breached"
    BREACH_WITHDRAWN = "breach_withdrawn"
    ESCALATED = "escalated"
    DEFAULT_APPLIED = "default_applied"
    EVIDENCE_SEALED = "evidence_sealed"
    EVIDENCE_FAILED = "evidence_failed"
    FIX_MARKED = "fix_marked"
    EVALUATION_STARTED = "evaluation_started"
    EVALUATION_FINISHED = "evaluation_finished"
    GATE_SHUT = "gate_shut"
    GATE_OPENED = "gate_opened"
    RESTART_BEGUN = "restart_begun"
    RELEASE_STEP = "release_step"
    RESTARTED = "restarted"
    WATCH_BEGUN = "watch_begun"
    RELAPSE = "relapse"
    WATCH_SILENT = "watch_silent"
    WATCH_ENDED = "watch_ended"
    LESSON_RECORDED = "lesson_recorded"
    MERGED = "merged"
    MERGED_IN = "merged_in"
    MERGED_LET_GO = "merged_let_go"
    OTHER_LET_GO = "other_let_go"
    UNMERGED = "unmerged"
    SPLIT = "split"
    STOOD_DOWN = "stood_down"
    FILE_WRITTEN = "file_written"
    CLOSED = "closed"
    ALARM_RAISED = "alarm_raised"
    FORKED = "forked"


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


def rechain(entries: Sequence[Entry], head: Head) -> tuple[Entry, ...]:
    """Return the entries as they follow on from another head, in the same order."""
    moved: list[Entry] = []
    for entry in entries:
        before = moved[-1].digest() if moved else head.digest
        moved.append(entry.model_copy(update={"sequence": head.length + len(moved), "previous": before}))
    return tuple(moved)
