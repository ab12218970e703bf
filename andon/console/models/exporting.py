"""What somebody who exports an incident is told of its checkpoint, and what they say first."""

from __future__ import annotations

import base64
from collections.abc import Sequence

from pydantic import Field

from andon.domain.checkpoint import Leaf
from andon.domain.ledger import Head
from andon.domain.values import Frozen
from andon.register.checkpoints import Kept, Place


class ExportBody(Frozen):
    """That an incident is about to be exported."""

    views: bool = Field(False, description="with the redacted views, in clear")


class ExportNoted(Frozen):
    """Where the access chain ends now that the export is on record."""

    sequence: int = Field(description="of the entry that says so")
    access: Head


class IncludedShown(Frozen):
    """A leaf of the log over all incidents, and the proof that the checkpoint's tree holds it."""

    index: int
    leaf: Leaf
    proof: tuple[str, ...] = Field(description="SHA-256 hashes in hexadecimal, from the leaf upwards")


class ConsistentShown(Frozen):
    """The proof that the checkpoint's tree begins with the tree of an earlier size."""

    size: int
    proof: tuple[str, ...]


class CheckpointShown(Frozen):
    """The newest checkpoint of the log over all incidents, and what it says of one of them."""

    note: str = Field(description="C2SP signed note; with witnesses' signatures if there are any")
    stamp: str | None = Field(description="RFC 3161 time stamp over the note as the log signed it, base64")
    leaves: tuple[IncludedShown, ...]
    consistency: tuple[ConsistentShown, ...]


def checkpoint_shown(
    kept: Kept, places: Sequence[Place], since: int | None, path: Sequence[bytes]
) -> CheckpointShown:
    """Return a checkpoint with its proofs."""
    grown = () if since is None else (ConsistentShown(size=since, proof=tuple(map(bytes.hex, path))),)
    return CheckpointShown(
        note=kept.witnessed or kept.note,
        stamp=base64.b64encode(kept.stamp).decode() if kept.stamp else None,
        leaves=tuple(
            IncludedShown(index=one.position, leaf=one.leaf, proof=tuple(map(bytes.hex, one.proof)))
            for one in places
        ),
        consistency=grown,
    )
