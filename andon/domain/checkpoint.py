"""The log over all incidents: what its leaves say, where they and its checkpoints lie.

Every chain of every incident has a leaf for each end that was seen of it, so that an incident that is
withheld, or a chain that is rewritten or cut, contradicts a checkpoint somebody else may have kept.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Final

from pydantic import Field, ValidationError

from andon.domain.errors import InvalidInputError
from andon.domain.ledger import Chain, Kind
from andon.domain.merkle import leaf_hash
from andon.domain.values import NOTHING_YET, Carried, IncidentId, Instant, Sha256Hex, canonical, sha256

CHECKPOINT: Final = "ledger/checkpoint"
"""Id of the workflow that signs checkpoints."""

LOOK: Final = "look"
"""Signal by which it is asked for a checkpoint before its next round."""

PROMPTLY: Final = frozenset({Kind.EVIDENCE_SEALED, Kind.ORDER_RELEASED, Kind.RESTARTED, Kind.CLOSED})
"""Entries after which a checkpoint is made at once."""

MOST_LEAVES: Final = 2_000
"""In one batch: an object of half a megabyte."""

MARK_EVERY: Final = timedelta(hours=1)
"""A log to which nothing else was added takes in the time, so that silence is signed as well."""

LOG: Final = "log/"
NOTES: Final = "checkpoints/"


class Leaf(Carried):
    """One end of one chain as the log took it in; with no incident it only marks the time."""

    at: Instant
    incident: IncidentId | None = None
    chain: Chain | None = None
    length: int = Field(0, ge=0, description="entries of the chain up to this end")
    digest: Sha256Hex = Field(NOTHING_YET, description="of the last of these entries")

    def hash(self) -> bytes:
        """Return its hash as a leaf of the tree: over its RFC 8785 form."""
        return leaf_hash(canonical(self))


class Made(Carried):
    """What a round came to."""

    size: int
    added: int = Field(description="leaves that were added")
    stamp: bool = Field(description="whether a time stamp of this checkpoint is wanted and missing")
    witness: bool = Field(description="whether a witness is to see it and has not")


def batch_key(first: int) -> str:
    """Return the object key of the leaves that begin with leaf `first`."""
    return f"{LOG}{first:012d}.jsonl"


def note_key(size: int) -> str:
    """Return the object key of the checkpoint at a size."""
    return f"{NOTES}{size:012d}.note"


def stamp_key(size: int) -> str:
    """Return the object key of the time stamp (RFC 3161) of a checkpoint."""
    return f"{NOTES}{size:012d}.tsr"


def witnessed_key(size: int) -> str:
    """Return the object key of a checkpoint with its witnesses' signatures."""
    return f"{NOTES}{size:012d}.witnessed"


def origin_of(public: bytes) -> str:
    """Return the name of a log that was given none: its key's own."""
    return f"andon-log-{sha256(public)[:16]}"


def lines_of(leaves: Sequence[Leaf]) -> bytes:
    """Return the content of a batch: a line is what its leaf's hash is over."""
    return b"".join(canonical(leaf) + b"\n" for leaf in leaves)


def read_lines(content: bytes) -> tuple[Leaf, ...]:
    """Return the leaves of a batch.

    Raises:
        InvalidInputError: a line is no leaf, or not written in its canonical form.
    """
    try:
        leaves = tuple(Leaf.model_validate_json(line) for line in content.splitlines())
    except ValidationError as error:
        raise InvalidInputError("a line of the log is no leaf") from error
    if not leaves or lines_of(leaves) != content:
        raise InvalidInputError("a batch of the log is not in its canonical form")
    return leaves
