"""What is changed because of an incident, from the word that it will be to the proof that it is."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Final

from pydantic import Field, StringConstraints

from andon.domain.values import Carried, Instant, PersonId, Sha256Hex

ChangeId = Annotated[str, StringConstraints(pattern=r"^change-[1-9][0-9]{0,5}$")]
"""`change-<n>`, counted within one incident."""


class ChangeType(StrEnum):
    """What kind of thing is changed. A code that was written once stays: old answers are judged by it."""

    EVAL = "eval"
    GUARDRAIL = "guardrail"
    PROMPT = "prompt"
    PERMISSION = "permission"
    SOURCE = "source"
    DATA = "data"
    MONITORING = "monitoring"
    UI = "ui"
    PROCESS = "process"
    POLICY = "policy"
    TRAINING = "training"
    VENDOR = "vendor"
    RISK_TIER = "risk_tier"
    APPROVED_USE = "approved_use"
    TOOL = "tool"
    INTEGRATION = "integration"
    CONTROL = "control"
    FALLBACK = "fallback"
    SUPPLY_CHAIN = "supply_chain"
    CONFIG = "config"
    SYSTEM = "system"
    RUNBOOK = "runbook"
    LOGGING = "logging"


class ChangeState(StrEnum):
    """How far a change has come."""

    OPEN = "open"
    """Somebody has it to do."""
    DONE = "done"
    """It is made; of an open change, only a proof makes it so."""
    DROPPED = "dropped"
    """It will not be made, and somebody said why."""


class Change(Carried):
    """One change. What it is and where it can be seen is a sealed text; this carries its digest."""

    id: ChangeId
    type: ChangeType
    owner: PersonId
    due: Instant
    link: Sha256Hex = Field(description="digest of the encrypted text that says what it is and where it is")
    said_in: str = Field(description="the decision or declaration that named it")
    fixes: bool = Field(False, description="it removes the cause, by the word of whoever marked the fix")
    state: ChangeState = ChangeState.OPEN
    proof: Sha256Hex | None = None
    proven_at: Instant | None = None
    proven_by: PersonId | None = None

    def overdue(self, at: Instant) -> bool:
        """Whether it should have been made by now, and is not."""
        return self.state is ChangeState.OPEN and at > self.due


TYPES: Final = tuple(one.value for one in ChangeType)
