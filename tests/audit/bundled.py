"""A bundle of a real incident: run by the real workflows, exported as `andon audit export` does.

What stands for locked storage is in memory; the log over all incidents, its checkpoints and the
witness are made with the domain's own functions.
"""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from temporalio.client import WorkflowHistory

from andon.adapters.store.ledger import batch_key, lines_of
from andon.audit.chain import LockedCopies, LockedObject
from andon.audit.exported import Exported, Sealing
from andon.audit.runs import run_of
from andon.audit.stage import stage
from andon.audit.trust import Trust
from andon.audit.write import Staging, bag
from andon.domain.archive import Archive, Milestone, RunKept, archive_key
from andon.domain.checkpoint import Leaf
from andon.domain.custody import Access, AccessKind, access_entry
from andon.domain.incident import Exhibit
from andon.domain.ledger import Chain, Entry, Head, verify_chain
from andon.domain.note import WITNESS as COSIGNS
from andon.domain.note import Checkpoint, cosign, key_of, sign_note
from andon.domain.signing import Envelope
from andon.domain.values import canonical, digest_of, sha256
from tests.tree import Tree
from tests.workflows.case import Case, trusted

LOG_SEED, WITNESS_SEED, OTHER_SEED = b"l" * 32, b"w" * 32, b"o" * 32
LOG_NAME, WITNESS_NAME = "log.example/andon", "witness.example"
EXPORTED_AT = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)
LOCKED_UNTIL = datetime(2028, 1, 1, tzinfo=UTC)
TRUST = Trust(
    attestation=trusted(),
    log=(key_of(LOG_NAME, LOG_SEED).text(),),
    witnesses=(key_of(WITNESS_NAME, WITNESS_SEED, COSIGNS).text(),),
)
OTHERS = 5
"""Leaves of other incidents before and after this one's."""


@dataclass
class Made:
    """Everything a bundle is made from; forging changes it and makes the bundle anew."""

    exported: Exported
    histories: Sequence[WorkflowHistory]
    objects: dict[str, bytes]
    locked: LockedCopies
    file: str
    tree: Tree
    pinned: bytes

    @property
    def incident(self) -> str:
        return self.exported.incident

    def entries(self) -> list[Entry]:
        return [Entry.model_validate_json(line) for line in self.exported.entries]

    def write(self, target: Path, *, at: datetime = EXPORTED_AT) -> Path:
        staging = Staging(target)
        for key, content in self.objects.items():
            staging.stream(key, [content])
        stage(
            staging,
            self.exported,
            locked=self.locked,
            histories=self.histories,
            file=self.file,
            trust=TRUST,
        )
        return staging.finish(self.incident, at, agent="andon test")

    def with_entries(self, entries: Sequence[Entry]) -> Made:
        """Rewrite the chain and all that an attacker with the whole server could make agree with it."""
        chained = relinked(entries)
        head = verify_chain(chained)
        exported = replace(
            self.exported,
            entries=tuple(canonical(one).decode() for one in chained),
            heads={place: head for place in self.exported.heads if place != "history"},
        )
        return replace(self, exported=exported, locked=copies(exported, self.objects, self.locked))


def relinked(entries: Sequence[Entry]) -> list[Entry]:
    made: list[Entry] = []
    for sequence, entry in enumerate(entries):
        previous = made[-1].digest() if made else "0" * 64
        made.append(entry.model_copy(update={"sequence": sequence, "previous": previous}))
    return made


def made_from(case: Case, runs: Sequence[WorkflowHistory]) -> Made:
    """Gather a finished case as an export would."""
    from tests.audit.test_real_incidents import exported_from  # noqa: PLC0415 - the tests of this folder use it

    exported = exported_from(case, runs)
    archive, archived = _archived(exported.incident, runs, len(exported.entries))
    access = _looked(exported.incident, archive)
    exported = replace(
        exported,
        heads={place: head for place, head in exported.heads.items() if place != "history"},
        access=tuple(canonical(one).decode() for one in access),
        access_head=verify_chain(access),
        policies=_policies(exported),
    )
    store = case.parts.store.objects
    objects = {key: content for key, content in store.items() if key.startswith("evidence/")} | archived
    file = _file(exported)
    tree, sealing, pinned = checkpointed(exported)
    exported = replace(exported, sealing=sealing)
    locked = copies(exported, objects, None)
    return Made(exported, runs, objects, locked, file, tree, pinned)


