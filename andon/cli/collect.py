"""Gathering an incident from a live system: console, workflow histories and locked storage."""

from __future__ import annotations

import asyncio
import base64
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from itertools import islice
from typing import Any, Final

from pydantic import ValidationError
from temporalio.client import WorkflowHistory

from andon.audit.archived import Archived, read_archive
from andon.audit.chain import REGISTER, LockedCopies
from andon.audit.exported import Exported, Sealing
from andon.audit.locked import LockedReader, Shelf, StoreAccess
from andon.audit.recorded import recorded_in
from andon.audit.replay import histories
from andon.audit.reviews import reviews_named
from andon.audit.texts import line_of
from andon.audit.trust import Keys, Trust
from andon.audit.verify import Beside
from andon.cli import screen
from andon.cli.incidents import incident_of, rows_of
from andon.cli.ledger import pages
from andon.cli.outcome import CommandError, Exit
from andon.cli.place import Place
from andon.cli.service import Service, console
from andon.cli.words import segment
from andon.domain.archive import archives_under
from andon.domain.errors import EvidenceStoreError, InvalidInputError, NotFoundError
from andon.domain.ledger import Chain, Head
from andon.domain.values import canonical

READ_AT_MOST: Final = 3
"""How often console and storage are read, where one has moved on in between."""


@dataclass
class Gathered:
    """An incident, and the keys the server says are its own."""

    exported: Exported
    keys: Keys
    histories: tuple[WorkflowHistory, ...] = ()
    locked: LockedCopies | None = None
    file: str | None = None
    notes: list[str] = field(default_factory=list)
    log: tuple[str, ...] = ()
    witnesses: tuple[str, ...] = ()

    def trust(self) -> Trust:
        """Return the server's own keys as a trust file says them."""
        return Trust(attestation=self.keys, log=self.log, witnesses=self.witnesses)

    def beside(self, pinned: bytes | None) -> Beside:
        """Return what the verifier holds the incident against."""
        runs = self.histories
        return Beside(
            locked=self.locked,
            file=self.file,
            histories=(lambda: runs) if runs else None,
            pinned=pinned,
        )


def gather(place: Place, incident: str, *, shelf: Shelf | None = None, since: int | None = None) -> Gathered:
    """Gather everything there is on an incident.

    Args:
        place: a live Andon.
        incident: its id.
        shelf: where the bytes of evidence go as they are read; None: they are hashed and let go.
        since: size of a checkpoint that the auditor holds.

    Raises:
        CommandError: the console can't be reached, or refuses.
    """
    notes: list[str] = []
    # The oldest view first: what is read later can only be longer.
    runs = _histories(place, incident, notes)
    recorded = recorded_in(runs, incident)
    if recorded.unread:
        notes.append(f"{recorded.unread} batches of the workflow history can't be read")
    with console(place) as service:
        detail, found, locked = _at_rest(place, service, incident, shelf=shelf, since=since, notes=notes)
        keys: Keys = service.get("/v1/trust")
        signed = _signed(service, notes)
        file = _file(service, incident, detail)
    questions = {digest: canonical(one).decode() for digest, one in recorded.requests.items()}
    heads = dict(found.heads) | ({"history": recorded.head} if recorded.head is not None else {})
    exported = Exported(
        incident=incident,
        entries=found.entries,
        access=found.access,
        statements=found.statements,
        requests=questions | dict(found.requests),
        directories=found.directories,
        policies=found.policies,
        reviews=found.reviews,
        manifests=found.manifests,
        heads=heads,
        access_head=found.access_head,
        sealing=found.sealing,
    )
    log, witnesses = (tuple(key for key in (signed.get(name),) if key) for name in ("key", "witness_key"))
    return Gathered(exported, keys, tuple(runs), locked, file, notes, log, witnesses)


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


def fetch_archived(place: Place, incident: str) -> Archived:
    """Return the newest archive of an incident's histories, each held against its digest.

    Raises:
        CommandError: there is none, it does not hold, or the evidence store can't be reached.
    """
    try:
        reader = LockedReader(StoreAccess.model_validate(place.live("s3")))
        return read_archive(incident, reader.keys(archives_under(incident)), reader.must_read)
    except (NotFoundError, InvalidInputError, ValidationError) as error:
        raise CommandError(
            f"no archive can be used: {screen.inert(str(error)[:300])}", Exit.BAD_INPUT
        ) from error
    except EvidenceStoreError as error:
        raise CommandError(str(error), Exit.UNREACHABLE) from error


def _histories(place: Place, incident: str, notes: list[str]) -> list[WorkflowHistory]:
    try:
        return fetch_histories(place, incident)
    except CommandError as error:
        away = error.message
    try:
        found = fetch_archived(place, incident)
    except CommandError:
        notes.append(f"no workflow history, so questions can't be judged again: {away}")
        return []
    notes.append(f"the histories are those of {found.key}: {away}")
    return list(found.histories)


def _at_rest(
    place: Place,
    service: Service,
    incident: str,
    *,
    shelf: Shelf | None,
    since: int | None,
    notes: list[str],
) -> tuple[Mapping[str, Any], Exported, LockedCopies | None]:
    """Return what the console gives of an incident, and what locked storage holds of it.

    The two are read one after the other. What comes in between stands in locked storage alone, as if it had
    been withheld; then both are read again.
    """
    said: list[str] = []
    for _ in range(READ_AT_MOST):
        said.clear()
        detail = incident_of(service, incident)
        found = _texts(service, incident, detail, since, said)
        locked = _locked(place, incident, shelf, said)
        if locked is None or not _ahead(locked, found):
            break
    notes.extend(said)
    return detail, found, locked


