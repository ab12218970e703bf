"""Checks on the evidence: the manifests the chain names, and the objects they list."""

from __future__ import annotations

from andon.audit.auditset import Opened
from andon.audit.chain import LockedCopies, compare_copy
from andon.audit.findings import Step
from andon.domain.ledger import Entry, Kind
from andon.domain.values import NOTHING_YET


def check_evidence(step: Step, opened: Opened, locked: LockedCopies | None) -> None:
    """Every sealed root is the digest of a manifest that is there, and its objects are unaltered."""
    by_root = {manifest.root(): manifest for manifest in opened.manifests}
    sealed = {entry.digests.get("root", ""): entry for entry in opened.entries if _seals(entry)}
    for root, entry in sealed.items():
        there = root in by_root
        step.must(there, f"entry {entry.sequence}", f"seals {root[:16] or '(none)'}, and no manifest has it")
    given_up = {entry.subject for entry in opened.entries if entry.kind == Kind.EVIDENCE_FAILED}
    previous = NOTHING_YET
    for root, manifest in sorted(by_root.items(), key=lambda one: one[1].snapshot):
        name = f"manifest {manifest.snapshot}"
        if root not in sealed and str(manifest.snapshot) in given_up:
            step.note(f"{name} was sealed after the incident had given it up")
            continue
        step.must(root in sealed, name, "was altered, or no entry seals it")
        step.must(manifest.incident == opened.incident, name, f"belongs to {manifest.incident}")
        step.must(manifest.previous == previous, name, "does not name the root of the snapshot before")
        previous = root
    _objects(step, opened, locked)


def _seals(entry: Entry) -> bool:
    return entry.kind == Kind.EVIDENCE_SEALED


def _objects(step: Step, opened: Opened, locked: LockedCopies | None) -> None:
    if locked is None:
        if opened.manifests:
            step.note("the stored objects themselves were not read: run it against the live system")
        return
    for manifest in opened.manifests:
        for item in manifest.items:
            compare_copy(step, item.key, item.sha256, locked)