def _file(exported: Exported) -> str:
    """Return the file that the fake writer took the digest of."""
    tried = (canonical({"entries": count}) for count in range(len(exported.entries) + 1))
    named = Entry.model_validate_json(exported.entries[-2]).digests["file"]
    return next(text.decode() for text in tried if sha256(text) == named)


def checkpointed(exported: Exported) -> tuple[Tree, Sealing, bytes]:
    """Return the log, the newest checkpoint with its proofs, and an earlier note an auditor kept."""
    entries = [Entry.model_validate_json(line) for line in exported.entries]
    access = [Entry.model_validate_json(line) for line in exported.access]
    at = entries[-1].at + timedelta(minutes=1)
    own = [
        Leaf(
            at=at, incident=exported.incident, chain=Chain.RESPONSE, length=n, digest=entries[n - 1].digest()
        )
        for n in sorted({len(entries) // 2, len(entries)})
    ]
    if access:
        own.append(
            Leaf(
                at=at,
                incident=exported.incident,
                chain=Chain.ACCESS,
                length=len(access),
                digest=access[-1].digest(),
            )
        )
    others = [
        Leaf(
            at=at, incident=f"INC-20261101-{n:06d}", chain=Chain.RESPONSE, length=1, digest=sha256(b"%d" % n)
        )
        for n in range(2 * OTHERS)
    ]
    leaves = [*others[:OTHERS], own[0], *others[OTHERS:], *own[1:]]
    tree = Tree(leaf.hash() for leaf in leaves)
    early = OTHERS + 2
    proofs = {
        "leaves": [
            {
                "index": index,
                "leaf": leaf.model_dump(mode="json"),
                "proof": [one.hex() for one in tree.inclusion(index)],
            }
            for index, leaf in enumerate(leaves)
            if leaf in own
        ],
        "consistency": [{"size": early, "proof": [one.hex() for one in tree.consistency(early)]}],
    }
    sealing = Sealing(note=note_of(tree, tree.size, at), proof=canonical(proofs))
    return tree, sealing, note_of(tree, early, at - timedelta(minutes=30))


def _ends(entries: list[Entry], access: list[Entry]) -> list[tuple[list[Entry], int]]:
    found = [(entries, n) for n in sorted({len(entries) // 2, len(entries)})]
    return [*found, (access, len(access))] if access else found


def _leaf(at: datetime, entries: list[Entry]) -> Leaf:
    last = entries[-1]
    return Leaf(at=at, incident=last.incident, chain=last.chain, length=len(entries), digest=last.digest())


def _stranger(at: datetime, number: int) -> Leaf:
    digest = sha256(b"%d" % number)
    return Leaf(at=at, incident=f"INC-20261101-{number:06d}", chain=Chain.RESPONSE, length=1, digest=digest)


def note_of(
    tree: Tree, size: int, at: datetime, *, seed: bytes = LOG_SEED, witness: bytes | None = WITNESS_SEED
) -> bytes:
    body = Checkpoint(origin=LOG_NAME, size=size, root=tree.root(size)).body()
    note = sign_note(body, LOG_NAME, seed)
    if witness is not None:
        note = note.with_lines([cosign(note, WITNESS_NAME, witness, int(at.timestamp()))])
    return note.text().encode()


def copies(exported: Exported, objects: dict[str, bytes], before: LockedCopies | None) -> LockedCopies:
    """Return what locked storage would say of all that."""
    found: dict[str, LockedObject] = {}
    entries = [Entry.model_validate_json(line) for line in exported.entries]
    envelopes = {digest: Envelope.model_validate_json(line) for digest, line in exported.statements.items()}
    left = dict(envelopes)
    for start in range(0, len(entries), 3):
        batch = entries[start : start + 3]
        named = {digest for entry in batch for digest in entry.digests.values() if digest in left}
        exhibits = [Exhibit(digest=digest, envelope=left.pop(digest)) for digest in sorted(named)]
        found[batch_key(batch[0])] = _object(lines_of(batch, exhibits))
    for line in exported.access:
        found[batch_key(Entry.model_validate_json(line))] = _object(f"{line}\n".encode())
    for number, text in enumerate(exported.manifests, start=1):
        found[f"manifests/{exported.incident}/{number:04d}.json"] = _object(text.encode(), lines=False)
    for key, content in objects.items():
        found[key] = _object(content, lines=False, version="1")
    return LockedCopies(objects=found, checked_at=before.checked_at if before else EXPORTED_AT)


def _object(content: bytes, *, lines: bool = True, version: str = "v1") -> LockedObject:
    return LockedObject(
        sha256=sha256(content),
        versions=1,
        delete_markers=0,
        locked_until=LOCKED_UNTIL,
        lines=tuple(sha256(line) for line in content.splitlines()) if lines else (),
        version_id=version,
        size_bytes=len(content),
        mode="COMPLIANCE",
    )


def _archived(
    incident: str, runs: Sequence[WorkflowHistory], length: int
) -> tuple[Archive, dict[str, bytes]]:
    """Return the archive at the close, and its objects."""
    content = {run_of(one): one.to_json().encode() for one in runs}
    kept = tuple(
        RunKept(
            workflow=one.workflow_id,
            run=run_of(one),
            type="Incident",
            events=len(one.events),
            ended=True,
            sha256=sha256(content[run_of(one)]),
        )
        for one in runs
    )
    milestone = Milestone(kind="closed", sequence=length - 1)
    archive = Archive(incident=incident, milestone=milestone, at=EXPORTED_AT, build="test", runs=kept)
    objects = {one.key(incident): content[one.run] for one in kept}
    return archive, objects | {archive_key(incident, milestone): archive.content()}


def _looked(incident: str, archive: Archive) -> list[Entry]:
    """Return an access chain: somebody looked, the histories were archived, somebody exported."""
    key = archive_key(incident, archive.milestone)
    steps: list[tuple[AccessKind, str, dict[str, str]]] = [
        (AccessKind.VIEWED, "", {}),
        (AccessKind.ARCHIVED, key, {"archive": archive.digest()}),
        (AccessKind.EXPORTED, "", {}),
    ]
    entries: list[Entry] = []
    head = Head()
    for minute, (what, item, digests) in enumerate(steps):
        access = Access(
            incident=incident,
            actor="person:p-auditor",
            what=what,
            item=item,
            digests=digests,
            at=datetime(2026, 11, 21, 20, minute, tzinfo=UTC),
        )
        entries.append(access_entry(access, head))
        head = Head(length=len(entries), digest=entries[-1].digest())
    return entries


def _policies(exported: Exported) -> dict[str, str]:
    texts = [canonical({"policy": "of this test", "about": exported.incident}).decode()]
    return {digest_of({"policy": "of this test", "about": exported.incident}): texts[0]}


def again(folder: Path) -> None:
    """Make the lists of a bag anew over a folder that was changed: what any forger does first."""
    digests = {
        str(path.relative_to(folder)): sha256(path.read_bytes())
        for path in sorted((folder / "data").rglob("*"))
        if path.is_file() and not path.is_symlink()
    }
    sizes = [(folder / name).stat().st_size for name in digests]
    lines = (folder / "bag-info.txt").read_text().splitlines()
    info = dict(line.split(": ", 1) for line in lines)
    bag(folder, digests, info | {"Payload-Oxum": f"{sum(sizes)}.{len(sizes)}"})


def copied(bundle: Path, to: Path) -> Path:
    shutil.copytree(bundle, to, symlinks=True)
    return to
