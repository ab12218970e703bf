"""The pages of AI systems: the inventory, and one AI system."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from andon.console.models.hold import HoldShown
from andon.console.models.system import SystemShown, SystemWhole
from andon.console.screens.levers import LeverLine, lever_line, proofs_in_words
from andon.console.screens.moments import Moment, maybe, moment
from andon.console.screens.parts import IncidentLine, incident_line
from andon.console.screens.words import ORDERS, Status, action, inert, lower, plain
from andon.domain.code_words import authority
from andon.domain.readiness import WEIGHED
from andon.domain.system import Tier
from andon.domain.use import OUT_OF_USE, Use

USES: Final = {
    Use.RUNNING: Status("Running, nothing held", "○", "good"),
    Use.LIMITED: Status("Running with limits", "▲", "warn"),
    Use.STOPPED: Status("Paused", "■", "bad"),
    Use.RETIRED: Status("Retired", "✕", "quiet"),
    Use.NARROWED: Status("Narrowed to part of its purpose", "▲", "warn"),
    Use.NOT_RESTARTED: Status("Not restarted", "✕", "warn"),
}
NOT_BEGUN: Final = Status("not known yet", "…", "warn")
TIERS: Final = (Tier.HIGH, Tier.MEDIUM, Tier.LOW)


@dataclass(frozen=True, slots=True)
class HoldLine:
    """One hold in force."""

    what: str
    incident: str
    lever: str
    reason: str
    since: Moment
    expires: Moment
    whose: str
    state: Status
    counts: bool
    way_out: str
    command: str


@dataclass(frozen=True, slots=True)
class SystemLine:
    """One AI system in the inventory."""

    id: str
    name: str
    owner: str
    state: Status
    levers: str
    proofs: Status
    oldest: Moment | None
    holds: int
    open: int
    last: str
    last_at: Moment | None
    known: bool


@dataclass(frozen=True, slots=True)
class TierBox:
    """The AI systems of one tier."""

    tier: str
    name: str
    lines: tuple[SystemLine, ...]


@dataclass(frozen=True, slots=True)
class SystemScreen:
    """One AI system."""

    id: str
    name: str
    purpose: str
    tier: str
    owner: str
    escalation: str
    suite: str
    review: str
    earns: bool
    fallback: str
    fallback_owner: str
    trade_offs: tuple[tuple[str, str], ...]
    known: bool
    state: Status
    decided_since: Moment | None
    decided_by: str
    levers: tuple[LeverLine, ...]
    proofs: Status
    never: int
    holds: tuple[HoldLine, ...]
    open: tuple[IncidentLine, ...]
    last: tuple[IncidentLine, ...]
    more_open: int
    versions: str
    versions_at: Moment | None
    versions_in: str
    sources: tuple[tuple[str, str, str], ...]


def inventory(systems: Sequence[SystemShown], now: datetime) -> tuple[TierBox, ...]:
    """Return the AI systems by tier, the highest first; in each, those with holds come first."""
    boxes = []
    for tier in TIERS:
        mine = sorted(
            (one for one in systems if one.tier is tier),
            key=lambda one: (not one.holds, not one.incidents.open, one.id),
        )
        if mine:
            boxes.append(
                TierBox(tier.value, f"{plain(tier)} tier", tuple(system_line(one, now) for one in mine))
            )
    return tuple(boxes)


def system_line(system: SystemShown, now: datetime) -> SystemLine:
    """Return one AI system as its row of the inventory."""
    count = len(system.levers)
    return SystemLine(
        id=system.id,
        name=inert(system.name),
        owner=system.business_owner,
        state=USES[system.use.use],
        levers="none" if not count else f"{count} lever{'' if count == 1 else 's'}",
        proofs=proofs_in_words(system.levers),
        oldest=maybe(system.oldest_proof, now),
        holds=len(system.holds),
        open=system.incidents.open,
        last=system.incidents.last or "",
        last_at=maybe(system.incidents.last_opened_at, now),
        known=system.in_inventory,
    )


def system_screen(system: SystemWhole, now: datetime, *, linked: bool) -> SystemScreen:
    """Return one AI system as its page shows it; `linked` if the reader may open incidents."""
    use, versions = system.use, system.versions
    return SystemScreen(
        id=system.id,
        name=inert(system.name),
        purpose=inert(system.purpose),
        tier=plain(system.tier),
        owner=system.business_owner,
        escalation=", ".join(system.escalation),
        suite=system.suite or "none: a restart has no evaluation to stand on",
        review=inert(system.review_standard),
        earns=system.revenue_generating,
        fallback=inert(system.fallback.instructions) if system.fallback else "",
        fallback_owner=system.fallback.owner if system.fallback else "",
        trade_offs=tuple(
            (what.capitalize(), inert(getattr(system.trade_offs, name))) for name, what in WEIGHED.items()
        ),
        known=system.in_inventory,
        state=USES[use.use],
        decided_since=maybe(use.since, now) if use.use in OUT_OF_USE else None,
        decided_by=use.incident or "",
        levers=tuple(lever_line(one, now) for one in system.levers),
        proofs=proofs_in_words(system.levers),
        never=len(system.never_proven),
        holds=tuple(_hold(hold, now) for hold in system.in_force),
        open=tuple(incident_line(one, now, linked=linked) for one in system.open_incidents),
        last=tuple(incident_line(one, now, linked=linked) for one in system.last_incidents),
        more_open=max(0, system.incidents.open - len(system.open_incidents)),
        versions=versions.digest if versions else "",
        versions_at=maybe(versions.at if versions else None, now),
        versions_in=versions.incident if versions else "",
        sources=tuple(
            (one.id, "built in" if one.kind == "built_in" else lower(one.kind), _listed(one.supplies))
            for one in system.sources
        ),
    )


def _hold(hold: HoldShown, now: datetime) -> HoldLine:
    way = hold.way_out
    return HoldLine(
        what=action(hold.verb, hold.target) if hold.verb else "Hold",
        incident=hold.incident,
        lever=hold.lever,
        reason=lower(hold.reason),
        since=moment(hold.since, now),
        expires=moment(hold.until, now),
        whose=f"{plain(hold.assignee)}, by {inert(authority(hold.authority))}"
        if hold.assignee
        else "not known yet",
        state=ORDERS[hold.state] if hold.state else NOT_BEGUN,
        counts=hold.strictest,
        way_out=way.says if way else "Its incident has not begun yet.",
        command=way.command if way else "",
    )


def _listed(kinds: Sequence[str]) -> str:
    return ", ".join(lower(one) for one in kinds) or "whatever it holds"
