"""What two incidents tell each other when a person says that they are one.

The one that is merged keeps its ledger, its evidence and its holds. It lets go of them when the other does,
by that one's decision, or takes up its own course again when the merge is undone.
"""

from __future__ import annotations

from typing import Final

from andon.domain.decision import DecisionKind, DecisionRecord
from andon.domain.declaration import Declaration, Declared, read_declaration
from andon.domain.errors import SignatureError
from andon.domain.signing import Envelope
from andon.domain.values import Carried, IncidentId, Instant, Sha256Hex

MERGED_IN: Final = "merged_in"
MERGED_OUT: Final = "merged_out"
LET_GO: Final = "let_go"
CLOCKS_SHARED: Final = (DecisionKind.TRIAGE, DecisionKind.LEGAL_REVIEW)
"""Questions whose deadline in the other becomes the earlier one of both."""
TAKEN_IN_AT_MOST: Final = 50


class Told(Carried):
    """What one incident tells another by signal."""


class LetGo(Told):
    """The other incident has let go, by this decision; None: it ended without letting go."""

    incident: IncidentId
    decision: DecisionRecord | None


class Merge(Carried):
    """What one incident remembers of having been merged into another."""

    into: IncidentId
    statement: Sha256Hex
    envelope: Envelope
    told: bool = False
    let_go: LetGo | None = None


class MergedIn(Told):
    """One incident tells another that it was merged into it, with the statement that says so."""

    incident: IncidentId
    envelope: Envelope
    opened_at: Instant
    detected_at: Instant
    deadlines: dict[DecisionKind, Instant]


class TakenIn(Carried):
    """What an incident remembers of one that was merged into it."""

    statement: Sha256Hex
    opened_at: Instant
    detected_at: Instant
    let_go: bool = False


class MergedOut(Told):
    """One incident tells another that it stands for itself again."""

    incident: IncidentId


def merging_statement(
    envelope: Envelope, trusted: dict[Sha256Hex, str], *, incident: IncidentId, into: IncidentId
) -> Declaration:
    """Return the declaration that merges one incident into another.

    Raises:
        SignatureError: the envelope holds no such declaration, or its signature does not hold.
    """
    said = read_declaration(envelope, trusted)
    if said.kind is not Declared.MERGED or said.incident != incident or said.about.get("into") != into:
        raise SignatureError(f"what was signed does not merge {incident} into {into}")
    return said
