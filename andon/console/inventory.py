"""The inventory of AI systems: what their files say, what holds them, what became of their levers."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from andon.console.models.system import IncidentsHad, Known, SystemShown, system_shown
from andon.console.parts import Parts
from andon.domain.system import Tier
from andon.domain.use import Use
from andon.domain.values import PersonId
from andon.register.by_system import incidents_by_system
from andon.register.lever_proofs import LeverProofs

HELD_AT_MOST: Final = 200
"""Incidents that are read whole to say whose holds they are; the holds of others are listed all the same."""


@dataclass(frozen=True, slots=True)
class Sieve:
    """Which AI systems are wanted; what is left out does not matter."""

    tier: Tier | None = None
    owner: PersonId | None = None
    use: Use | None = None
    open: bool = False
    unproven: bool = False

    def lets_through(self, one: SystemShown) -> bool:
        """Whether an AI system fits."""
        return (
            self.tier in (None, one.tier)
            and self.owner in (None, one.business_owner)
            and self.use in (None, one.use.use)
            and (not self.open or one.incidents.open > 0)
            and (not self.unproven or bool(one.never_proven))
        )


EVERY: Final = Sieve()


def sieved(systems: Iterable[SystemShown], sieve: Sieve) -> list[SystemShown]:
    """Return the AI systems that fit."""
    return [one for one in systems if sieve.lets_through(one)]


def systems_of(parts: Parts) -> list[SystemShown]:
    """Return every AI system as the register and the switches know it now."""
    holds = parts.switches.holds()
    rows = map(parts.incidents.get, sorted({hold.incident for hold in holds})[:HELD_AT_MOST])
    register = parts.databases.register
    known = Known(
        holds=tuple(holds),
        views={row.incident: row.view for row in rows if row is not None and row.view is not None},
        decided=parts.uses.all(),
        proofs=LeverProofs(register).newest(),
        had={
            name: IncidentsHad(open=one.open, all=one.all, last=one.last, last_opened_at=one.last_opened_at)
            for name, one in incidents_by_system(register).items()
        },
    )
    playbooks = parts.policy.shelf().playbooks
    return [system_shown(system, known, playbooks) for system in parts.systems.systems()]
