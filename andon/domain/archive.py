"""The archive of an incident: its histories in locked storage, taken at milestones and after its close.

Temporal forgets histories, and whoever reaches it can delete them. What is archived is named by its
digest, and the digest of each archive is in the incident's access chain.
"""

from __future__ import annotations

from typing import Final

from pydantic import Field

from andon.domain.incident import workflow_id
from andon.domain.ledger import Kind
from andon.domain.values import Carried, IncidentId, Instant, Sha256Hex, canonical, sha256

ARCHIVED_AT: Final = frozenset({Kind.EVIDENCE_SEALED, Kind.RESTARTED, Kind.CLOSED})
"""Entries after which the histories so far are archived."""

MILESTONE: Final = "milestone"
"""Signal by which an archive hears how far its incident has come; carries a `Milestone`."""

ARCHIVE: Final = "archive/"


class Milestone(Carried):
    """An entry of the response chain after which histories are archived."""

    kind: str
    sequence: int = Field(ge=0)


class ArchiveCall(Carried):
    """Which histories to archive, and why now."""

    incident: IncidentId
    milestone: Milestone


class RunKept(Carried):
    """One run of one workflow, as it was archived."""

    workflow: str
    run: str
    type: str
    events: int
    ended: bool = Field(description="whether it has its last event")
    sha256: Sha256Hex = Field(description="of the history as Temporal's own JSON")

    def key(self, incident: IncidentId) -> str:
        """Return the object key of the history."""
        return f"{ARCHIVE}{incident}/histories/{self.sha256}.json"


class Archive(Carried):
    """What was archived at one milestone; stored as RFC 8785 JSON."""

    incident: IncidentId
    milestone: Milestone
    at: Instant
    build: str = Field(description="build of the workflows that archived it")
    runs: tuple[RunKept, ...]

    def content(self) -> bytes:
        """Return it as it is stored."""
        return canonical(self)

    def digest(self) -> Sha256Hex:
        """Return the SHA-256 of what is stored, as the access chain names it."""
        return sha256(self.content())


def archive_workflow(incident: IncidentId) -> str:
    """Return the id of the workflow that archives an incident."""
    return f"{workflow_id(incident)}/archive"


def archive_key(incident: IncidentId, milestone: Milestone) -> str:
    """Return the object key of what was archived at a milestone."""
    return f"{ARCHIVE}{incident}/{milestone.sequence:08d}-{milestone.kind}.json"


def archives_under(incident: IncidentId) -> str:
    """Return the prefix of everything archived of an incident."""
    return f"{ARCHIVE}{incident}/"
