"""Checks on archived histories: the access chain names each archive, and that names each history."""

from __future__ import annotations

from collections.abc import Mapping

from pydantic import ValidationError

from andon.audit.exported import Opened
from andon.audit.findings import Step
from andon.audit.preserved import Objects
from andon.domain.archive import Archive, RunKept
from andon.domain.custody import AccessKind
from andon.domain.values import Sha256Hex, sha256


def check_archives(
    step: Step,
    opened: Opened,
    archives: Mapping[str, bytes],
    objects: Objects,
    forms: Mapping[str, Sha256Hex],
) -> None:
    """Every archive that was written down is there, and a history that had ended is the archived one.

    Args:
        step: the check this belongs to.
        opened: what was handed over.
        archives: the lists of what was archived, by their keys.
        objects: all objects that were handed over.
        forms: id of a run -> SHA-256 of its history, as it was handed over, in canonical form.
    """
    named = {entry.subject: entry for entry in opened.access if entry.kind == AccessKind.ARCHIVED.value}
    covered: set[str] = set()
    for key, entry in named.items():
        content = archives.get(key)
        if content is None:
            step.must(False, f"access entry {entry.sequence}", f"names archive {key}, which is not there")
            continue
        same = sha256(content) == entry.digests.get("archive")
        step.must(same, key, "was altered: the access chain names another")
        archive = _read(step, key, content)
        for run in archive.runs if archive else ():
            _held(step, run, objects.digest(run.key(opened.incident)))
            if run.ended and run.run in forms:
                covered.add(run.run)
                same = objects.form(run.key(opened.incident)) == forms[run.run]
                _held(step, run, run.sha256 if same else None)
    for key in sorted(archives.keys() - named.keys()):
        step.broken(key, "is there, and the access chain names no such archive")
    if forms.keys() - covered:
        count = len(forms.keys() - covered)
        step.note(f"no archive names {count} of the histories: what they share with the ledger is compared")


def _held(step: Step, run: RunKept, digest: Sha256Hex | None) -> None:
    step.must(
        digest == run.sha256,
        run.workflow,
        f"run {run.run} has another history than the one that was archived",
    )


def _read(step: Step, key: str, content: bytes) -> Archive | None:
    try:
        return Archive.model_validate_json(content)
    except ValidationError:
        step.broken(key, "can't be read")
        return None
