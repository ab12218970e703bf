"""Declarations as people send them, and what is said of one that was taken."""

from __future__ import annotations

from pydantic import ConfigDict, Field

from andon.domain.declaration import Code, Declared
from andon.domain.directory import Role
from andon.domain.values import Frozen, IncidentId


class DeclarationBody(Frozen):
    """What a person states without being asked."""

    model_config = ConfigDict(frozen=True, extra="forbid", str_strip_whitespace=True)

    kind: Declared
    about: dict[Code, Code] = Field(
        default_factory=dict,
        max_length=64,
        description="codes that say what exactly; each kind names its own",
    )
    reason: str = Field(min_length=1, max_length=4000, description="why; encrypted before it is kept")
    role: Role | None = Field(None, description="the role you speak in; the token's role if left out")


class DeclarationNoted(Frozen):
    """A declaration that is on record."""

    incident: IncidentId
    kind: Declared
    about: dict[str, str]
    opened: IncidentId | None = Field(None, description="the incident that a split opened")
