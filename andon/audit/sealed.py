"""Checks on the checkpoint: signed by the log and its witnesses, and holding these chains.

A checkpoint is a signed note over a Merkle tree of all incidents' chains. With it a chain can't be
rewritten, cut or withheld without contradicting what log, witness and earlier checkpoints say.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Final

from pydantic import Field, ValidationError

from andon.audit.exported import Opened, Sealing
from andon.audit.findings import Step
from andon.audit.texts import first_problem
from andon.audit.trust import Trust
from andon.domain.checkpoint import Leaf
from andon.domain.errors import InvalidInputError, SignatureError
from andon.domain.ledger import Chain, Entry
from andon.domain.merkle import is_extended, is_included
from andon.domain.note import Checkpoint, Note, cosigned_by, key_from, read_checkpoint, read_note, signed_by
from andon.domain.values import NOTHING_YET, Frozen

SKEW: Final = timedelta(minutes=5)
"""By how much clocks of different machines may differ before it is a finding."""


class Included(Frozen):
    """A leaf of the log, and the proof that the checkpoint's tree holds it."""

    index: int = Field(ge=0)
    leaf: Leaf
    proof: tuple[str, ...] = Field(max_length=64)


class Consistent(Frozen):
    """The proof that the checkpoint's tree begins with the tree of an earlier size."""

    size: int = Field(ge=0)
    proof: tuple[str, ...] = Field(max_length=64)


class Proofs(Frozen):
    """What a bundle brings to be held against its checkpoint."""

    leaves: tuple[Included, ...] = ()
    consistency: tuple[Consistent, ...] = ()


def check_checkpoint(step: Step, sealing: Sealing | None, trust: Trust) -> Checkpoint | None:
    """The note is signed by the auditor's log key, and by the witnesses the auditor names.

    Returns:
        The checkpoint, if the log signed it.
    """
    if sealing is None:
        step.note("there is no checkpoint: a chain rewritten as a whole, or withheld, would not show")
        if trust.log:
            step.must(False, "checkpoint", "is not here, and you trust a log that signs one each minute")
        return None
    try:
        note = read_note(sealing.note)
        checkpoint = read_checkpoint(note)
    except InvalidInputError as error:
        step.broken("checkpoint", str(error))
        return None
    if not trust.log:
        step.note("the trust file names no key of a log, so the checkpoint counts for nothing")
        return None
    signed = any(_signed(step, note, key) for key in trust.log)
    step.must(signed, "checkpoint", f"is not signed by a log you trust; it names {checkpoint.origin}")
    _witnessed(step, note, trust)
    return checkpoint if signed else None


def check_inclusion(step: Step, opened: Opened, checkpoint: Checkpoint | None) -> int:
    """The chains are those whose ends the log took in.

    Returns:
        How many entries of the response chain the checkpoint covers.
    """
    sealing = opened.exported.sealing
    proofs = proofs_of(step, sealing) if checkpoint is not None and sealing is not None else None
    if proofs is None or checkpoint is None:
        return 0
    chains = {Chain.RESPONSE: opened.entries, Chain.ACCESS: opened.access}
    covered = dict.fromkeys(chains, 0)
    for one in proofs.leaves:
        where = f"leaf {one.index} of the log"
        path = _raw(one.proof)
        held = is_included(one.leaf.hash(), one.index, checkpoint.size, path, checkpoint.root)
        step.must(held, where, "is not in the tree that the checkpoint signs")
        step.must(one.leaf.incident == opened.incident, where, f"is about {one.leaf.incident}")
        if held and one.leaf.chain is not None and one.leaf.incident == opened.incident:
            _same_end(step, where, one.leaf, chains[one.leaf.chain])
            covered[one.leaf.chain] = max(covered[one.leaf.chain], one.leaf.length)
    for chain, entries in chains.items():
        if len(entries) > covered[chain]:
            step.note(
                f"the checkpoint covers the first {covered[chain]} of {len(entries)} entries of the "
                f"{chain} chain"
            )
    if opened.entries and not covered[Chain.RESPONSE]:
        step.broken("checkpoint", "does not hold this incident's chain, or its proof was taken away")
    return covered[Chain.RESPONSE]


