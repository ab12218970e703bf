"""Checks on the chain itself: its form, its links, its end, and its copies in locked storage."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

from andon.audit.exported import Opened
from andon.audit.findings import Step
from andon.domain.evidence import Manifest
from andon.domain.ledger import Chain, Entry, Head, Kind
from andon.domain.values import NOTHING_YET, IncidentId, Instant, Sha256Hex

REGISTER: Final = "register"
"""The head of the register belongs to the entries themselves; those of other places may lag behind."""


@dataclass(frozen=True, slots=True)
class LockedObject:
    """One key of the evidence store as the auditor's identity sees it."""

    sha256: Sha256Hex
    versions: int
    delete_markers: int
    locked_until: Instant | None
    lines: tuple[Sha256Hex, ...] = ()
    """Of a batch of ledger entries: the digest of each line."""
    version_id: str = ""
    size_bytes: int = 0
    mode: str = ""


@dataclass(frozen=True)
class LockedCopies:
    """What locked storage holds of one incident, by key."""

    objects: Mapping[str, LockedObject]
    checked_at: Instant

    def under(self, prefix: str) -> list[str]:
        """Return the keys that start with `prefix`, sorted."""
        return sorted(key for key in self.objects if key.startswith(prefix))

    def ahead_of(self, incident: IncidentId, chain: Chain, length: int) -> bool:
        """Whether a batch of a chain begins behind its first `length` entries."""
        prefix = f"ledger/{incident}/{chain}/"
        places = (key.removeprefix(prefix).removesuffix(".jsonl") for key in self.under(prefix))
        return any(place.isdecimal() and int(place) >= length for place in places)


def check_form(step: Step, opened: Opened) -> None:
    """Every line is its own canonical form, and belongs to this incident and chain."""
    step.checked += opened.lines
    for line in opened.unreadable:
        step.broken(line.where, line.problem)
    for entry in opened.entries:
        if entry.incident != opened.incident:
            step.broken(_named(entry), f"belongs to {entry.incident}")
        if entry.chain is not Chain.RESPONSE:
            step.broken(_named(entry), f"belongs to the {entry.chain} chain")
    for entry in opened.access:
        if (entry.incident, entry.chain) != (opened.incident, Chain.ACCESS):
            step.broken(f"access {_named(entry)}", f"belongs to the {entry.chain} chain of {entry.incident}")


def check_access(step: Step, opened: Opened) -> None:
    """Who looked, exported, held and erased is a chain of its own, whose end the register knows."""
    if not opened.access:
        known = opened.exported.access_head
        step.must(
            known is None or not known.length, "access chain", "is not there, and the register knows one"
        )
        return
    found = Step(step.number, step.title, step.detects)
    check_links(found, opened.access)
    if opened.exported.access_head is not None:
        check_head(found, opened.access, {REGISTER: opened.exported.access_head})
    step.checked += found.checked
    for one in found.findings:
        step.broken(f"access {one.where}", one.problem)


def check_links(step: Step, entries: Sequence[Entry]) -> None:
    """Every entry is there once, in its place, and names its predecessor's digest.

    An altered entry breaks the link to the one after it; one whose `previous` was altered
    breaks the links on both sides. That tells the two apart.
    """
    step.checked += len(entries)
    if not entries:
        step.broken("the chain", "holds no entry")
        return
    _places(step, entries)
    chain = sorted({entry.sequence: entry for entry in entries}.values(), key=lambda one: one.sequence)
    if chain[0].sequence == 0 and chain[0].previous != NOTHING_YET:
        step.broken(_named(chain[0]), "is the first and yet names a predecessor")
    neighbours = [pair for pair in pairwise(chain) if pair[1].sequence == pair[0].sequence + 1]
    torn = [pair for pair in neighbours if not follows(*pair)]
    for before, after in torn:
        both_sides = any(following[0] is after for following in torn)
        step.broken(
            _named(after if both_sides else before),
            f"was altered, added or exchanged: entry {after.sequence} names {after.previous[:16]} as its "
            f"predecessor, and entry {before.sequence} is {before.digest()[:16]}",
        )


def check_head(step: Step, entries: Sequence[Entry], heads: Mapping[str, Head]) -> None:
    """The end of the chain is the one that is known elsewhere."""
    if not heads:
        step.note("no head of this chain is known from elsewhere: a cut at its end would not show")
        return
    chain = {entry.sequence: entry for entry in entries}
    length = max(chain, default=-1) + 1
    for place, known in heads.items():
        step.checked += 1
        if known.length > length:
            missing = f"entries {length} to {known.length - 1}"
            step.broken(missing, f"are missing: {place} knows {known.length}, here are {length}")
        elif known.length < length and place == REGISTER:
            step.broken(
                f"entry {known.length}",
                f"and what follows are unknown to {place}, which knows {known.length} entries",
            )
        else:
            _same_end(step, place, known, chain)
            if known.length < length:
                step.note(f"{place} knows the first {known.length} of {length} entries")


