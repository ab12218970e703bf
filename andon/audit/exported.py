"""What an auditor is handed of one incident, byte for byte, whether from a bundle or a live system.

Entries, statements, questions, manifests and directories are kept as the text they were stored
as, since a digest covers bytes, not the value a reader makes of them.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import TypeVar

import rfc8785
from pydantic import BaseModel, ValidationError

from andon.audit.texts import first_problem, json_of
from andon.domain.decision import DecisionRequest
from andon.domain.directory import Directory
from andon.domain.errors import InvalidInputError
from andon.domain.evidence import Manifest
from andon.domain.ledger import Entry, Head
from andon.domain.review import Review
from andon.domain.signing import Envelope
from andon.domain.values import IncidentId, Sha256Hex, canonical, sha256

_Model = TypeVar("_Model", bound=BaseModel)


@dataclass(frozen=True)
class Sealing:
    """What a checkpoint says of this incident, as it was handed over."""

    note: bytes
    proof: bytes
    stamp: bytes | None = None


@dataclass(frozen=True)
class Exported:
    """One incident as it was exported."""

    incident: IncidentId
    entries: tuple[str, ...]
    """The response chain, one RFC 8785 line an entry."""

    access: tuple[str, ...] = ()
    """The access chain: who looked, exported, held, erased."""

    statements: Mapping[Sha256Hex, str] = field(default_factory=dict)
    requests: Mapping[Sha256Hex, str] = field(default_factory=dict)
    """Questions as they were put."""

    directories: Mapping[Sha256Hex, str] = field(default_factory=dict)
    """Directories that answers were judged against."""

    policies: Mapping[Sha256Hex, str] = field(default_factory=dict)
    reviews: Mapping[Sha256Hex, str] = field(default_factory=dict)
    """Post-incident reviews that answers were given for."""

    manifests: Iterable[str] = ()
    """Evidence manifests by snapshot. May be read from the disk anew each time it is gone through."""

    heads: Mapping[str, Head] = field(default_factory=dict)
    """Where a head of the response chain is known from -> that head."""

    access_head: Head | None = None
    sealing: Sealing | None = None


@dataclass(frozen=True)
class Unreadable:
    """A line that is not what it should be."""

    where: str
    problem: str


@dataclass
class Opened:
    """An incident read into models; what could not be read is listed and left out."""

    exported: Exported
    lines: int = 0
    entries: list[Entry] = field(default_factory=list)
    access: list[Entry] = field(default_factory=list)
    statements: dict[Sha256Hex, Envelope] = field(default_factory=dict)
    requests: dict[Sha256Hex, DecisionRequest] = field(default_factory=dict)
    directories: dict[Sha256Hex, Directory] = field(default_factory=dict)
    reviews: dict[Sha256Hex, Review] = field(default_factory=dict)
    unreadable: list[Unreadable] = field(default_factory=list)

    @property
    def incident(self) -> IncidentId:
        """Return whose ledger this is."""
        return self.exported.incident

    def manifests(self) -> Iterator[tuple[Sha256Hex, Manifest | Unreadable]]:
        """Yield each manifest with the digest of its bytes, one at a time: they may be large."""
        for number, line in enumerate(self.exported.manifests, start=1):
            digest = sha256(line.encode("utf-8", "surrogatepass"))
            try:
                yield digest, Manifest.model_validate_json(line)
            except ValidationError as error:
                yield digest, Unreadable(f"manifest {number}", f"can't be read: {first_problem(error)}")


def open_exported(exported: Exported) -> Opened:
    """Read every line into its model; a line that is not its own canonical form is listed."""
    opened = Opened(exported)
    opened.entries = _each(opened, "entry", exported.entries)
    opened.access = _each(opened, "access entry", exported.access)
    opened.statements = _by_digest(opened, "statement", exported.statements, Envelope)
    opened.requests = _by_digest(opened, "question", exported.requests, DecisionRequest)
    opened.directories = _by_digest(opened, "directory", exported.directories, Directory)
    opened.reviews = _by_digest(opened, "review", exported.reviews, Review)
    for digest, text in exported.policies.items():
        opened.lines += 1
        _same_digest(opened, f"policy {digest[:16]}", text, digest)
    return opened


def _each(opened: Opened, what: str, lines: Iterable[str]) -> list[Entry]:
    read = [_read(opened, f"{what} {number}", line, Entry) for number, line in enumerate(lines)]
    return [one for one in read if one is not None]


def _by_digest(
    opened: Opened, what: str, lines: Mapping[Sha256Hex, str], model: type[_Model]
) -> dict[Sha256Hex, _Model]:
    found: dict[Sha256Hex, _Model] = {}
    for digest, line in lines.items():
        where = f"{what} {digest[:16]}"
        same = _same_digest(opened, where, line, digest)
        one = _read(opened, where, line, model)
        if one is not None and same:
            found[digest] = one
    return found


def _same_digest(opened: Opened, where: str, text: str, digest: Sha256Hex) -> bool:
    actual = sha256(text.encode("utf-8", "surrogatepass"))
    if actual != digest:
        opened.unreadable.append(Unreadable(where, f"its SHA-256 is {actual[:16]}: it was altered"))
    return actual == digest


def _read(opened: Opened, where: str, line: str, model: type[_Model]) -> _Model | None:
    opened.lines += 1
    try:
        one = model.model_validate(json_of(line))
        if canonical(one).decode() != line:
            # An unknown field, another order or another spelling: the digest would not cover it.
            opened.unreadable.append(Unreadable(where, "is not in its canonical form, or carries more"))
    except ValidationError as error:
        opened.unreadable.append(Unreadable(where, f"can't be read: {first_problem(error)}"))
    except (ValueError, RecursionError, InvalidInputError, rfc8785.CanonicalizationError) as error:
        opened.unreadable.append(Unreadable(where, f"can't be read: {error}"))
    else:
        return one
    return None
