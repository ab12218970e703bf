"""Checks on the evidence: the manifests the chain names, and the objects they list, both ways."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from andon.audit.chain import LockedCopies, compare_copy
from andon.audit.exported import Opened, Unreadable
from andon.audit.findings import Step
from andon.audit.rows import Rows
from andon.audit.views import ViewsNamed, views_named
from andon.domain.archive import ARCHIVE
from andon.domain.custody import AccessKind
from andon.domain.evidence import EvidenceItem, Manifest, RowState
from andon.domain.ledger import Entry, Kind
from andon.domain.values import NOTHING_YET, Sha256Hex, sha256


class Objects(Protocol):
    """The objects of locked storage that were handed over."""

    def digest(self, key: str) -> Sha256Hex | None:
        """Return the SHA-256 of an object; None if it is not there."""

    def part(self, key: str, offset: int, size: int) -> Sha256Hex | None:
        """Return the SHA-256 of a part of an object; None if the object is too short."""

    def form(self, key: str) -> Sha256Hex | None:
        """Return the digest of an object of JSON in its canonical form; None: it is not there, or is none."""

    def stored(self) -> Iterable[str]:
        """Return the keys of all objects, in their order."""

    def view(self, item: Sha256Hex) -> str | None:
        """Return the redacted view of the item with these stored bytes; None if it is not there."""

    def views(self) -> Iterable[Sha256Hex]:
        """Return the stored digests of the items of which there is a view."""


def check_evidence(
    step: Step, opened: Opened, locked: LockedCopies | None, objects: Objects | None = None
) -> None:
    """Every sealed root is the digest of a manifest that is there, and its objects are unaltered."""
    sealed = {entry.digests.get("root", ""): entry for entry in opened.entries if _seals(entry)}
    named, roots, ended = Rows[int](), set[Sha256Hex](), _ended(opened)
    views = views_named(opened.access)
    previous = NOTHING_YET
    for root, manifest in opened.manifests():
        if isinstance(manifest, Unreadable):
            step.broken(manifest.where, manifest.problem)
            continue
        roots.add(root)
        _rows(step, manifest)
        keys = sorted({*manifest.leftovers, *(item.key for item in manifest.items)})
        named.fill((key, manifest.snapshot) for key in keys)
        _items(step, manifest, locked, objects, _Beside(ended, views))
        if _in_order(step, opened, manifest, sealed.get(root), previous):
            previous = root
    for root, entry in sealed.items():
        there = root in roots
        step.must(there, f"entry {entry.sequence}", f"seals {root[:16] or '(none)'}, and no manifest has it")
    if objects is not None:
        views.finish(step, objects.views())
        _unnamed(step, (key for key in objects.stored() if key not in named), locked)
    elif locked is None and roots:
        step.note("the stored objects themselves were not read: run it against the live system")


def _unnamed(step: Step, keys: Iterable[str], locked: LockedCopies | None) -> None:
    """What no manifest names is no evidence; what locked storage does not know either was planted."""
    known = locked.objects if locked is not None else {}
    beside = 0
    for key in keys:
        if not key.startswith(ARCHIVE):
            step.must(key in known, key, "is there, and no manifest names it: it was planted")
            beside += key in known
    if beside:
        step.note(f"{beside} objects are of no manifest, such as reports of evaluations and redacted views")


def check_file(step: Step, opened: Opened, content: str | None) -> None:
    """The incident file is the one that the chain names last."""
    written = [entry for entry in opened.entries if entry.kind == Kind.FILE_WRITTEN]
    if content is None:
        if written:
            step.note("the incident file was written and is not here")
        return
    digest = sha256(content.encode("utf-8", "surrogatepass"))
    named = {entry.digests.get("file") for entry in written}
    step.must(digest in named, "incident file", "is not one that an entry names: it was altered")


def _in_order(
    step: Step, opened: Opened, manifest: Manifest, seal: Entry | None, previous: Sha256Hex
) -> bool:
    """Check a manifest against the chain; whether the next one follows it."""
    name = f"manifest {manifest.snapshot}"
    given_up = {entry.subject for entry in opened.entries if entry.kind == Kind.EVIDENCE_FAILED}
    if seal is None and str(manifest.snapshot) in given_up:
        step.note(f"{name} was sealed after the incident had given it up")
        return False
    step.must(seal is not None, name, "was altered, or no entry seals it")
    step.must(manifest.incident == opened.incident, name, f"belongs to {manifest.incident}")
    step.must(manifest.previous == previous, name, "does not name the root of the snapshot before")
    if seal is not None:
        step.must(manifest.sealed_at <= seal.at, name, "was sealed after the entry that seals it")
    return True


def _seals(entry: Entry) -> bool:
    return entry.kind == Kind.EVIDENCE_SEALED


def _rows(step: Step, manifest: Manifest) -> None:
    """A row that was captured has items, and one that was not says why."""
    explained = {gap.row for gap in manifest.gaps}
    for row in manifest.rows:
        name = f"manifest {manifest.snapshot}, row {row.row}"
        if row.state is RowState.GAP:
            step.must(row.row in explained and row.reason is not None, name, "is a gap, and nothing says why")
        elif row.state is RowState.CAPTURED:
            step.must(row.items > 0, name, "counts as captured, without an item")


def _ended(opened: Opened) -> dict[Sha256Hex, int]:
    """Return the objects that the custodian deleted when their time was over, with the entry that says so."""
    found: dict[Sha256Hex, int] = {}
    for entry in opened.access:
        due = str(entry.facts.get("due", ""))
        if entry.kind == AccessKind.OBJECT_DELETED and due and datetime.fromisoformat(due) <= entry.at:
            found[entry.digests.get("object", "")] = entry.sequence
    return found


@dataclass(frozen=True)
class _Beside:
    """What the access chain tells of items: which were deleted when due, and of which views were made."""

    ended: Mapping[Sha256Hex, int]
    views: ViewsNamed


def _items(
    step: Step,
    manifest: Manifest,
    locked: LockedCopies | None,
    objects: Objects | None,
    beside: _Beside,
) -> None:
    seen: set[str] = set()
    packs: set[str] = set()
    for item in manifest.items:
        if item.id in seen:
            step.broken(f"manifest {manifest.snapshot}", f"lists {item.id} twice")
        seen.add(item.id)
        whole = item.pack or item.sha256
        there = objects.digest(item.key) if objects is not None else None
        gone = objects is not None and there is None
        gone = gone or (locked is not None and locked.objects.get(item.key) is None)
        if gone and whole in beside.ended:
            step.note(f"{item.id} was deleted when its time was over: access entry {beside.ended[whole]}")
            continue
        if objects is not None and not _view_stands_in(step, item, there, objects, beside.views):
            _same_bytes(step, item, there, objects)
        if locked is not None and (not item.pack or item.key not in packs):
            compare_copy(step, item.key, whole, locked)
            _as_receipted(step, item, locked)
        packs.add(item.key)


def _view_stands_in(
    step: Step, item: EvidenceItem, whole: Sha256Hex | None, objects: Objects, views: ViewsNamed
) -> bool:
    """Check the view of an item, if there is one; whether it stands in the place of the bytes."""
    view = objects.view(item.sha256)
    if view is not None:
        views.check(step, item, view)
    in_place = view is not None and whole is None
    views.in_place += in_place
    return in_place


def _same_bytes(step: Step, item: EvidenceItem, whole: Sha256Hex | None, objects: Objects) -> None:
    if whole is None:
        step.broken(item.key, f"is not there; it holds {item.id}")
        return
    step.must(
        whole == (item.pack or item.sha256), item.key, f"holds other bytes than were sealed as {item.id}"
    )
    if item.pack:
        part = objects.part(item.key, item.offset, item.size_bytes)
        step.must(
            part == item.sha256, item.key, f"holds other bytes at {item.offset} than sealed as {item.id}"
        )


def _as_receipted(step: Step, item: EvidenceItem, locked: LockedCopies) -> None:
    found = locked.objects.get(item.key)
    if found is None:
        return
    if found.version_id and item.version_id and found.version_id != item.version_id:
        step.broken(item.key, "is another version than the one that was sealed")
    if item.locked_until and found.locked_until and found.locked_until < item.locked_until:
        step.broken(item.key, f"is locked until {found.locked_until}: sooner than when it was sealed")
