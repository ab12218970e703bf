"""One output whole, as people are shown it, and where it was found."""

from __future__ import annotations

from enum import StrEnum

from pydantic import Field

from andon.domain.trace_tree import TraceTree
from andon.domain.values import Frozen, IncidentId, Sha256Hex


class FoundIn(StrEnum):
    """Where a trace was found."""

    RECORDER = "recorder"
    """In the flight recorder, which forgets."""

    EVIDENCE = "evidence"
    """Among what an incident preserved."""


class Preserved(Frozen):
    """One evidence item of a trace, whose redacted view can be asked for by its digest."""

    kind: str
    sha256: Sha256Hex


class TraceShown(Frozen):
    """The tree of one trace: names, versions, sizes and what was not seen; no content."""

    found_in: FoundIn
    incident: IncidentId | None = None
    item: str | None = Field(None, description="the evidence item that the tree was made from")
    preserved: tuple[Preserved, ...] = Field((), description="what the incident preserved of this trace")
    tree: TraceTree
