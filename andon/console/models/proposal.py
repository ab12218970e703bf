"""Asking for a decision: what somebody may ask for, what they send, and what is said of it."""

from __future__ import annotations

from pydantic import ConfigDict, Field

from andon.domain.decision import DecisionKind
from andon.domain.directory import Role
from andon.domain.values import Frozen, IncidentId

LONGEST_TEXT = 20_000


class ProposalBody(Frozen):
    """What a person asks to have decided."""

    model_config = ConfigDict(frozen=True, extra="forbid", str_strip_whitespace=True)

    kind: DecisionKind
    about: dict[str, str] = Field(
        default_factory=dict, max_length=8, description="codes that say what exactly; each kind names its own"
    )
    reason: str = Field(min_length=1, max_length=4000, description="why; encrypted before it is kept")
    text: str | None = Field(
        None,
        min_length=1,
        max_length=LONGEST_TEXT,
        description="the text to decide on; encrypted, and shown to those who decide",
    )
    role: Role | None = Field(None, description="the role you ask in; the token's role if left out")


class ProposalTaken(Frozen):
    """A question that was put because somebody asked for it."""

    kind: DecisionKind
    decision: str = Field(description="id of the question")
    url: str


class AskableOption(Frozen):
    """One answer that those who decide may give."""

    id: str
    does: str


class Askable(Frozen):
    """One kind of decision that the caller may ask for."""

    kind: DecisionKind
    title: str
    question: str
    options: tuple[AskableOption, ...]
    roles: tuple[Role, ...] = Field(description="who is asked")
    about: dict[str, tuple[str, ...]] = Field(
        description="codes to give, each with the values that can be now"
    )
    text: str = Field(description="`needed`, `welcome` or `none`: whether there is a text to decide on")
    lacking: tuple[tuple[Role, ...], ...] = Field(
        (), description="places nobody but you could fill, each with the roles that would; then it is refused"
    )
    asked: str | None = Field(description="the open question of this kind, if there is one; then no other")


class AskableList(Frozen):
    """What the caller may ask to have decided on an incident."""

    incident: IncidentId
    proposals: tuple[Askable, ...]
