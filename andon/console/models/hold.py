"""A hold in force as people are shown it: what, why, since, whose, until when, and the way out."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

from pydantic import Field

from andon.domain.containment import Hold, OrderState, Verb, strictest
from andon.domain.directory import Role
from andon.domain.incident import IncidentView, OrderRecord
from andon.domain.system import AISystem
from andon.domain.values import Frozen, IncidentId, Slug
from andon.domain.way_out import WayOut, way_out


class HoldShown(Frozen):
    """One order in force on a lever of an AI system."""

    order: str
    incident: IncidentId
    lever: str
    verb: Verb | None
    target: str = ""
    adapter: Slug | None
    limit: int
    reason: str
    since: datetime
    until: datetime = Field(description="when it is asked about; nothing lets go by itself")
    assignee: Role | None = Field(None, description="the role that answers for it; none: not known yet")
    authority: str = Field("", description="what allows it: a playbook, a decision or a person")
    state: OrderState | None = None
    expired: bool = False
    proof: str = Field("", description="what the last look saw")
    proven_at: datetime | None = None
    strictest: bool = Field(description="it is the hold that counts on its lever")
    way_out: WayOut | None = Field(
        None, description="which way lets go of it, and the command for the next step"
    )


def holds_shown(
    system: AISystem, holds: Sequence[Hold], views: Mapping[IncidentId, IncidentView]
) -> tuple[HoldShown, ...]:
    """Return the holds on an AI system, by lever, the one that counts first; `views` are their incidents'."""
    levers = {lever.id: lever for lever in system.lever_list()}
    counts = {
        name: first.order
        for name in {hold.lever for hold in holds}
        if (first := strictest([hold for hold in holds if hold.lever == name])) is not None
    }
    shown: list[HoldShown] = []
    for hold in holds:
        view = views.get(hold.incident)
        record = _record(view.orders, hold.order) if view else None
        lever = record.order.lever if record else levers.get(hold.lever)
        proof = record.proof if record else None
        shown.append(
            HoldShown(
                order=hold.order,
                incident=hold.incident,
                lever=hold.lever,
                verb=lever.verb if lever else None,
                target=lever.target if lever else "",
                adapter=lever.adapter if lever else None,
                limit=hold.limit,
                reason=hold.reason,
                since=hold.since,
                until=(record.until if record else None) or hold.expires_at,
                assignee=record.order.assignee if record else None,
                authority=record.order.authority if record else "",
                state=record.state if record else None,
                expired=record.expired if record else False,
                proof=proof.saw if proof else "",
                proven_at=proof.at if proof and proof.held else None,
                strictest=counts.get(hold.lever) == hold.order,
                way_out=way_out(record, view) if record and view else None,
            )
        )
    return tuple(sorted(shown, key=lambda one: (one.lever, not one.strictest, one.since)))


def _record(records: Iterable[OrderRecord], order: str) -> OrderRecord | None:
    return next((one for one in records if one.order.id == order), None)
