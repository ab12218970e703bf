"""Staging every text of an incident as a bundle has it; the objects are staged as they are read."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from importlib.metadata import Distribution, version

from temporalio.client import WorkflowHistory

from andon.audit.bundle import About, Code, Heads
from andon.audit.chain import LockedCopies
from andon.audit.exported import Exported, Sealing
from andon.audit.layout import (
    ABOUT,
    ACCESS,
    CODE,
    FILE,
    HEADS,
    KEYS,
    LOCKS,
    NOTE,
    PROOF,
    RESPONSE,
    STAMP,
    by_digest,
    history,
    manifest,
)
from andon.audit.locks import Lock
from andon.audit.runs import builds
from andon.audit.trust import Trust
from andon.audit.write import Staging
from andon.domain.evidence import Manifest
from andon.domain.values import canonical, sha256
from workers.build import build_id


def stage(
    staging: Staging,
    exported: Exported,
    *,
    locked: LockedCopies | None,
    histories: Sequence[WorkflowHistory] = (),
    file: str | None = None,
    trust: Trust | None = None,
) -> None:
    """Stage the texts.

    Args:
        staging: where to.
        exported: what the console gave.
        locked: what locked storage said of its objects.
        histories: of the incident's workflow and its children.
        file: the incident file, once it was written.
        trust: the keys that the server names, for comparison with the auditor's own.
    """
    staging.put(ABOUT, canonical(About(incident=exported.incident)))
    heads = {place: head for place, head in exported.heads.items() if place != "history"}
    staging.put(HEADS, canonical(Heads(response=heads, access=exported.access_head)))
    staging.put(RESPONSE, _lined(exported.entries))
    if exported.access:
        staging.put(ACCESS, _lined(exported.access))
    _named(staging, exported)
    for number, run in enumerate(histories, start=1):
        # Temporal's own JSON gives the entries of a map in any order.
        staging.put(history(number), canonical(json.loads(run.to_json())))
    if locked is not None:
        staging.put(LOCKS, _lined(_locks(locked)))
    if file is not None:
        staging.put(FILE, file.encode())
    _sealing(staging, exported.sealing)
    if trust is not None:
        staging.put(KEYS, canonical(trust))
    staging.put(CODE, canonical(_code(histories)))


def _named(staging: Staging, exported: Exported) -> None:
    folders = {
        "statements": exported.statements,
        "questions": exported.requests,
        "directories": exported.directories,
        "policies": exported.policies,
        "reviews": exported.reviews,
    }
    for folder, texts in folders.items():
        for digest, text in texts.items():
            staging.put(by_digest(folder, digest), text.encode())
    for text in exported.manifests:
        staging.put(manifest(Manifest.model_validate_json(text).snapshot), text.encode())


def _sealing(staging: Staging, sealing: Sealing | None) -> None:
    if sealing is None:
        return
    staging.put(NOTE, sealing.note)
    staging.put(PROOF, sealing.proof)
    if sealing.stamp is not None:
        staging.put(STAMP, sealing.stamp)


def _locks(locked: LockedCopies) -> Iterator[str]:
    """Return a line for each object: what the store said of it."""
    for key in sorted(locked.objects):
        found = locked.objects[key]
        lock = Lock(
            key=key,
            sha256=found.sha256,
            size_bytes=found.size_bytes,
            version_id=found.version_id,
            mode=found.mode,
            locked_until=found.locked_until,
            versions=found.versions,
            delete_markers=found.delete_markers,
            lines=found.lines,
        )
        yield canonical(lock).decode()


def _code(histories: Sequence[WorkflowHistory]) -> Code:
    files = Distribution.from_name("andon").read_text("RECORD") or ""
    return Code(
        release=version("andon"),
        build=build_id(),
        package=sha256(files.encode()),
        ran=tuple(sorted(builds(histories))),
    )


def _lined(lines: Iterable[str]) -> bytes:
    return "".join(f"{line}\n" for line in lines).encode()
