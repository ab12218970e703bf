"""`andon audit export`: everything of one incident as a bundle that verifies with no access to us."""

from __future__ import annotations

import hashlib
import os
import sys
import threading
from collections.abc import Collection, Iterable, Iterator, Mapping
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Annotated, Final

from cyclopts import Parameter

from andon.audit.stage import stage
from andon.audit.write import Staging
from andon.cli import screen
from andon.cli.collect import Gathered, gather
from andon.cli.outcome import CommandError, Exit
from andon.cli.place import HERE, Where, find
from andon.cli.redacting import stage_views
from andon.cli.service import console
from andon.cli.words import segment
from andon.domain.errors import InvalidInputError
from andon.domain.note import read_checkpoint, read_note
from andon.domain.values import Sha256Hex

AUDITOR: Final = "auditor"
SAID_EVERY: Final = 100
"""Objects between two lines that tell how far it has come."""


class _Shelf:
    """Stages evidence as it is read, but what views stand for, and tells how far that has come."""

    def __init__(self, staging: Staging, *, quiet: bool, left_out: Collection[str] = ()) -> None:
        self._staging = staging
        self._quiet = quiet
        self._left_out = left_out
        self._lock = threading.Lock()
        self.taken = self.found = self.size_bytes = 0

    def kept(self, key: str) -> Sha256Hex | None:
        """Return the digest of an object that an earlier try has fetched."""
        digest = self._staging.kept(key) if key not in self._left_out else None
        if digest is not None:
            with self._lock:
                self.found += 1
        return digest

    def stream(self, key: str, chunks: Iterable[bytes]) -> Sha256Hex:
        """Stage an object."""
        if key in self._left_out:
            return _digest_of(chunks)
        digest = self._staging.stream(key, self._counted(chunks))
        with self._lock:
            self.taken += 1
            if not self._quiet and self.taken % SAID_EVERY == 0:
                screen.warn(f"andon: {self.taken} objects, {self.size_bytes:,} bytes")
        return digest

    def _counted(self, chunks: Iterable[bytes]) -> Iterator[bytes]:
        for chunk in chunks:
            with self._lock:
                self.size_bytes += len(chunk)
            yield chunk


def export(
    incident: str,
    out: Path,
    /,
    *,
    trust_out: Path | None = None,
    pinned: Path | None = None,
    redacted: Annotated[bool, Parameter(negative="")] = False,
    where: Where = HERE,
    json: Annotated[bool, Parameter(negative="")] = False,
) -> int:
    """Write a bundle: all that is needed to verify an incident with no access to Andon.

    OUT is a folder, or a file that ends in `.zip`; it must not be there yet. Evidence is as it is
    stored: encrypted; with --redacted there are redacted views, in clear, in the place of what your role
    may see, and the rest stays encrypted. Each view is on the access chain, so it verifies offline; that
    it says what its original says does not.

    The export is put on the incident's access chain before anything is read. One that was cut off goes on
    where it was when it is started again.

    Example: andon audit export INC-20260301-4f7k2a incident.zip --trust-out keys.json

    Args:
        incident: its id.
        out: what to write.
        trust_out: write the keys the console names here. Compare them with your own copy.
        pinned: a checkpoint that you hold; the proof that the log has grown from it comes along.
        redacted: redacted views in the place of originals.
        where: where Andon is, and who asks.
        json: print what was written as JSON.
    """
    if out.exists():
        raise CommandError(f"{out} is there already; name a new one", Exit.BAD_INPUT)
    since = _size_of(pinned)
    place = find(where, role=AUDITOR)
    staging = Staging(out)
    left_out: Collection[str] = ()
    with console(place) as service:
        service.post(f"/v1/incidents/{segment(incident)}/exports", {"views": redacted})
        if redacted:
            left_out = stage_views(service, incident, staging)
    shelf = _Shelf(staging, quiet=json or not sys.stderr.isatty(), left_out=left_out)
    found = gather(place, incident, shelf=shelf, since=since)
    if found.locked is None:
        raise CommandError("; ".join(found.notes), Exit.UNREACHABLE)
    _finish(staging, incident, found, trust_out)
    keys = str(trust_out) if trust_out else None
    _tell({"incident": incident, "bundle": str(out), **_counts(found, shelf), "keys": keys}, json=json)
    return Exit.OK


def _finish(staging: Staging, incident: str, found: Gathered, trust_out: Path | None) -> None:
    stage(
        staging,
        found.exported,
        locked=found.locked,
        histories=found.histories,
        file=found.file,
        trust=found.trust(),
    )
    staging.finish(incident, datetime.now(UTC), agent=f"andon {version('andon')}")
    if trust_out is not None:
        write_new(trust_out, found.trust().model_dump_json(indent=1))
    for note in found.notes:
        screen.warn(f"andon: {note}")


def _tell(summary: Mapping[str, object], *, json: bool) -> None:
    if json:
        screen.as_json({name.replace(" ", "_"): value for name, value in summary.items()})
    else:
        screen.pairs("Exported", summary)


def _counts(found: Gathered, shelf: _Shelf) -> dict[str, object]:
    """Return how much of what is in the bundle."""
    return {
        "entries": len(found.exported.entries),
        "statements": len(found.exported.statements),
        "manifests": len(tuple(found.exported.manifests)),
        "objects": shelf.taken + shelf.found,
        "fetched before": shelf.found,
        "histories": len(found.histories),
        "checkpoint": "yes" if found.exported.sealing else "no",
    }


def write_new(path: Path, text: str) -> None:
    """Write a file for its owner only.

    Raises:
        CommandError: it is there already, or can't be written.
    """
    try:
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as out:
            out.write(text + "\n")
    except FileExistsError as error:
        raise CommandError(f"{path} is there already; name a new file", Exit.BAD_INPUT) from error
    except OSError as error:
        raise CommandError(f"{path} can't be written: {error.strerror}", Exit.BAD_INPUT) from error


def _digest_of(chunks: Iterable[bytes]) -> Sha256Hex:
    digest = hashlib.sha256()
    for chunk in chunks:
        digest.update(chunk)
    return digest.hexdigest()


def _size_of(path: Path | None) -> int | None:
    if path is None:
        return None
    try:
        return read_checkpoint(read_note(path.read_bytes())).size
    except OSError as error:
        raise InvalidInputError(f"{path} can't be read: {error.strerror}") from error
