"""Histories as they were archived: what is left when Temporal has forgotten, or was made to forget.

1. The newest archive of the incident is taken; each digest in it is checked against the bytes.
2. The digest of the archive itself is in the incident's access chain: whoever has that compares it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from pydantic import ValidationError
from temporalio.client import WorkflowHistory

from andon.domain.archive import Archive, archives_under
from andon.domain.errors import InvalidInputError, NotFoundError
from andon.domain.ledger import Chain, Entry
from andon.domain.values import IncidentId, sha256

HISTORIES = "histories/"


@dataclass(frozen=True)
class Archived:
    """What an archive holds, read and checked."""

    archive: Archive
    key: str
    histories: tuple[WorkflowHistory, ...]


def read_archive(
    incident: IncidentId, keys: Iterable[str], read: Callable[[str], bytes], chain: Iterable[Entry] = ()
) -> Archived:
    """Return the newest archive of an incident with its histories, the incident's own first.

    Args:
        incident: its id.
        keys: the keys that locked storage, or a bundle, has of it.
        read: gives the content under a key.
        chain: the incident's access chain, if it is at hand; then it must name this archive.

    Raises:
        NotFoundError: nothing was archived.
        InvalidInputError: a digest does not hold, or something can't be read.
    """
    prefix = archives_under(incident)
    found = sorted(key for key in keys if key.startswith(prefix) and HISTORIES not in key)
    if not found:
        raise NotFoundError("archive of", incident)
    key = found[-1]
    content = read(key)
    try:
        archive = Archive.model_validate_json(content)
    except ValidationError as error:
        raise InvalidInputError(f"{key} is no archive") from error
    named = _named(chain)
    if named and named.get(key) != sha256(content):
        raise InvalidInputError(f"{key} is not the archive that the access chain names")
    if archive.incident != incident or archive.content() != content:
        raise InvalidInputError(f"{key} is the archive of {archive.incident}, or not as it was written")
    histories = tuple(_history(archive, number, read) for number in range(len(archive.runs)))
    return Archived(archive=archive, key=key, histories=histories)


def _named(chain: Iterable[Entry]) -> Mapping[str, str]:
    """Return the digests of archives by their key, as an access chain has them."""
    return {
        entry.subject: entry.digests["archive"]
        for entry in chain
        if entry.chain is Chain.ACCESS and "archive" in entry.digests
    }


def _history(archive: Archive, number: int, read: Callable[[str], bytes]) -> WorkflowHistory:
    run = archive.runs[number]
    content = read(run.key(archive.incident))
    if sha256(content) != run.sha256:
        raise InvalidInputError(f"{run.key(archive.incident)} was altered")
    try:
        history = WorkflowHistory.from_json(run.workflow, content.decode())
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise InvalidInputError(f"{run.key(archive.incident)} is no history") from error
    if len(history.events) != run.events:
        raise InvalidInputError(f"{run.key(archive.incident)} has {len(history.events)} events")
    return history
