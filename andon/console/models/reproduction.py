"""Reproductions as people ask for them, and as they are told of them."""

from __future__ import annotations

from typing import Literal

from pydantic import ConfigDict, Field

from andon.domain.staging import Reproduction
from andon.domain.values import Frozen


class ReproductionBody(Frozen):
    """Where an incident's failing input is sent again."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    target: Literal["staging"] = Field("staging", description="never production: there is no other target")


class ReproductionShown(Frozen):
    """What came of it so far."""

    incident: str
    id: str
    state: Literal["over", "running"] = Field(description="running: it ends as evidence all the same")
    result: Reproduction | None