def _ahead(locked: LockedCopies, found: Exported) -> bool:
    chains = ((Chain.RESPONSE, found.entries), (Chain.ACCESS, found.access))
    return any(locked.ahead_of(found.incident, chain, len(lines)) for chain, lines in chains)


def _texts(
    service: Service, incident: str, detail: Mapping[str, Any], since: int | None, notes: list[str]
) -> Exported:
    """Return what the console gives of an incident."""
    path = f"/v1/incidents/{segment(incident)}"
    heads = _heads(detail)
    length = heads[REGISTER].length if REGISTER in heads else None
    entries = list(islice(pages(service, incident), length))
    access, access_head = _access(service, path)
    questions = detail.get("decisions") or []
    policies = {str(one["request"]["policy"]) for one in questions}
    statements = _statements(service, path, (*entries, *map(json.loads, access)))
    return Exported(
        incident=incident,
        entries=tuple(line_of(entry) for entry in entries),
        access=access,
        statements=statements,
        requests={str(one["digest"]): line_of(one["request"]) for one in questions},
        directories=_optional(service, f"{path}/directories", "directories", notes),
        policies=_each(service, "/v1/policies/{}", policies),
        reviews=_each(service, "/v1/policies/{}", reviews_named(statements.values(), questions)),
        manifests=tuple(line_of(one) for one in rows_of(service.get(f"{path}/evidence"), "manifests")),
        heads=heads,
        access_head=access_head,
        sealing=_sealing(service, path, since, notes),
    )


def _locked(place: Place, incident: str, shelf: Shelf | None, notes: list[str]) -> LockedCopies | None:
    try:
        return LockedReader(StoreAccess.model_validate(place.live("s3"))).copies(incident, shelf)
    except (CommandError, ValidationError) as error:
        notes.append(f"no way to the evidence store: {str(error)[:200]}")
        return None
    except EvidenceStoreError as error:
        raise CommandError(str(error), Exit.UNREACHABLE) from error


def _access(service: Service, path: str) -> tuple[tuple[str, ...], Head | None]:
    """Return the access chain, up to where it ended when it was asked for first."""
    lines: list[str] = []
    head: Head | None = None
    while True:
        page = service.get(f"{path}/ledger", chain="access", after=len(lines) - 1 if lines else None)
        if head is None:
            given = page.get("head")
            head = Head.model_validate(given) if given else None
        lines += [line_of(one) for one in rows_of(page, "entries")]
        most = head.length if head is not None else len(lines)
        if page.get("next") is None or len(lines) >= most:
            return tuple(lines[:most]), head


def _statements(service: Service, path: str, entries: Iterable[Mapping[str, Any]]) -> dict[str, str]:
    """Return the statements the entries name, by digest; one that is not there is left out."""
    named = {str(digest) for one in entries if (digest := (one.get("digests") or {}).get("statement"))}
    return _each(service, path + "/statements/{}", named)


def _each(service: Service, path: str, digests: Iterable[str]) -> dict[str, str]:
    found: dict[str, str] = {}
    for digest in sorted(digests):
        try:
            found[digest] = line_of(service.get(path.format(segment(digest))))
        except CommandError as error:
            if error.code is not Exit.BAD_INPUT:
                raise
    return found


def _optional(service: Service, path: str, what: str, notes: list[str]) -> dict[str, str]:
    try:
        answer = service.get(path)
    except CommandError as error:
        if error.code is Exit.UNREACHABLE:
            raise
        notes.append(f"no {what}: {error.message}")
        return {}
    return {digest: line_of(one) for digest, one in answer.items()}


def _sealing(service: Service, path: str, since: int | None, notes: list[str]) -> Sealing | None:
    try:
        found = service.get(f"{path}/checkpoint", since=since)
    except CommandError as error:
        if error.code is Exit.UNREACHABLE:
            raise
        notes.append(f"no checkpoint: {error.message}")
        return None
    proofs = {name: found[name] for name in ("leaves", "consistency")}
    stamp = found.get("stamp")
    return Sealing(
        note=str(found["note"]).encode(),
        proof=line_of(proofs).encode(),
        stamp=base64.b64decode(stamp) if stamp else None,
    )


def _signed(service: Service, notes: list[str]) -> dict[str, Any]:
    """Return what the console tells of the log over all incidents."""
    try:
        found: dict[str, Any] = service.get("/v1/log")
    except CommandError as error:
        if error.code is Exit.UNREACHABLE:
            raise
        notes.append(f"no key of the log: {error.message}")
        return {}
    return found


def _file(service: Service, incident: str, detail: Mapping[str, Any]) -> str | None:
    """Return the incident file, once the incident has written one."""
    if not detail.get("closed_at"):
        return None
    return line_of(service.get(f"/v1/incidents/{segment(incident)}/file"))


def _heads(detail: Mapping[str, Any]) -> dict[str, Head]:
    """Return the chain's ends as the register and the incident's last view know them."""
    given = detail.get("heads") or {}
    found = {REGISTER: given.get("response"), "workflow": given.get("workflow")}
    return {name: Head.model_validate(head) for name, head in found.items() if head}
