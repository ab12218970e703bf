"""On what terms an AI system is stopped: the mode, what would be held, the fallback, legal's hold."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from pydantic import Field

from andon.domain.containment import IN_FORCE, Lever, Verb
from andon.domain.cost import Cost
from andon.domain.incident import IncidentView
from andon.domain.mode import Mode
from andon.domain.playbook import Plan
from andon.domain.system import Fallback
from andon.domain.values import Frozen, Instant, PersonId


class Ahead(Frozen):
    """A lever that is not held: it would be, or takes a decision first."""

    lever: str
    verb: Verb
    target: str
    by_hand: bool = Field(description="there is no lever: a person would do it")
    costly: bool
    cost: Cost | None
    requests: int | None = Field(
        None, description="recorded requests it would have stopped since; None: spans do not tell"
    )
    since: Instant | None = Field(description="since when it would have been held; None: not called for yet")


class FallbackShown(Frozen):
    """The manual process that stands in for the AI system."""

    owner: PersonId | None = Field(description="None: none is written down")
    instructions: str
    began_at: Instant
    ended_at: Instant | None


class EvidenceHoldShown(Frozen):
    """Legal's hold on the evidence."""

    person: PersonId
    since: Instant


class Stopping(Frozen):
    """What speaks for and against what is held."""

    mode: Mode
    enforced_by: str = Field(description="the decision that had the orders given which were only foreseen")
    would_hold: tuple[Ahead, ...] = Field(description="what is not held because the mode asks people first")
    costly_ahead: tuple[Ahead, ...] = Field(description="what takes a decision of its own before it is held")
    fallback: FallbackShown | None
    evidence_hold: EvidenceHoldShown | None


def stopping_shown(
    view: IncidentView, plan: Plan, fallback: Fallback | None, at: datetime, requests: Mapping[str, int]
) -> Stopping:
    """Return the terms of one incident.

    `fallback` is what the system's file says now, `requests` how many each lever would have stopped.
    """
    standing = [one.order for one in view.orders if one.state in IN_FORCE]
    costly = plan.orders(
        view.incident, view.severity, reason="", at=at, standing=standing, given=len(view.orders), costly=True
    )
    waiting = () if view.enforced_by else view.foreseen
    run, held = view.fallbacks[-1] if view.fallbacks else None, view.evidence_hold
    return Stopping(
        mode=view.mode,
        enforced_by=view.enforced_by,
        would_hold=tuple(
            _ahead(one.lever, one.cost, costly=one.costly).model_copy(
                update={"since": one.since, "requests": requests.get(one.lever.id)}
            )
            for one in waiting
        ),
        costly_ahead=tuple(_ahead(one.lever, one.cost, costly=True) for one in costly),
        fallback=(
            FallbackShown(
                owner=run.owner,
                instructions=fallback.instructions if fallback and run.owner else "",
                began_at=run.began_at,
                ended_at=run.ended_at,
            )
            if run
            else None
        ),
        evidence_hold=EvidenceHoldShown(person=held.person, since=held.since) if held else None,
    )


def _ahead(lever: Lever, cost: Cost | None, *, costly: bool) -> Ahead:
    return Ahead(
        lever=lever.id,
        verb=lever.verb,
        target=lever.target,
        by_hand=lever.by_hand,
        costly=costly,
        cost=cost,
        since=None,
    )
