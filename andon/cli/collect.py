"""Gathering an audit set from a live system: console, workflow history and locked storage."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote

from pydantic import ValidationError
from temporalio.client import WorkflowHistory

from andon.audit.auditset import AuditSet, Trust, checked_trust, line_of
from andon.audit.chain import LockedCopies
from andon.audit.locked import LockedReader, StoreAccess
from andon.audit.recorded import Recorded, recorded_in
from andon.audit.replay import histories
from andon.cli import screen
from andon.cli.incidents import incident_of
from andon.cli.ledger import pages
from andon.cli.outcome import CommandError, Exit
from andon.cli.place import Place
from andon.cli.service import Service, console
from andon.domain.errors import EvidenceStoreError, NotFoundError
from andon.domain.ledger import Head
from andon.domain.values import canonical

TRUST_PATH = "/v1/trust"


@dataclass
class Gathered:
    """An audit set and the keys the server says are its own."""

    audit: AuditSet
    trust: Trust
    locked: LockedCopies | None = None
    notes: list[str] = field(default_factory=list)


def gather(place: Place, incident: str, *, objects: bool) -> Gathered:
    """Gather everything there is on an incident.

    Args:
        place: a live Andon.
        incident: its id.
        objects: read the bytes of every locked object too.

    Raises:
        CommandError: the console can't be reached, or refuses.
    """
    notes: list[str] = []
    with console(place) as service:
        entries = list(pages(service, incident))
        detail = incident_of(service, incident)
        trust = checked_trust(service.get(TRUST_PATH), "the console's list of keys")
        recorded = _recorded(place, incident, notes)
        reader = _reader(place, notes)
        statements = _statements(service, incident, entries, reader)
        directories = _directories(service, entries)
    requests = {digest: canonical(one).decode() for digest, one in recorded.requests.items()}
    heads = {name: head for name, head in (("register", _head(detail)), ("history", recorded.head)) if head}
    manifests = _lines(reader, f"manifests/{incident}/")
    audit = AuditSet(
        incident=incident,
        exported_at=datetime.now(UTC),
        entries=tuple(line_of(entry) for entry in entries),
        statements=statements,
        requests=requests,
        directories=directories,
        manifests=tuple(manifests.values()),
        heads=heads,
    )
    locked = reader.copies(incident) if reader is not None and objects else None
    return Gathered(audit=audit, trust=trust, locked=locked, notes=notes)


def fetch_histories(place: Place, incident: str) -> list[WorkflowHistory]:
    """Return every run of an incident's workflow and of its children.

    Raises:
        CommandError: Temporal can't be reached, or knows no such incident.
    """

    async def fetched() -> list[WorkflowHistory]:
        return [history async for history in histories(str(place.live("temporal")), incident)]

    try:
        return asyncio.run(fetched())
    except NotFoundError as error:
        raise CommandError(f"Temporal has no history of {screen.inert(incident)}", Exit.BAD_INPUT) from error
    except RuntimeError as error:
        raise CommandError(f"Temporal can't be reached: {str(error)[:300]}", Exit.UNREACHABLE) from error


def _recorded(place: Place, incident: str, notes: list[str]) -> Recorded:
    try:
        found = recorded_in(fetch_histories(place, incident), incident)
    except CommandError as error:
        notes.append(f"no workflow history, so questions can't be judged again: {error.message}")
        return Recorded()
    if found.unread:
        notes.append(f"{found.unread} batches of the workflow history can't be read")
    return found


def _reader(place: Place, notes: list[str]) -> LockedReader | None:
    try:
        return LockedReader(StoreAccess.model_validate(place.live("s3")))
    except (CommandError, ValidationError) as error:
        notes.append(f"no way to the evidence store: {str(error)[:200]}")
        return None


def _statements(
    service: Service, incident: str, entries: Iterable[Mapping[str, Any]], reader: LockedReader | None
) -> dict[str, str]:
    """Return statements by the digest the entries name them by, from the console or locked storage."""
    named = {digest for entry in entries if (digest := (entry.get("digests") or {}).get("statement"))}
    stored = _lines(reader, f"statements/{incident}/")
    found: dict[str, str] = {}
    for digest in sorted(named):
        line = stored.get(f"statements/{incident}/{digest}.json")
        found[digest] = (
            line
            if line is not None
            else _asked(service, f"/v1/incidents/{quote(incident)}/statements/{digest}")
        )
    return {digest: line for digest, line in found.items() if line}


def _directories(service: Service, entries: Iterable[Mapping[str, Any]]) -> dict[str, str]:
    named = {digest for entry in entries if (digest := (entry.get("digests") or {}).get("directory"))}
    found = {digest: _asked(service, f"/v1/directories/{digest}") for digest in sorted(named)}
    return {digest: line for digest, line in found.items() if line}


def _asked(service: Service, path: str) -> str:
    """Return the line of what the console has under `path`, or nothing if it has nothing there."""
    try:
        return line_of(service.get(path))
    except CommandError as error:
        if error.code is Exit.UNREACHABLE:
            raise
        return ""


def _lines(reader: LockedReader | None, prefix: str) -> dict[str, str]:
    if reader is None:
        return {}
    try:
        return dict(reader.lines(prefix))
    except EvidenceStoreError as error:
        raise CommandError(str(error), Exit.UNREACHABLE) from error


def _head(detail: Mapping[str, Any]) -> Head | None:
    """Return the head the register shows, wherever the console puts it."""
    heads = detail.get("heads")
    given = heads.get("response") if isinstance(heads, Mapping) else detail.get("head")
    try:
        return Head.model_validate(given)
    except ValidationError:
        return None
