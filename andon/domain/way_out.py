"""The way out of a hold: which of the three ways is open for an order now, and what to type for it.

Levers are let go by a restart through the gate, by standing down at triage, or by the swap of a refused
ratification. There is no fourth: nothing here lifts a hold, it only says where the way is.
"""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum

from pydantic import Field

from andon.domain.containment import OrderState
from andon.domain.decision import DecisionKind, DecisionRecord
from andon.domain.incident import Ending, IncidentView, OrderRecord
from andon.domain.values import Carried

BREAK_GLASS = "break_glass"


class Way(StrEnum):
    """What has to happen before an order lets go."""

    LET_GO = "let_go"
    KEPT = "kept"
    OTHER_DECIDES = "other_decides"
    NEXT_STEP = "next_step"
    RATIFICATION = "ratification"
    TRIAGE = "triage"
    DIAGNOSIS = "diagnosis"
    FIX = "fix"
    GATE = "gate"
    RESTART = "restart"
    AFTER_CLOSING = "after_closing"


SAYS: dict[Way, str] = {
    Way.LET_GO: "It holds nothing any more.",
    Way.KEPT: "The incident ended without a restart and keeps it. To run again, register it anew.",
    Way.OTHER_DECIDES: "The incident it was merged into lets it go.",
    Way.NEXT_STEP: "It is let go in steps; the business owner may go on at once.",
    Way.RATIFICATION: "It was ordered without asking: refusing that swaps it for a reversible lever.",
    Way.TRIAGE: "Triage can say that nothing was wrong; otherwise it goes through the gate.",
    Way.DIAGNOSIS: "It goes through the gate: find the cause, then fix it.",
    Way.FIX: "It goes through the gate: mark the fix as deployed.",
    Way.GATE: "It goes through the gate: the fix is being evaluated.",
    Way.RESTART: "The gate is open: the restart decision lets it go.",
    Way.AFTER_CLOSING: "The incident is over; it is let go, or kept on record, before it closes.",
}


class WayOut(Carried):
    """Where the way out of a hold is."""

    way: Way
    says: str = Field(description="what that means, in one sentence")
    command: str = Field("", description="what to type for the next step on it; empty: nothing can be done")


def way_out(record: OrderRecord, seen: IncidentView) -> WayOut:
    """Return which way is open for an order of an incident, as things stand."""
    way, command = _way(record, seen)
    return WayOut(way=way, says=SAYS[way], command=command)


def _way(record: OrderRecord, seen: IncidentView) -> tuple[Way, str]:
    incident = seen.incident
    if record.state is OrderState.RELEASED:
        return Way.LET_GO, ""
    if record.kept or seen.closed_at is not None:
        return Way.KEPT, ""
    if seen.merged_into is not None:
        return Way.OTHER_DECIDES, f"andon show {seen.merged_into}"
    if seen.ending is not None:
        kept = seen.ending is Ending.NOT_RESTARTED
        return (Way.KEPT if kept else Way.AFTER_CLOSING), f"andon show {incident}"
    if seen.release is not None and seen.release.begun:
        return Way.NEXT_STEP, f"andon release {incident} --next --reason ..."
    return _asked(record, seen)


def _asked(record: OrderRecord, seen: IncidentView) -> tuple[Way, str]:
    """Return the question that stands between the order and its release."""
    ratification = _open(seen.decisions, DecisionKind.RATIFICATION)
    if record.order.authority == BREAK_GLASS and ratification is not None:
        return Way.RATIFICATION, _respond(seen, ratification, "swap")
    for kind, way, option in (
        (DecisionKind.RESTART, Way.RESTART, "restart"),
        (DecisionKind.TRIAGE, Way.TRIAGE, "OPTION"),
        (DecisionKind.DIAGNOSIS, Way.DIAGNOSIS, "CAUSE"),
        (DecisionKind.REMEDIATION, Way.FIX, "fix_deployed"),
    ):
        question = _open(seen.decisions, kind)
        if question is not None:
            return way, _respond(seen, question, option)
    return Way.GATE, f"andon gate {seen.incident}"


def _open(records: Iterable[DecisionRecord], kind: DecisionKind) -> DecisionRecord | None:
    return next((one for one in records if one.request.kind is kind and one.open), None)


def _respond(seen: IncidentView, question: DecisionRecord, option: str) -> str:
    return f"andon respond {seen.incident} {question.request.id} {option} --reason ..."
