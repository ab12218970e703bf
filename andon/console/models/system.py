"""AI systems as people are shown them."""

from __future__ import annotations

from collections.abc import Mapping

from pydantic import Field

from andon.console.models.hold import HoldShown, holds_shown
from andon.console.models.incident import IncidentListed
from andon.console.models.levers import LeverShown, lever_shown
from andon.domain.containment import Hold
from andon.domain.incident import IncidentView
from andon.domain.lever_proof import LeverProof
from andon.domain.playbook import Playbook
from andon.domain.system import AISystem, Fallback, Tier, TradeOffs
from andon.domain.use import UseDecided, UseShown, use_now
from andon.domain.values import Frozen, IncidentId, Instant, PersonId, Sha256Hex, Slug


class IncidentsHad(Frozen):
    """How many incidents an AI system has and had; exercises are left out."""

    open: int = 0
    all: int = 0
    last: IncidentId | None = None
    last_opened_at: Instant | None = None


class SourceShown(Frozen):
    """A place where evidence about an AI system is looked for."""

    id: Slug
    kind: str = Field(description="how it is asked; `built_in`: it needs no entry of its own")
    supplies: tuple[Slug, ...] = Field((), description="kinds of evidence it gives; empty: as they come")


class VersionsSeen(Frozen):
    """The versions of an AI system as its last whole evaluation found them."""

    digest: Sha256Hex
    at: Instant
    incident: IncidentId


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
    incidents: IncidentsHad = IncidentsHad()
    review_standard: str = Field("", description="what a person looks at before something leaves")
    sources: tuple[SourceShown, ...] = Field((), description="where evidence about it is looked for")

    @property
    def never_proven(self) -> tuple[LeverShown, ...]:
        """Levers of which no proof is known."""
        return tuple(one for one in self.levers if one.proven is None)

    @property
    def oldest_proof(self) -> Instant | None:
        """When the lever was proven that was so the longest ago; None: no lever ever was."""
        return min((one.proven.at for one in self.levers if one.proven), default=None)


class SystemWhole(SystemShown):
    """One AI system with its incidents and what is known of its versions."""

    open_incidents: tuple[IncidentListed, ...] = Field((), description="newest first")
    last_incidents: tuple[IncidentListed, ...] = Field((), description="closed ones, newest first")
    versions: VersionsSeen | None = Field(None, description="None: no evaluation has run to its end")


class SystemList(Frozen):
    """All AI systems by id."""

    systems: tuple[SystemShown, ...]


class Known(Frozen):
    """What the register and the switches know of AI systems, beside their files."""

    holds: tuple[Hold, ...] = ()
    views: Mapping[IncidentId, IncidentView] = Field(default_factory=dict)
    decided: Mapping[Slug, UseDecided] = Field(default_factory=dict)
    proofs: Mapping[str, LeverProof] = Field(default_factory=dict)
    had: Mapping[Slug, IncidentsHad] = Field(default_factory=dict)


def system_shown(system: AISystem, known: Known, playbooks: Mapping[Slug, Playbook]) -> SystemShown:
    """Return one AI system, with what is known of it and which playbooks may hold its levers."""
    holds = [hold for hold in known.holds if hold.lever.split(".", 1)[0] == system.id]
    own = system.playbook if system.playbook in playbooks else None
    used = [playbooks[own]] if own else list(playbooks.values())
    return SystemShown(
        id=system.id,
        name=system.name,
        purpose=system.purpose,
        tier=system.tier,
        business_owner=system.owner,
        playbook=system.playbook,
        revenue_generating=system.revenue_generating,
        in_inventory=system.in_inventory,
        use=use_now(system, holds, known.decided.get(system.id)),
        levers=tuple(lever_shown(system, one, holds, known.proofs, used) for one in system.lever_list()),
        holds=tuple(holds),
        in_force=holds_shown(system, holds, known.views),
        fallback=system.fallback,
        escalation=system.escalation,
        suite=system.evaluation.suite if system.evaluation else None,
        trade_offs=system.trade_offs,
        incidents=known.had.get(system.id, IncidentsHad()),
        review_standard=system.review_standard,
        sources=_sources(system),
    )


def _sources(system: AISystem) -> tuple[SourceShown, ...]:
    places = system.evidence
    built_in = (("recorder", places.recorder), ("versions", places.versions_url is not None))
    return (
        *(SourceShown(id=name, kind="built_in") for name, there in built_in if there),
        *(SourceShown(id=one.id, kind=one.kind, supplies=one.supplies) for one in places.sources),
    )
