"""AI systems as people are shown them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Final

from pydantic import Field

from andon.console.models.hold import HoldShown, holds_shown
from andon.domain.containment import FlagAnswer, Hold, Lever, Verb, answer_flag
from andon.domain.incident import IncidentView
from andon.domain.system import AISystem, Fallback, Tier, TradeOffs
from andon.domain.use import UseDecided, UseShown, use_now
from andon.domain.values import Frozen, IncidentId, PersonId, Slug

NO_VIEWS: Final[Mapping[IncidentId, IncidentView]] = MappingProxyType({})


class LeverShown(Frozen):
    """One lever and whether something holds it."""

    id: str
    verb: Verb
    target: str
    adapter: Slug
    normal: bool | int = Field(description="what it says when nothing holds it")
    held: bool


class SystemShown(Frozen):
    """One AI system, its levers and the holds in force."""

    id: Slug
    name: str
    purpose: str
    tier: Tier
    business_owner: PersonId
    playbook: Slug | None
    revenue_generating: bool
    in_inventory: bool
    use: UseShown = Field(description="running, limited, stopped, or out of use by a decision")
    levers: tuple[LeverShown, ...]
    holds: tuple[Hold, ...]
    in_force: tuple[HoldShown, ...] = Field(
        (), description="the same holds, with whose they are and the way out"
    )
    fallback: Fallback | None
    escalation: tuple[PersonId, ...]
    suite: str | None = Field(description="eval suite that gates a restart")
    trade_offs: TradeOffs = Field(description="as its file states them; empty: nobody has said")


class SystemList(Frozen):
    """All AI systems by id."""

    systems: tuple[SystemShown, ...]


def system_shown(
    system: AISystem,
    holds: Sequence[Hold],
    views: Mapping[IncidentId, IncidentView] = NO_VIEWS,
    decided: UseDecided | None = None,
) -> SystemShown:
    """Return one AI system; `holds` are those in force on its levers, `views` the incidents behind them."""
    return SystemShown(
        id=system.id,
        name=system.name,
        purpose=system.purpose,
        tier=system.tier,
        business_owner=system.owner,
        playbook=system.playbook,
        revenue_generating=system.revenue_generating,
        in_inventory=system.in_inventory,
        use=use_now(system, holds, decided),
        levers=tuple(_lever(system, lever, holds) for lever in system.lever_list()),
        holds=tuple(holds),
        in_force=holds_shown(system, holds, views),
        fallback=system.fallback,
        escalation=system.escalation,
        suite=system.evaluation.suite if system.evaluation else None,
        trade_offs=system.trade_offs,
    )


def _lever(system: AISystem, lever: Lever, holds: Sequence[Hold]) -> LeverShown:
    answer: FlagAnswer = answer_flag(lever.id, holds, normal=system.normal(lever.id))
    return LeverShown(
        id=lever.id,
        verb=lever.verb,
        target=lever.target,
        adapter=lever.adapter,
        normal=system.normal(lever.id),
        held=bool(answer.holds),
    )