def check_pinned(
    step: Step, checkpoint: Checkpoint | None, sealing: Sealing | None, pinned: bytes | None
) -> None:
    """The log has grown from what the auditor kept of it, and from nothing else."""
    if pinned is None:
        step.note("no earlier checkpoint was given with --pinned: a second history of the log would not show")
        return
    try:
        kept = read_checkpoint(read_note(pinned))
    except InvalidInputError as error:
        step.broken("pinned checkpoint", str(error))
        return
    if checkpoint is None or sealing is None:
        step.must(False, "checkpoint", f"is missing or not trusted, and you hold one of size {kept.size}")
        return
    step.must(
        kept.origin == checkpoint.origin,
        "checkpoint",
        f"is of {checkpoint.origin}, yours is of {kept.origin}",
    )
    _grown(step, kept, checkpoint, sealing)


def check_times(step: Step, entries: Sequence[Entry], covered: int, stamped: datetime | None) -> None:
    """Nothing that the stamped checkpoint covers is dated after the time stamp."""
    latest: datetime | None = None
    for entry in entries:
        if latest is not None and entry.at < latest - SKEW:
            step.note(f"entry {entry.sequence} is dated {entry.at}, and one before it {latest}")
        latest = max(latest or entry.at, entry.at)
    if stamped is None:
        return
    for entry in entries[:covered]:
        if entry.at > stamped + SKEW:
            step.broken(f"entry {entry.sequence}", f"is dated {entry.at}, after the time stamp of {stamped}")


def proofs_of(step: Step, sealing: Sealing) -> Proofs | None:
    """Read the proofs that came with a checkpoint; None, with a finding, if they can't be read."""
    try:
        return Proofs.model_validate_json(sealing.proof or b"{}")
    except ValidationError as error:
        step.broken("proofs of the checkpoint", f"can't be read: {first_problem(error)}")
        return None


def _signed(step: Step, note: Note, key: str) -> bool:
    try:
        return signed_by(note, key_from(key))
    except SignatureError as error:
        step.broken("checkpoint", str(error))
        return False


def _witnessed(step: Step, note: Note, trust: Trust) -> None:
    seen = 0
    for text in trust.witnesses:
        key = key_from(text)
        try:
            at = cosigned_by(note, key)
        except SignatureError as error:
            step.broken("checkpoint", str(error))
            continue
        if at is None:
            step.note(f"witness {key.name} has not signed this checkpoint")
        else:
            seen += 1
            step.note(f"witness {key.name} saw it on {datetime.fromtimestamp(at, UTC).isoformat()}")
    if trust.witnesses:
        step.must(seen > 0, "checkpoint", "is signed by no witness you trust")


def _same_end(step: Step, where: str, leaf: Leaf, entries: Sequence[Entry]) -> None:
    step.checked += 1
    if leaf.length > len(entries):
        step.broken(
            where,
            f"knows {leaf.length} entries of the {leaf.chain} chain, here are {len(entries)}: it was cut",
        )
        return
    found = entries[leaf.length - 1].digest() if leaf.length else NOTHING_YET
    if found != leaf.digest:
        step.broken(
            where, f"knows the {leaf.chain} chain with another entry {leaf.length - 1}: it was rewritten"
        )


def _grown(step: Step, kept: Checkpoint, now: Checkpoint, sealing: Sealing) -> None:
    where = f"checkpoint of size {now.size}"
    if kept.size > now.size:
        step.must(False, where, f"is smaller than yours of {kept.size}: the log was rolled back")
        return
    if kept.size == now.size:
        step.must(kept.root == now.root, where, "has another root than yours of the same size: a fork")
        return
    proofs = proofs_of(step, sealing)
    if proofs is None:
        return
    path = next((one.proof for one in proofs.consistency if one.size == kept.size), None)
    if path is None and kept.size:
        step.must(
            False, where, f"comes without a proof from size {kept.size}: ask for an export with --pinned"
        )
        return
    grown = is_extended(kept.size, kept.root, now.size, now.root, _raw(path or ()))
    step.must(grown, where, f"does not begin with yours of size {kept.size}: the log was forked or rewritten")


def _raw(proof: Sequence[str]) -> list[bytes]:
    try:
        return [bytes.fromhex(one) for one in proof]
    except ValueError:
        return [b""]
