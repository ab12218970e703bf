"""What is stopped by hand: what is asked for, and what the door answered."""

from __future__ import annotations

from typing import Final

from pydantic import ConfigDict, Field

from andon.domain.containment import OrderState, Verb
from andon.domain.detection import Outcome
from andon.domain.values import Frozen, IncidentId

SEPARATOR: Final = ":"


class Chosen(Frozen):
    """What is to be stopped: an AI system, and what of it."""

    system: str = Field(max_length=64)
    verb: Verb
    target: str = Field("", max_length=64)

    def written(self) -> str:
        """Return it as the value of a choice in a form."""
        return SEPARATOR.join((self.system, self.verb.value, self.target))


def chosen_from(text: str) -> Chosen | None:
    """Return what a choice in a form says; None if it says nothing that can be stopped."""
    parts = text.split(SEPARATOR)
    if len(parts) != 3 or parts[1] not in tuple(Verb):
        return None
    return Chosen(system=parts[0][:64], verb=Verb(parts[1]), target=parts[2][:64])


class OrderTaken(Frozen):
    """One order as the door shows it."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    lever: str
    verb: Verb
    state: OrderState


class StopTaken(Frozen):
    """What became of a stop. The door may say more."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    receipt: str
    outcome: Outcome
    incident: IncidentId | None
    contained: bool = False
    orders: tuple[OrderTaken, ...] = ()
