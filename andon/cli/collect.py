"""Gathering an audit set from a live system: console, workflow history and locked storage."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import islice
from typing import Any
from urllib.parse import quote

from pydantic import ValidationError
from temporalio.client import WorkflowHistory

from andon.audit.auditset import AuditSet, Trust, checked_trust, line_of
from andon.audit.chain import REGISTER, LockedCopies
from andon.audit.locked import LockedReader, StoreAccess
from andon.audit.recorded import Recorded, recorded_in
from andon.audit.replay import histories
from andon.cli import screen
from andon.cli.incidents import incident_of, rows_of
from andon.cli.ledger import pages
from andon.cli.outcome import CommandError, Exit
from andon.cli.place import Place
from andon.cli.service import Service, console
from andon.domain.errors import EvidenceStoreError, NotFoundError
from andon.domain.ledger import Head
from andon.domain.values import canonical


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
    # The oldest view first: what is read later can only be longer.
    recorded = _recorded(place, incident, notes)
    with console(place) as service:
        detail = incident_of(service, incident)
        heads = _heads(detail)
        length = heads[REGISTER].length if REGISTER in heads else None
        entries = list(islice(pages(service, incident), length))
        trust = checked_trust(service.get("/v1/trust"), "the console's list of keys")
        preserved = service.get(f"/v1/incidents/{quote(incident)}/evidence")
        statements = _statements(service, incident, entries)
        directories = _directories(service, incident, notes)
    if recorded.head is not None:
        heads["history"] = recorded.head
    requests = {str(one["digest"]): line_of(one["request"]) for one in detail.get("decisions") or []}
    audit = AuditSet(
        incident=incident,
        exported_at=datetime.now(UTC),
        entries=tuple(line_of(entry) for entry in entries),
        statements=statements,
        requests={digest: canonical(one).decode() for digest, one in recorded.requests.items()} | requests,
        directories=directories,
        manifests=tuple(line_of(one) for one in rows_of(preserved, "manifests")),
        heads=heads,
    )
    return Gathered(audit, trust, _locked(place, incident, notes) if objects else None, notes)


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


def _locked(place: Place, incident: str, notes: list[str]) -> LockedCopies | None:
    try:
        return LockedReader(StoreAccess.model_validate(place.live("s3"))).copies(incident)
    except (CommandError, ValidationError) as error:
        notes.append(f"no way to the evidence store: {str(error)[:200]}")
        return None
    except EvidenceStoreError as error:
        raise CommandError(str(error), Exit.UNREACHABLE) from error


def _statements(service: Service, incident: str, entries: Iterable[Mapping[str, Any]]) -> dict[str, str]:
    """Return the statements the entries name, by digest; one that is not there is left out."""
    named = {digest for entry in entries if (digest := (entry.get("digests") or {}).get("statement"))}
    found: dict[str, str] = {}
    for digest in sorted(named):
        try:
            found[digest] = line_of(service.get(f"/v1/incidents/{quote(incident)}/statements/{digest}"))
        except CommandError as error:
            if error.code is not Exit.BAD_INPUT:
                raise
    return found


def _directories(service: Service, incident: str, notes: list[str]) -> dict[str, str]:
    try:
        answer = service.get(f"/v1/incidents/{quote(incident)}/directories")
    except CommandError as error:
        if error.code is Exit.UNREACHABLE:
            raise
        notes.append(f"no directories: {error.message}")
        return {}
    return {digest: line_of(directory) for digest, directory in answer.items()}


def _heads(detail: Mapping[str, Any]) -> dict[str, Head]:
    """Return the chain's ends as the register and the incident's last view know them."""
    given = detail.get("heads") or {}
    found = {REGISTER: given.get("response"), "workflow": given.get("workflow")}
    return {name: Head.model_validate(head) for name, head in found.items() if head}