def _same_end(step: Step, place: str, known: Head, chain: Mapping[int, Entry]) -> None:
    there = chain.get(known.length - 1)
    found = there.digest() if there is not None else NOTHING_YET
    if found != known.digest:
        step.broken(
            f"entry {known.length - 1}",
            f"was altered, or one before it: {place} knows {known.digest[:16]}, not {found[:16]}",
        )


def check_locked(step: Step, opened: Opened, locked: LockedCopies | None) -> None:
    """Locked storage holds the same entries, statements and manifests: one version each, none deleted."""
    if locked is None:
        step.note("nothing says what locked storage holds: run it against the live system")
        return
    statements = opened.exported.statements.keys()
    later = (_named_statements(opened.access) - _named_statements(opened.entries)) & statements
    _check_batches(step, Chain.RESPONSE, opened.entries, statements - later, locked)
    if opened.access:
        _check_batches(step, Chain.ACCESS, opened.access, later, locked)
    for root, one in opened.manifests():
        if isinstance(one, Manifest):
            compare_copy(step, f"manifests/{opened.incident}/{one.snapshot:04d}.json", root, locked)
    if any(entry.kind == Kind.FORKED for entry in opened.entries):
        step.note("the chain records a fork: two histories wrote to it, and it went on from the stored one")


def _check_batches(
    step: Step, chain: Chain, held: Sequence[Entry], statements: Collection[Sha256Hex], locked: LockedCopies
) -> None:
    """The batches in locked storage, line by line, are the chain and the statements it names, once each."""
    entries = {entry.digest(): entry.sequence for entry in held}
    if not entries:
        return
    step.checked += len(entries) + len(statements)
    seen: Counter[Sha256Hex] = Counter()
    for key in locked.under(f"ledger/{held[0].incident}/{chain}/"):
        found = locked.objects[key]
        seen.update(found.lines)
        _once_and_locked(step, key, found)
        here = [entries[line] for line in found.lines if line in entries]
        strange = sum(line not in entries and line not in statements for line in found.lines)
        if strange or not here:
            step.broken(key, f"holds {strange} lines of other content than what was handed over")
        elif here != list(range(here[0], here[0] + len(here))) or not key.endswith(f"/{here[0]:08d}.jsonl"):
            step.broken(key, "holds entries of another place in the chain")
    for digest, sequence in entries.items():
        _held_once(step, f"{'access ' if chain is Chain.ACCESS else ''}entry {sequence}", seen[digest])
    for digest in statements:
        _held_once(step, f"statement {digest[:16]}", seen[digest])


def _named_statements(entries: Sequence[Entry]) -> set[Sha256Hex]:
    return {entry.digests["statement"] for entry in entries if "statement" in entry.digests}


def _held_once(step: Step, name: str, times: int) -> None:
    if times != 1:
        step.broken(name, f"is {times} times in locked storage" if times else "is not in locked storage")


def compare_copy(step: Step, key: str, digest: Sha256Hex, locked: LockedCopies) -> None:
    """One object is there with these bytes, in one version, not deleted, and locked."""
    found = locked.objects.get(key)
    step.checked += 1
    if found is None:
        step.broken(key, "is not in locked storage")
        return
    if found.sha256 != digest:
        step.broken(key, f"holds other content (SHA-256 {found.sha256[:16]}, expected {digest[:16]})")
    _once_and_locked(step, key, found)


def _once_and_locked(step: Step, key: str, found: LockedObject) -> None:
    if found.versions != 1:
        step.broken(key, f"has {found.versions} versions; it is written once")
    if found.delete_markers:
        step.broken(key, "was deleted (a delete marker stands over it)")
    if found.locked_until is None:
        step.broken(key, "is not locked")


def follows(before: Entry, after: Entry) -> bool:
    """Whether `after` names `before` as its predecessor."""
    return after.previous == before.digest()


def _places(step: Step, entries: Sequence[Entry]) -> None:
    counted = Counter(entry.sequence for entry in entries)
    highest = -1
    for entry in entries:
        if entry.sequence < highest:
            step.broken(_named(entry), f"is out of place: it stands after entry {highest}")
        highest = max(highest, entry.sequence)
    for sequence, count in sorted(counted.items()):
        if count > 1:
            step.broken(f"entry {sequence}", f"is there {count} times")
    # A line may claim any number, so gaps are listed as ranges, not one by one.
    present = sorted(counted)
    for before, after in zip([-1, *present], present, strict=False):
        if after > before + 1:
            _missing(step, before + 1, after - 1)


def _missing(step: Step, first: int, last: int) -> None:
    if first == last:
        step.broken(f"entry {first}", "is missing")
    else:
        step.broken(f"entries {first} to {last}", "are missing")


def _named(entry: Entry) -> str:
    return f"entry {entry.sequence}"
